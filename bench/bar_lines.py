"""Compares the bar lines of pieces in an encoding with those that the messages of their MIDI files imply.

    python bench/bar_lines.py FOLDER [FOLDER …] [--encoding score] [--resolution 12]

The reference is computed from mido's messages alone. Without a time signature, bars are of 4/4. A time signature begins
a bar wherever it stands, and holds until the next one. A piece counts as right when each of its bars begins at the step
nearest to where the file says, up to the bar of the last note. The shares of pieces that are right and of pieces that
are refused with a reason should make 100 %.
"""

from __future__ import annotations

import argparse
from collections import Counter
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import mido
import numpy as np
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io.midi_chunks import join_tracks, split_chunks
from seqgen_midi.io.midi_reader import MIDI_ENDINGS
from seqgen_midi.music.piece import Piece

from seqgen import UnusableFile

MAX_DENOMINATOR = 128


def implied_bar_lines(path: Path, resolution: int) -> list[int]:
    """Returns the steps at which bars begin, by the messages of a file, up to the bar of its last note."""
    chunks = split_chunks(path.read_bytes())
    file = mido.MidiFile(file=BytesIO(join_tracks(chunks.resolution, chunks.tracks)), clip=True)
    changes: dict[int, Fraction] = {0: Fraction(4)}
    last_note = 0
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "time_signature" and message.numerator and message.denominator <= MAX_DENOMINATOR:
                changes[tick] = Fraction(4 * message.numerator, message.denominator)
            elif message.type == "note_on" and message.velocity:
                last_note = max(last_note, tick)
    lines: set[int] = set()
    ticks = sorted(changes)
    last_step = _nearest_step(Fraction(last_note), file.ticks_per_beat, resolution)
    for tick, following in zip(ticks, [*ticks[1:], None], strict=True):
        line = Fraction(tick)
        while following is None or line < following:
            step = _nearest_step(line, file.ticks_per_beat, resolution)
            if step > last_step:
                break
            lines.add(step)
            line += changes[tick] * file.ticks_per_beat
    return sorted(lines)


def _nearest_step(tick: Fraction, ticks_per_quarter: int, resolution: int) -> int:
    return int((tick * resolution / ticks_per_quarter + Fraction(1, 2)) // 1)


def bar_lines_of(domain: MidiDomain, path: Path, resolution: int) -> list[int]:
    """Returns the steps at which the bars of a file's document begin."""
    (piece,) = (item for item in domain.read(path) if isinstance(item, Piece))
    quarters = domain.encoding.bars(domain.encode(piece).ids).quarters
    return np.rint((np.cumsum(quarters) - quarters) * resolution).astype(int).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--encoding", choices=["score", "melody", "drums"], default="score")
    parser.add_argument("--resolution", type=int, default=12)
    arguments = parser.parse_args()
    domain = MidiDomain(MidiDomain.Settings(encoding=arguments.encoding, resolution=arguments.resolution))
    right, refused, wrong = 0, Counter[str](), []
    for folder in arguments.folders:
        for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in MIDI_ENDINGS):
            try:
                found = bar_lines_of(domain, path, arguments.resolution)
            except UnusableFile as error:
                refused[error.reason] += 1
                continue
            if found == implied_bar_lines(path, arguments.resolution):
                right += 1
            else:
                wrong.append(path)
    total = max(1, right + refused.total() + len(wrong))
    print(f"{total} pieces: {right / total:.1%} have every bar line right, {refused.total() / total:.1%} are refused")
    for reason, count in refused.most_common():
        print(f"  {count} refused: {reason}")
    for path in wrong:
        print(f"  wrong: {path}")


if __name__ == "__main__":
    main()
