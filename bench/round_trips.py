"""Does every note come back? decode(encode(x)) beside x, the piece as quantised, for each encoding over real files.

    python bench/round_trips.py FOLDER… [--tunes 100]

Reads the MIDI files below the folders, and about that many scores of music21's corpus for each encoding; what it
refuses does not count. `lost` and `invented` compare notes (start, duration, pitch, velocity, who plays).
`quantised_away` are notes of MIDI files that quantising drops, and `moved_most` is by how much it moves the beginning
of one, in steps of the grid or of 10 ms: none and half a step where all notes belong to the encoding, as in these two.
"""

from __future__ import annotations

import argparse
import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from common import finish

from seqgen import Remark, UnusableFile
from seqgen.contract.discovery import load_domain

TUNES = ("ryansMammoth/*.abc", "oneills1850/*.abc")
PATTERNS = {
    "chorale": ("bach/*.mxl",),
    "melody": TUNES,
    "drums": (),
    "score": ("bach/*.mxl", *TUNES),
    "performance": TUNES,
}
"""Of files in music21's corpus, by encoding."""


def tunes(encoding: str, count: int) -> list[Path]:
    """Scores of music21's corpus that suit an encoding: chorales, and tunes of one voice."""
    import music21

    corpus = Path(music21.__file__).parent / "corpus"
    found = [path for pattern in PATTERNS[encoding] for path in sorted(corpus.glob(pattern))]
    return found[:: max(1, len(found) // count)]


def items(domain: Any, path: Path) -> Iterator[Any]:
    """Yields what a file holds that the encoding can hold."""
    with contextlib.suppress(UnusableFile):
        for item in domain.read(path):
            if isinstance(item, Remark):
                continue
            with contextlib.suppress(UnusableFile):
                domain.encode(item)
                yield item


def notes(domain: Any, item: Any) -> Counter[Any]:
    """Returns the notes of an item with who plays them, counted."""
    who = [(track.program, track.is_drums, track.part) for track in item.tracks]
    columns = (column.tolist() for column in item.notes)
    return Counter((*note, who[track]) for *note, track in zip(*columns, strict=True))


def quantising(domain: Any, path: Path) -> tuple[int, float]:
    """Returns how many notes quantising drops, and how far it moves a beginning, in steps of the encoding."""
    from seqgen_midi.io.midi_reader import read_midi
    from seqgen_midi.music.piece import Piece

    raw = next(result for result in read_midi(path) if isinstance(result, Piece))
    done = domain.encoding.quantise(raw)
    if domain.settings.encoding == "performance":
        played, step = ~raw.is_drum, 0.01
        exact = raw.seconds(raw.start[played]) / step
    else:
        exact = raw.start * (done.resolution / raw.resolution)
    return len(exact) - len(done), float(np.abs(np.sort(exact) - np.sort(done.start)).max()) if len(exact) else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--tunes", type=int, default=100)
    arguments = parser.parse_args()
    midi = sorted(path for folder in arguments.folders for path in folder.rglob("*.mid"))
    figures: dict[str, Any] = {}
    for name in PATTERNS:
        kind = load_domain("midi")
        domain = kind(kind.Settings.from_mapping({"encoding": name}))
        total: Counter[str] = Counter()
        moved = 0.0
        for path in [*midi, *tunes(name, arguments.tunes)]:
            for item in items(domain, path):
                before = notes(domain, item)
                after = notes(domain, domain.decode(domain.encode(item).ids))
                total += Counter(pieces=1, notes=before.total())
                total += Counter(lost=(before - after).total(), invented=(after - before).total())
                if name in ("score", "performance") and path in midi:
                    dropped, most = quantising(domain, path)
                    total["quantised_away"] += dropped
                    moved = max(moved, most)
        figures |= {f"{name}_{key}": total[key] for key in ("pieces", "notes", "lost", "invented")}
        if name in ("score", "performance"):
            figures |= {f"{name}_quantised_away": total["quantised_away"], f"{name}_moved_most": moved}
        print(name, dict(total), f"moved {moved:.3f}", flush=True)
    finish({**figures, "lost": sum(figures[f"{name}_lost"] for name in PATTERNS),
            "invented": sum(figures[f"{name}_invented"] for name in PATTERNS)})  # fmt: skip


if __name__ == "__main__":
    main()
