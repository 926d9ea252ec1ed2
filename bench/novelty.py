"""How long does it take to find copied passages in a million notes?

    python bench/novelty.py FOLDER [--encoding score] [--notes 1000000] [--samples 16]

Takes the MIDI files below FOLDER, in random keys over and over until there are so many notes. A sample is 300 tokens of
one of them and 300 more in random order. `seconds` is processor time; `found` is the shortest of the passages found,
which cannot be shorter than what was copied.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from pathlib import Path

import numpy as np
from common import finish
from seqgen_midi.music.piece import Piece

from seqgen import UnusableFile
from seqgen.contract.discovery import load_domain
from seqgen.corpus.storage.documents import Documents
from seqgen.workflows.reports.copied_passages import longest_copied_passages

COPIED = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoding", default="score")
    parser.add_argument("--notes", type=int, default=1_000_000)
    parser.add_argument("--samples", type=int, default=16)
    arguments = parser.parse_args()
    kind = load_domain("midi")
    domain = kind(kind.Settings.from_mapping({"encoding": arguments.encoding}))
    pieces = []
    for path in sorted(arguments.folder.rglob("*.mid")):
        with contextlib.suppress(UnusableFile):
            items = [item for item in domain.read(path) if isinstance(item, Piece)]
            pieces += [(domain.encode(item), len(item)) for item in items]
    if not pieces:
        parser.error(f"{arguments.folder} has no MIDI file that the encoding {arguments.encoding} can hold")
    rng, notes = np.random.default_rng(0), 0
    examples: list[tuple[np.ndarray, np.ndarray]] = []
    while notes < arguments.notes:
        example, count = pieces[len(examples) % len(pieces)]
        examples.append((domain.training.augment(example.ids, rng), example.weights))
        notes += count
    corpus = Documents.from_examples(examples)
    samples = []
    for number in range(arguments.samples):
        ids = pieces[number % len(pieces)][0].ids[1:]
        samples.append(np.concatenate([ids[:COPIED], rng.permutation(ids[COPIED : 2 * COPIED])]))
    began = time.process_time()
    copies = longest_copied_passages(samples, corpus, domain.metrics.copy_symbols)
    seconds = time.process_time() - began
    counted = min(int((domain.metrics.copy_symbols(sample[:COPIED]) >= 0).sum()) for sample in samples)
    finish(
        {
            "seconds": seconds,
            "notes": notes,
            "tokens": corpus.token_count,
            "samples": len(samples),
            "copied": counted,
            "found": min(copy.length for copy in copies),
        }
    )


if __name__ == "__main__":
    main()
