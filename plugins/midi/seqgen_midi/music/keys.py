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
    "maj": (7.2, -7.1, -2.6, -4.6, 4.5, -2.0, -12.7, 7.1, -8.0, -2.5, -8.4, -1.2),
    "min": (16.2, -2.1, 6.3, 4.4, -7.8, 6.0, -5.8, 13.7, 0.3, -3.9, 5.8, -2.8),
}
"""What each semitone above the tonic says for a key, by the square root of its share of the music."""
FINALS = {
    "maj": (3.3, -0.5, 0.6, -0.5, -0.5, 1.4, -1.8, 1.0, -0.3, 0.4, -1.4, -2.2),
    "min": (1.7, -1.0, -0.8, 0.8, -0.7, 0.5, -0.2, -0.1, -2.4, 0.6, 1.1, 1.1),
}
"""What each semitone above the tonic says for a key, if the music ends on it."""
MODE_BIASES = {"maj": 0.0, "min": -16.4}
"""What a mode has before anything is heard.

All three are in nats and belong to one log-linear model. It was fitted by maximum likelihood on 999 scores, the first
half of those of `bench/keys.py --music21 --limit 300 --tunes 30`, so that major and minor count alike.
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
    """Returns the most probable major or minor key, by a log-linear model over the 24 keys.

    weights: float[12], how long each pitch class sounds
    final:   the pitch class that the music ends on; None if it is not known

    The key has at most five flats or six sharps. Silence is in C major.
    """
    if np.ptp(weights) == 0:
        return Key(0, "maj")
    logits = _PROFILES_BY_KEY @ np.sqrt(weights / weights.sum()) + _BIASES_BY_KEY
    if final is not None:
        logits += _FINALS_BY_KEY[:, final]
    return COMMON_KEYS[int(np.argmax(logits))]


COMMON_KEYS = tuple(Key(sharps + FIFTHS_ABOVE_MAJOR[mode], mode) for mode in ("maj", "min") for sharps in range(-5, 7))
"""The major and minor keys with at most five flats or six sharps."""


_PROFILES_BY_KEY, _FINALS_BY_KEY = (
    np.array([np.roll(profiles[key.mode], key.tonic) for key in COMMON_KEYS]) for profiles in (PROFILES, FINALS)
)
_BIASES_BY_KEY = np.array([MODE_BIASES[key.mode] for key in COMMON_KEYS])


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
