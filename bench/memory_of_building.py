"""Does the memory of building a corpus grow with the number of files? 1 000, 10 000 and 100 000 of them, made up.

    python bench/memory_of_building.py [--most 100000]

The files are a few melodies, repeated, each with its number in its first notes so that it is no copy. Prints the
highest resident memory of the building process and of its largest reader, in MB, and files a second.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import finish

MELODIES, NOTES, DIGITS = 20, 100, 8
IN_A_FOLDER = 1000


def midi_file(pitches: np.ndarray) -> bytes:
    """Eighths at 480 ticks a quarter."""
    events = b"".join(bytes([0, 0x90, pitch, 80, 0x81, 0x70, 0x80, pitch, 0]) for pitch in pitches.tolist())
    track = events + b"\x00\xff\x2f\x00"
    return b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk" + len(track).to_bytes(4, "big") + track


def make_files(folder: Path, count: int) -> None:
    """Folders of files; a file's number stands in its first notes, in digits of twelve, after a turn of three."""
    melodies = np.random.default_rng(0).integers(48, 84, (MELODIES, NOTES))
    for number in range(count):
        inside = folder / f"{number // IN_A_FOLDER:04}"
        inside.mkdir(exist_ok=True)
        digits = 60 + number // 12 ** np.arange(DIGITS) % 12
        pitches = np.concatenate([[36, 96, 36], digits, melodies[number % MELODIES]])
        (inside / f"{number:06}.mid").write_bytes(midi_file(pitches))


def build_here(folder: Path, out: Path) -> None:
    """Builds, and prints what it took."""
    from seqgen.workflows.build import build

    began = time.perf_counter()
    corpus = build([folder], out, domain="midi", settings={"encoding": "melody"})
    kept = sum(part["documents"] for part in corpus.manifest["splits"].values())
    of = {"mb": resource.RUSAGE_SELF, "mb_reader": resource.RUSAGE_CHILDREN}
    memory = {name: resource.getrusage(who).ru_maxrss / 1024 for name, who in of.items()}
    print(json.dumps({"kept": kept, **memory, "seconds": time.perf_counter() - began}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=100_000)
    parser.add_argument("--build", type=Path, nargs=2, help="build this folder there (used by the benchmark itself)")
    arguments = parser.parse_args()
    if arguments.build:
        build_here(*arguments.build)
        return
    figures: dict[str, float] = {}
    count = 1000
    while count <= arguments.most:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "files"
            folder.mkdir()
            make_files(folder, count)
            command = [sys.executable, __file__, "--build", str(folder), f"{temporary}/corpus"]
            done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        assert done["kept"] == count
        print(f"{count:7} files: {done['mb']:.0f} MB, a reader {done['mb_reader']:.0f} MB", flush=True)
        figures |= {f"mb_{count}": done["mb"], f"mb_reader_{count}": done["mb_reader"]}
        figures[f"files_per_second_{count}"] = count / done["seconds"]
        count *= 10
    finish(figures)


if __name__ == "__main__":
    main()
