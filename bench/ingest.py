"""How fast are MIDI files read and encoded? On one core, beside MidiTok's REMI and pretty_midi's reading.

    python bench/ingest.py FOLDER [--encoding score] [--files 40] [--repeats 5]

Takes the MIDI files below FOLDER in the order of their names. `encode_vs_miditok` compares files to token ids, both by
symusic: notes a second here over notes a second there. `read_vs_pretty_midi` compares files to quantised pieces with
pretty_midi's reading alone. `tokens_per_second` is encoding alone, pieces to ids. MidiTok is left out, and its figure
null, where it is not installed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import finish

from seqgen import Remark, UnusableFile
from seqgen.contract.discovery import load_domain


def fastest(work: Callable[[], Any], repeats: int) -> float:
    """The least processor time of some runs in seconds, after one that is not counted: a busy machine hardly shows."""
    work()
    times = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def miditok_encoder() -> Callable[[Path], Any] | None:
    """MidiTok's REMI with tempos, time signatures and programmes, at 32 velocities and 12 steps a quarter."""
    try:
        from miditok import REMI, TokenizerConfig
        from symusic import Score
    except ImportError:
        return None
    config = TokenizerConfig(
        use_tempos=True,
        use_time_signatures=True,
        use_programs=True,
        num_velocities=32,
        beat_res={(0, 8): 12},
        pitch_range=(0, 127),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tokenizer = REMI(config)
    return lambda path: tokenizer(Score(path))


def usable(domain: Any, paths: list[Path]) -> dict[Path, Any]:
    """Returns the files that the encoding can hold, with their items."""
    items = {}
    for path in paths:
        with contextlib.suppress(UnusableFile):
            (items[path],) = (item for item in domain.read(path) if not isinstance(item, Remark))
    return items


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoding", default="score")
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    kind = load_domain("midi")
    domain = kind(kind.Settings.from_mapping({"encoding": arguments.encoding}))
    paths = sorted(arguments.folder.rglob("*.mid"))
    items = usable(domain, paths[:: max(1, len(paths) // arguments.files)])
    if not items:
        parser.error(f"{arguments.folder} has no MIDI file that the encoding {arguments.encoding} can hold")
    notes = sum(len(item) for item in items.values())
    tokens = sum(len(domain.encode(item).ids) for item in items.values())

    def read() -> None:
        for path in items:
            list(domain.read(path))

    def encode() -> None:
        for item in items.values():
            domain.encode(item)

    def read_and_encode() -> None:
        for path in items:
            for item in domain.read(path):
                if not isinstance(item, Remark):
                    domain.encode(item)

    def pretty_midi_reads() -> None:
        import pretty_midi

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for path in items:
                pretty_midi.PrettyMIDI(str(path))

    seconds = {work.__name__: fastest(work, arguments.repeats) for work in (read, encode, read_and_encode)}
    seconds["pretty_midi"] = fastest(pretty_midi_reads, 1)
    peer = miditok_encoder()
    if peer is not None:
        seconds["miditok"] = fastest(lambda: [peer(path) for path in items], arguments.repeats)
    for name, one in seconds.items():
        print(f"{name:16} {notes / one:12,.0f} notes/s  {1000 * one / len(items):8.2f} ms a file")
    finish(
        {
            "encoding": arguments.encoding,
            "files": len(items),
            "notes": notes,
            "tokens": tokens,
            "encode_vs_miditok": seconds["miditok"] / seconds["read_and_encode"] if peer is not None else None,
            "read_vs_pretty_midi": seconds["pretty_midi"] / seconds["read"],
            "tokens_per_second": tokens / seconds["encode"],
        }
    )


if __name__ == "__main__":
    main()
