"""Counts what files hold beside what comes back and what the remarks count: the two must add up, exactly.

    python bench/losses.py [FOLDER …] [--limit 50] [--music21]

The reference for MIDI files is mido's messages: notes that are struck, times that a sustain pedal goes down, pitch
bends, changes of other controllers, chord symbols. That for MusicXML is the elements of the file: notes (those that are
tied are one), grace notes, chord symbols, ends of repeats. `--music21` adds scores of music21's corpus. A file that an
encoding refuses is refused with a reason and does not count.
"""

from __future__ import annotations

import argparse
import zipfile
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import mido
from common import finish
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io.midi_chunks import SUSTAIN_PEDAL
from seqgen_midi.io.midi_reader import FULLY_DOWN, MIDI_ENDINGS
from seqgen_midi.io.score_reader import MUSICXML_ENDINGS
from seqgen_midi.music.chords import parse_chord
from seqgen_midi.music.piece import Piece

from seqgen import Remark, UnusableFile

ENCODINGS = ("score", "melody", "drums", "performance")
KINDS = {"notes of": "notes", "notes that": "notes", "sustain": "pedals", "pitch bends": "bends",
         "changes of": "controllers", "chord symbols moved": "", "chord": "chords", "grace": "grace notes",
         "repeats": "repeats"}  # fmt: skip
"""What a remark that begins so counts. A symbol that was moved is in the piece."""
SEMITONES = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))


def counts_of_file(path: Path) -> Counter[str]:
    """What a file holds, without this plugin."""
    return counts_of_messages(path) if path.suffix.lower() in MIDI_ENDINGS else counts_of_elements(path)


def counts_of_elements(path: Path) -> Counter[str]:
    """What a MusicXML file holds."""
    root = ElementTree.fromstring(_musicxml(path))
    found: Counter[str] = Counter()
    for part in root.iterfind("part"):
        found["notes"] += count_sounding_notes(part)
        found["grace notes"] += sum(note.find("grace") is not None for note in part.iter("note"))
    found["chords"] = sum(1 for _ in root.iter("harmony"))
    first = root.find("part")
    repeats = [] if first is None else first.iter("repeat")
    found["repeats"] = sum(repeat.get("direction") == "backward" for repeat in repeats)
    return found


def count_sounding_notes(part: ElementTree.Element) -> int:
    """How many notes of a part sound, where tied notes are one. A tie leads to where its note ends."""
    tied: set[tuple[str, str, Fraction]] = set()
    divisions, begin, length, count = Fraction(1), Fraction(0), Fraction(0), 0
    for measure in part.iterfind("measure"):
        now = onset = end = begin
        for element in measure:
            divisions = Fraction(element.findtext("divisions") or divisions)
            # All notes of a chord are as long as its first.
            if element.find("chord") is None:
                length = Fraction(element.findtext("duration") or 0) / divisions
            if element.tag == "backup":
                now -= length
            elif element.tag == "forward":
                now += length
            elif element.tag == "note" and element.find("grace") is None:
                if element.find("chord") is None:
                    onset, now = now, now + length
                if element.find("rest") is None:
                    key = element.findtext("staff") or "1", _pitch(element)
                    count += (*key, onset) not in tied
                    tied.discard((*key, onset))
                    if any(tie.get("type") == "start" for tie in element.iterfind("tie")):
                        tied.add((*key, onset + length))
            end = max(end, now)
        begin = end
    return count


def _pitch(note: ElementTree.Element) -> str:
    """What ties look at: the number of a pitch, or the place of an unpitched note on its staff."""
    if note.find("pitch") is None:
        return "".join(element.text or "" for element in note.iterfind("unpitched/*"))
    step = SEMITONES[note.findtext("pitch/step") or "C"] + round(float(note.findtext("pitch/alter") or 0))
    return str(step + 12 * int(note.findtext("pitch/octave") or 4))


def _musicxml(path: Path) -> bytes:
    if path.suffix.lower() != ".mxl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
        files = [element.get("full-path") or "" for element in container.iter() if element.tag.endswith("rootfile")]
        return archive.read(files[0])


def counts_of_messages(path: Path) -> Counter[str]:
    """What a MIDI file holds, by mido. A pedal that players share, or move at the same time, is one."""
    found: Counter[str] = Counter()
    pedals: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for track in mido.MidiFile(path, clip=True).tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                found["notes"] += 1
            elif message.type == "pitchwheel":
                found["bends"] += 1
            elif message.type == "text" and parse_chord(message.text):
                found["chords"] += 1
            elif message.type == "control_change" and message.control == SUSTAIN_PEDAL:
                pedals[message.channel].append((tick, message.value >= FULLY_DOWN))
            elif message.type == "control_change":
                found["controllers"] += 1
    downs: set[int] = set()
    for changes in pedals.values():
        changes.sort(key=lambda change: change[0])
        before = [False, *(is_down for _, is_down in changes)]
        downs |= {tick for (tick, is_down), was_down in zip(changes, before, strict=False) if is_down and not was_down}
    found["pedals"] = len(downs)
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


def files_of(folders: list[Path], limit: int) -> list[Path]:
    """At most `limit` MIDI and MusicXML files of each folder, spread over it."""
    found = []
    for folder in folders:
        endings = (*MIDI_ENDINGS, *MUSICXML_ENDINGS)
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings)
        found += paths[:: max(1, len(paths) // max(limit, 1))][:limit]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--limit", type=int, default=50, help="files of each folder")
    parser.add_argument("--music21", action="store_true", help="scores of music21's corpus too")
    arguments = parser.parse_args()
    paths = files_of(arguments.folders, arguments.limit)
    if arguments.music21:
        import music21

        corpus = Path(music21.__file__).parent / "corpus"
        paths += files_of([folder for folder in sorted(corpus.iterdir()) if folder.is_dir()], arguments.limit // 10)
    figures: dict[str, object] = {}
    for name in ENCODINGS:
        domain = MidiDomain(MidiDomain.Settings(encoding=name))
        unequal: Counter[str] = Counter()
        exact = refused = 0
        for path in paths:
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
