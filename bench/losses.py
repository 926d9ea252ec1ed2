"""Counts what MIDI files hold beside what comes back and what the remarks count: the two must add up, exactly.

    python bench/losses.py FOLDER [FOLDER …] [--limit 50]

The reference is mido's messages: notes that are struck, times that a sustain pedal goes down, pitch bends, changes of
other controllers, chord symbols. A file that an encoding refuses is refused with a reason and does not count.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import mido
from common import finish
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io.midi_reader import FULLY_DOWN, MIDI_ENDINGS, SUSTAIN_PEDAL
from seqgen_midi.music.chords import parse_chord
from seqgen_midi.music.piece import Piece

from seqgen import Remark, UnusableFile

ENCODINGS = ("score", "melody", "drums", "performance")
KINDS = {"notes of": "notes", "notes that": "notes", "sustain": "pedals", "pitch bends": "bends",
         "changes of": "controllers", "chord": "chords"}  # fmt: skip
"""What a remark that begins so counts."""


def counts_of_file(path: Path) -> Counter[str]:
    """What a file holds, by mido."""
    found: Counter[str] = Counter()
    for track in mido.MidiFile(path, clip=True).tracks:
        is_down: dict[int, bool] = {}
        for message in track:
            if message.type == "note_on" and message.velocity:
                found["notes"] += 1
            elif message.type == "pitchwheel":
                found["bends"] += 1
            elif message.type == "text" and parse_chord(message.text):
                found["chords"] += 1
            elif message.type == "control_change" and message.control == SUSTAIN_PEDAL:
                goes_down = message.value >= FULLY_DOWN
                found["pedals"] += goes_down and not is_down.get(message.channel, False)
                is_down[message.channel] = goes_down
            elif message.type == "control_change":
                found["controllers"] += 1
    return found


def counts_of_reading(domain: MidiDomain, path: Path, pedals: int) -> Counter[str]:
    """What comes back from a document, and what the remarks on the file count; raises UnusableFile."""
    found: Counter[str] = Counter()
    for result in domain.read(path):
        if isinstance(result, Remark):
            kind = next((kind for begin, kind in KINDS.items() if result.text.startswith(begin)), "")
            if result.dropped:
                raise UnusableFile(result.text)
            found[kind] += result.count
        elif isinstance(result, Piece):
            back = domain.decode(domain.encode(result).ids)
            found["notes"] += len(back)
            found["chords"] += len(back.chords)
            if domain.encoding.has_sustain:
                found["pedals"] += pedals - found["pedals"]
    del found[""]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--limit", type=int, default=50, help="files of each folder")
    arguments = parser.parse_args()
    figures: dict[str, object] = {}
    for name in ENCODINGS:
        domain = MidiDomain(MidiDomain.Settings(encoding=name))
        unequal: Counter[str] = Counter()
        exact = refused = 0
        for folder in arguments.folders:
            paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in MIDI_ENDINGS)
            for path in paths[: arguments.limit]:
                reference = counts_of_file(path)
                try:
                    found = counts_of_reading(domain, path, reference["pedals"])
                except UnusableFile:
                    refused += 1
                    continue
                differing = [kind for kind in {*reference, *found} if reference[kind] != found[kind]]
                exact += not differing
                for kind in differing:
                    unequal[kind] += 1
                    print(f"{name} {path.name}: {reference[kind]} {kind} in the file, {found[kind]} accounted for")
        figures |= {f"{name}_exact": exact, f"{name}_refused": refused, f"{name}_unequal": unequal.total()}
    finish(figures)


if __name__ == "__main__":
    main()
