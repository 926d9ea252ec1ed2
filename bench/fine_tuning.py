"""Does a small collection learn faster from the model in the box than anew? Nats a note on held-out pieces.

    python bench/fine_tuning.py [--minutes 1 2 5] [--pieces 20] [--seed 0]

The pieces are movements of masses by Palestrina in four voices, of music21's corpus. The model in the box has read
nothing but Bach. Their bars of 4/2 are read as two bars of 2/2, because chorales have no 4/2. So many pieces are for
training, half as many choose the best step, and half as many are the test. It takes 18 minutes as it is: each number of
minutes twice, and two minutes to read the files.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from common import finish
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io.score_reader import read_scores
from seqgen_midi.music.piece import Piece

import seqgen
from seqgen.workflows.trained_model import TrainedModel

MODEL = "bach-chorales"
METER = (0, 2, 2)
"""From the beginning on, two halves a bar."""
FILES_BETWEEN = 7
"""Every seventh file is read, so that the pieces come from many masses."""


def pieces(domain: MidiDomain) -> Iterator[Piece]:
    """Yields the movements that the encoding of chorales can hold."""
    import music21

    files = sorted((Path(music21.__file__).parent / "corpus" / "palestrina").glob("*.krn"))
    for path in files[::FILES_BETWEEN]:
        try:
            for piece in read_scores(path):
                if not isinstance(piece, Piece):
                    continue
                in_halves = domain.encoding.quantise(replace(piece, meters=np.array([METER], piece.meters.dtype)))
                domain.encode(in_halves)
                yield in_halves
        except seqgen.UnusableFile:
            continue


def write_splits(domain: MidiDomain, folder: Path, count: int) -> dict[str, Path]:
    """Writes `count` pieces for training, and half as many for validation and for the test. Returns their folders."""
    found = pieces(domain)
    splits = {"train": count, "valid": count // 2, "test": count // 2}
    for split, size in splits.items():
        (folder / split).mkdir()
        for number in range(size):
            domain.write(next(found), folder / split / f"{number:02}")
    return {split: folder / split for split in splits}


def nats_a_note(model: TrainedModel, folder: Path) -> float:
    """Returns the mean negative log-likelihood of the files of a folder."""
    scores = [score for path in sorted(folder.iterdir()) for score in model.score(path)]
    return float(sum(score.nats.sum() for score in scores) / sum(score.tokens for score in scores))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 2.0, 5.0])
    parser.add_argument("--pieces", type=int, default=20, help="for training")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    box = seqgen.load(MODEL)
    assert isinstance(box.domain, MidiDomain)
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        splits = write_splits(box.domain, Path(folder), arguments.pieces)
        figures["test_nats_of_the_box"] = nats_a_note(box, splits["test"])
        for minutes in arguments.minutes:
            for name, init_from in (("from_the_box", MODEL), ("anew", None)):
                trained = seqgen.train(
                    [splits["train"]], Path(folder) / f"{name}-{minutes:g}", domain="midi", minutes=minutes,
                    init_from=init_from, valid=[splits["valid"]], settings={"seed": arguments.seed},
                )  # fmt: skip
                figures[f"test_nats_{name}_{minutes:g}"] = nats_a_note(trained, splits["test"])
                print(f"{minutes:g} minutes {name}: {figures[f'test_nats_{name}_{minutes:g}']:.4f}", flush=True)
    finish({**figures, "pieces": arguments.pieces})


if __name__ == "__main__":
    main()
