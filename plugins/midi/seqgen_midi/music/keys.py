"""Keys: their names and scales, the spelling of pitches in a key, and the key that a piece seems to have."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

LETTERS = "FCGDAEB"
"""The letters along the line of fifths; C is at position 0."""
SCALES = {
    "maj": (0, 2, 4, 5, 7, 9, 11),
    "min": (0, 2, 3, 5, 7, 8, 9, 10, 11),
    "dor": (0, 2, 3, 5, 7, 9, 10),
    "phr": (0, 1, 3, 5, 7, 8, 10),
    "lyd": (0, 2, 4, 6, 7, 9, 11),
    "mix": (0, 2, 4, 5, 7, 9, 10),
    "loc": (0, 1, 3, 5, 6, 8, 10),
}
"""The semitones above the tonic of each mode; minor has the raised sixth and seventh as well."""
FIFTHS_ABOVE_MAJOR = {"maj": 0, "min": 3, "dor": 2, "phr": 4, "lyd": -1, "mix": 1, "loc": 5}
"""The fifths from the tonic of the major key with the same signature to the tonic of each mode."""
NAME = re.compile(rf"([A-G])([#b]?)({'|'.join(SCALES)})")
PROFILES = {
    "maj": (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    "min": (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
}
"""The share of each semitone above the tonic in music in major and in minor (Albrecht & Shanahan, 2013)."""
FINAL_BONUS, MINOR_PENALTY = 0.14, 0.13
"""What a key gains where the music ends on its tonic, and what a minor key loses, in units of correlation.

Both are fitted by maximum likelihood on one half of the scores of `bench/keys.py`.
"""
RARE_MODE_PENALTY, PICARDY_PENALTY = 0.05, 0.1
"""The share of the music that another mode than major and minor must have beyond them, and minor that ends in major."""


@dataclass(frozen=True)
class Key:
    """A key.

    fifths: the position of the tonic on the line of fifths; C is 0, G is 1, F is −1
    mode:   one of SCALES
    """

    fifths: int
    mode: str

    @property
    def tonic(self) -> int:
        """The pitch class of the tonic; C is 0."""
        return 7 * self.fifths % 12

    @property
    def sharps(self) -> int:
        """The number of sharps in the key signature; flats count negative."""
        return self.fifths - FIFTHS_ABOVE_MAJOR[self.mode]

    @property
    def letter_and_alteration(self) -> tuple[str, int]:
        """The letter of the tonic and its alteration in semitones."""
        return LETTERS[(self.fifths + 1) % 7], (self.fifths + 1) // 7

    @property
    def name(self) -> str:
        """The name that `parse_key` takes."""
        letter, alteration = self.letter_and_alteration
        return letter + "#" * alteration + "b" * -alteration + self.mode

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The pitch classes of the scale."""
        return frozenset((self.tonic + step) % 12 for step in SCALES[self.mode])

    @property
    def tonic_triad(self) -> tuple[int, int, int]:
        """The pitch classes of the root, the third and the fifth of the chord on the tonic."""
        scale = SCALES[self.mode]
        third, fifth = 4 if 4 in scale else 3, 7 if 7 in scale else 6
        return self.tonic, (self.tonic + third) % 12, (self.tonic + fifth) % 12

    @property
    def final_triads(self) -> tuple[tuple[int, int, int], ...]:
        """The triads that a piece ends with: the one on the tonic, and in minor the major one too (Picardy third)."""
        root = self.tonic
        if 4 in SCALES[self.mode]:
            return (self.tonic_triad,)
        return self.tonic_triad, (root, (root + 4) % 12, (root + 7) % 12)

    def spell(self, pitch: int) -> tuple[str, int]:
        """Returns the letter of a MIDI pitch in this key, and its alteration in semitones.

        The name is the one that lies from three fifths below to eight fifths above the major tonic of the signature.
        These are the scale, the usual flattened notes, and the leading notes of minor.
        """
        lowest = self.sharps - 3
        position = lowest + (7 * pitch - lowest) % 12
        return LETTERS[(position + 1) % 7], (position + 1) // 7


def parse_key(name: str) -> Key:
    """Returns the key of a name such as Cmaj, Amin, F#min, Bbmaj or Ddor. Raises ValueError for any other name."""
    match = NAME.fullmatch(name)
    if match is None:
        raise ValueError("a key is a tonic and a mode, such as Cmaj, Amin, F#min, Bbmaj or Ddor")
    letter, accidental, mode = match.groups()
    return Key(LETTERS.index(letter) - 1 + {"": 0, "#": 7, "b": -7}[accidental], mode)


def key_of_signature(sharps: int, mode: str) -> Key:
    """Returns the key of a mode with so many sharps in its signature; flats count negative."""
    return Key(sharps + FIFTHS_ABOVE_MAJOR[mode], mode)


def estimate_key(weights: np.ndarray, final: int | None = None) -> Key:
    """Returns the major or minor key that fits best (Krumhansl, 1990, with the profiles and the final above).

    A key fits as its profile correlates with weights[12], how long each pitch class sounds. `final` is the pitch class
    of the lowest voice at the end. The key has at most five flats or six sharps. Silence is in C major.
    """
    if np.ptp(weights) == 0:
        return Key(0, "maj")
    deviations = weights - np.mean(weights)
    correlations = _UNIT_PROFILES @ (deviations / np.linalg.norm(deviations))
    bonus = [FINAL_BONUS * (key.tonic == final) - MINOR_PENALTY * (key.mode == "min") for key in COMMON_KEYS]
    return COMMON_KEYS[int(np.argmax(correlations + bonus))]


COMMON_KEYS = tuple(Key(sharps + FIFTHS_ABOVE_MAJOR[mode], mode) for mode in ("maj", "min") for sharps in range(-5, 7))
"""The major and minor keys with at most five flats or six sharps."""


def _unit_profile(key: Key) -> np.ndarray:
    """Returns the profile of a key by pitch class, with mean 0 and norm 1.

    Its product with such a vector is their correlation.
    """
    deviations = np.roll(PROFILES[key.mode], key.tonic) - np.mean(PROFILES[key.mode])
    return np.asarray(deviations / np.linalg.norm(deviations))


_UNIT_PROFILES = np.array([_unit_profile(key) for key in COMMON_KEYS])


def key_of_ending(weights: np.ndarray, root: int, third: int) -> Key:
    """Returns the key of music that ends with a triad on its tonic.

    weights:     float[12], how long each pitch class sounds
    root, third: the pitch class of the root of the last chord, and the semitones from it to the third

    The mode is the one whose scale has most of the music. Major and minor come before other modes, and music in minor
    may end with a major triad (the Picardy third). The key has at most five flats or six sharps.
    """
    best, best_fit = "maj", -np.inf
    for mode, scale in SCALES.items():
        if third not in scale and mode != "min":
            continue
        share = weights[[(root + step) % 12 for step in scale]].sum() / max(weights.sum(), 1)
        fit = share - RARE_MODE_PENALTY * (mode not in PROFILES) - PICARDY_PENALTY * (third not in scale)
        if fit > best_fit:
            best, best_fit = mode, fit
    keys = [Key(sharps + FIFTHS_ABOVE_MAJOR[best], best) for sharps in range(-5, 7)]
    return next(key for key in keys if key.tonic == root)
