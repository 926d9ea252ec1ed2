"""How often is the estimated key of a piece not the key that its file declares?

    python bench/keys.py [FOLDER …] [--music21] [--limit 100] [--tunes 12]

Compares the profiles of Krumhansl & Kessler (1982), Temperley (2001) and Albrecht & Shanahan (2013), and what the
plugin estimates. A key is right if its tonic and its third are those of the declared key: the plugin knows major and
minor alone. Pieces are halved by the content of their paths. The plugin's numbers were fitted on the first half, so
the second half counts. `--music21` adds scores of music21's corpus. MIDI files that declare C major are left out,
because programs write it where nobody chose a key. Most MIDI files declare the major key of their signature, whatever
their mode, so `signature` counts how often the signature is another one.

Some files declare a key that their notes contradict: the scale of its signature has less than 80 % of the music, or the
other third above its tonic sounds three times as long as its own. `believable` counts the pieces without these.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
from common import finish
from seqgen_midi.io.midi_reader import is_midi, read_midi
from seqgen_midi.io.score_reader import SCORE_ENDINGS, read_scores
from seqgen_midi.music.keys import SCALES, Key, key_of_signature, parse_key
from seqgen_midi.music.piece import Piece

from seqgen import UnusableFile

PATTERNS = ("bach/*.mxl", "ryansMammoth/*.abc", "oneills1850/*.abc", "airdsAirs/*.abc", "essenFolksong/*.abc")
"""Of music21's corpus."""
MIN_SHARE_IN_SCALE, MAX_OTHER_THIRD = 0.8, 3
"""Of the music, for a declared key to be believable."""
MAJOR_MODES = ("maj", "lyd", "mix")
OTHER_PROFILES = {
    "krumhansl_kessler": {
        "maj": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        "min": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    },
    "temperley": {
        "maj": (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0),
        "min": (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0),
    },
    "albrecht_shanahan": {
        "maj": (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        "min": (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    },
}
Estimator = Callable[[Piece], Key]


def by_profile(profiles: Mapping[str, tuple[float, ...]]) -> Estimator:
    """Returns the key whose profile correlates best with how long each pitch class sounds (Krumhansl, 1990)."""

    def estimate(piece: Piece) -> Key:
        keys = [key_of_signature(sharps, mode) for mode in profiles for sharps in range(-5, 7)]
        ticks = piece.pitch_class_ticks()
        fits = [np.corrcoef(ticks, np.roll(profiles[key.mode], key.tonic))[0, 1] for key in keys]
        return keys[int(np.argmax(fits))]

    return estimate


ESTIMATORS: dict[str, Estimator] = {name: by_profile(profiles) for name, profiles in OTHER_PROFILES.items()}
ESTIMATORS["estimated"] = Piece.estimated_key


def pieces(paths: list[Path], tunes: int) -> Iterator[tuple[str, Piece]]:
    """Pieces with a declared key and what identifies each; the same notes in the same key come once.

    tunes: how many of a book are read
    """
    seen: set[tuple[Key, bytes, bytes]] = set()
    for path in paths:
        try:
            found = read_midi(path) if is_midi(path) else read_scores(path)
            for number, piece in enumerate(islice(found, tunes)):
                if not isinstance(piece, Piece) or piece.key is None or np.ptp(piece.pitch_class_ticks()) == 0:
                    continue
                content = piece.key, piece.start.tobytes(), piece.pitch.tobytes()
                if content not in seen and not (is_midi(path) and piece.key == parse_key("Cmaj")):
                    seen.add(content)
                    yield f"{path.name} {number}", piece
        except UnusableFile:
            continue


def is_right(estimated: Key, declared: Key) -> bool:
    """Whether two keys have the same tonic and the same third."""
    thirds = [key.mode in MAJOR_MODES for key in (estimated, declared)]
    return estimated.tonic == declared.tonic and thirds[0] == thirds[1]


def has_signature_of(estimated: Key, declared: Key) -> bool:
    """Whether two keys have the same signature, up to six sharps or flats."""
    return (estimated.sharps - declared.sharps) % 12 == 0


def is_believable(piece: Piece) -> bool:
    """Whether the notes of a piece do not contradict the key that it declares. No estimator is asked."""
    assert piece.key is not None
    ticks = piece.pitch_class_ticks()
    scale = key_of_signature(piece.key.sharps, "maj").pitch_classes
    minor_third, major_third = ticks[(piece.key.tonic + 3) % 12], ticks[(piece.key.tonic + 4) % 12]
    third, other = (major_third, minor_third) if 4 in SCALES[piece.key.mode] else (minor_third, major_third)
    return bool(ticks[list(scale)].sum() >= MIN_SHARE_IN_SCALE * ticks.sum() and other <= MAX_OTHER_THIRD * third)


def spread(paths: list[Path], limit: int) -> list[Path]:
    """At most `limit` paths, spread over all of them."""
    return paths[:: -(-len(paths) // limit)] if paths else []


def music21_scores() -> dict[str, list[Path]]:
    """Scores of music21's corpus by collection."""
    import music21

    corpus = Path(music21.__file__).parent / "corpus"
    return {pattern.partition("/")[0]: sorted(corpus.glob(pattern)) for pattern in PATTERNS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--music21", action="store_true", help="scores of music21's corpus too")
    parser.add_argument("--limit", type=int, default=100, help="files of each folder or collection")
    parser.add_argument("--tunes", type=int, default=12, help="tunes of each book")
    arguments = parser.parse_args()
    collections = {
        folder.name: sorted(path for path in folder.rglob("*") if is_midi(path) or path.suffix in SCORE_ENDINGS)
        for folder in arguments.folders
    }
    if arguments.music21:
        collections |= music21_scores()
    wrong, count = Counter[str](), Counter[str]()
    for name, paths in collections.items():
        for identity, piece in pieces(spread(paths, arguments.limit), arguments.tunes):
            assert piece.key is not None
            half = ("first", "second")[hashlib.sha256(identity.encode()).digest()[0] % 2]
            groups = [half, f"{half}_{name}", *([f"{half}_believable"] if is_believable(piece) else [])]
            count.update(groups)
            for estimator, estimate in ESTIMATORS.items():
                key = estimate(piece)
                if not is_right(key, piece.key):
                    wrong.update(f"{group}_wrong_{estimator}" for group in groups)
                if not has_signature_of(key, piece.key):
                    wrong.update(f"{group}_wrong_signature_{estimator}" for group in groups)
    finish({**dict(sorted(count.items())), **dict(sorted(wrong.items()))})


if __name__ == "__main__":
    main()
