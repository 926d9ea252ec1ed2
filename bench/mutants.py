"""What becomes of damaged MIDI files? 20 000 mutants of real ones, read and encoded in workers as `build` does it.

    python bench/mutants.py FOLDER [--mutants 20000] [--encoding score] [--seed 0]

A mutant is a file, or the events of one of its tracks, with bytes flipped, the end cut off, a piece of another file put
in, a piece doubled, or numbers overwritten that say how long something is. Each must be usable or refused with a
reason. Prints how many there were of each, how many cost their reader its life or its time, by how much the memory of
the calling process grew after the first tenth, and the slowest file.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from common import finish

from seqgen.contract.discovery import load_domain
from seqgen.corpus.reading.sources import Source
from seqgen.corpus.reading.workers import Limits, WorkerPool

LIMITS = Limits(seconds=20, memory_bytes=2 * 2**30)
EXTREMES = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\xff\xff\xff\x7f")
"""Lengths and times that a program may stumble over; the last is the longest delta time, 2²⁸ − 1 ticks."""
FATAL = ("the reader crashed", f"took longer than {LIMITS.seconds:g} s")


Mutation = Callable[[bytearray, bytes, np.random.Generator], bytearray]


def flipped(data: bytearray, other: bytes, random: np.random.Generator) -> bytearray:
    for place in random.integers(0, len(data), random.integers(1, 17)):
        data[place] ^= int(random.integers(1, 256))
    return data


def cut(data: bytearray, other: bytes, random: np.random.Generator) -> bytearray:
    return data[: random.integers(0, len(data))]


def spliced(data: bytearray, other: bytes, random: np.random.Generator) -> bytearray:
    first, last = np.sort(random.integers(0, len(other), 2))
    start, stop = np.sort(random.integers(0, len(data), 2))
    return data[:start] + other[first:last] + data[stop:]


def doubled(data: bytearray, other: bytes, random: np.random.Generator) -> bytearray:
    start, stop = np.sort(random.integers(0, len(data), 2))
    return data[:stop] + data[start:]


def overwritten(data: bytearray, other: bytes, random: np.random.Generator) -> bytearray:
    for _ in range(random.integers(1, 5)):
        place = int(random.integers(0, len(data)) if random.random() < 0.5 else random.integers(0, 60))
        data[place : place + 4] = EXTREMES[random.integers(len(EXTREMES))]
    return data


def in_a_track(mutation: Mutation) -> Mutation:
    """The same done to the events of one track, whose length is then put right: so it is read to the end."""

    def mutated(data: bytearray, other: bytes, random: np.random.Generator) -> bytearray:
        starts = [place for place in range(len(data) - 8) if data[place : place + 4] == b"MTrk"]
        start = starts[random.integers(len(starts))]
        first = start + 8
        last = first + int.from_bytes(data[start + 4 : first], "big")
        events = mutation(data[first:last], other, random)
        return data[: start + 4] + len(events).to_bytes(4, "big") + events + data[last:]

    return mutated


WHOLE: tuple[Mutation, ...] = (flipped, cut, spliced, doubled, overwritten)
MUTATIONS = (*WHOLE, *map(in_a_track, WHOLE))


def mutants(paths: list[Path], count: int, seed: int, folder: Path) -> Iterator[Source]:
    """Files in `folder`, each of them removed when the one after it is asked for and it was read."""
    originals = [path.read_bytes() for path in paths]
    for number in range(count):
        random = np.random.default_rng([seed, number])
        data, other = (originals[index] for index in random.integers(0, len(originals), 2))
        mutated = MUTATIONS[number % len(MUTATIONS)](bytearray(data), other, random)
        path = folder / f"{number}" / f"{number}.mid"
        path.parent.mkdir()
        path.write_bytes(mutated)
        yield Source(path, path.name, unpack_folder=path.parent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--encoding", default="score")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    kind = load_domain("midi")
    domain = kind(kind.Settings.from_mapping({"encoding": arguments.encoding}))
    paths = sorted(arguments.folder.rglob("*.mid"))
    outcomes: Counter[str] = Counter()
    early, slowest, before = 0.0, 0.0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, WorkerPool(domain, limits=LIMITS) as readers:
        sources = mutants(paths, arguments.mutants, arguments.seed, Path(folder))
        for number, (source, reading) in enumerate(readers.read(sources)):
            outcome = (
                "usable" if len(reading.documents) else reading.reason or next(iter(reading.dropped), "nothing said")
            )
            outcomes[outcome] += 1
            if outcome in FATAL or outcome.startswith("plugin error"):
                print(f"{source.name}: {outcome}", flush=True)
            if number == arguments.mutants // 10:
                early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            now = time.perf_counter()
            slowest, before = max(slowest, now - before), now
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - early
    for outcome, count in outcomes.most_common():
        print(f"{count:6} {outcome}")
    finish(
        {
            "encoding": arguments.encoding,
            "mutants": arguments.mutants,
            "usable": outcomes["usable"],
            "refused": dict(outcomes.most_common()),
            "without_reason": outcomes["nothing said"] + sum("plugin error" in name for name in outcomes.elements()),
            "readers_killed": sum(outcomes[reason] for reason in FATAL),
            "slowest_seconds": slowest,
            "mb_grown": grown,
            "mb_reader": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        }
    )


if __name__ == "__main__":
    main()
