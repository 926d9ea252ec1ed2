"""Prepares MusicXML for music21, which takes written pitches for sounding ones and loses which drum is struck.

All is done on the elements of the file. Pitches and chord symbols of transposing instruments are moved to where they
sound. A repeat that begins at the end of a measure is moved to the beginning of the next one, because music21 takes it
for the end of a repeat. The drum of each unpitched note is written into its display position (see `drum_key`). A part
whose instrument has no MIDI program gets that of its name.
"""

from __future__ import annotations

import re
import zipfile
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from seqgen import UnusableFile

STEPS = "CDEFGAB"
SEMITONES = dict(zip(STEPS, (0, 2, 4, 5, 7, 9, 11), strict=True))
SPELLINGS = tuple(zip("CCDDEFFGGAAB", (0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0), strict=True))
"""The letter and the alteration of each pitch class."""
FIRST_DRUM_OCTAVE = 20
"""No staff reaches this octave. From here on, display positions stand for keys of the drum kit."""
KEYS_BY_POSITION = {
    "D4": 44, "F4": 36, "A4": 41, "B4": 43, "C5": 38, "D5": 45, "E5": 47, "F5": 50, "G5": 42, "A5": 49, "B5": 49,
}  # fmt: skip
"""The usual places of the drum kit on a staff (Weinberg, 1998)."""
DEFAULT_KEY = 38
DRUM_NAMES = (
    ("bass drum", 36), ("kick", 36), ("open hi", 46), ("pedal hi", 44), ("hi-hat", 42), ("hihat", 42), ("hi hat", 42),
    ("side stick", 37), ("rim", 37), ("snare", 38), ("clap", 39), ("floor tom", 41), ("low tom", 45), ("mid tom", 47),
    ("high tom", 50), ("hi tom", 50), ("tom", 45), ("crash", 49), ("ride", 51), ("cymbal", 49), ("cowbell", 56),
    ("tambourine", 54), ("triangle", 81), ("wood block", 76), ("woodblock", 76), ("bongo", 60), ("conga", 63),
    ("maraca", 70), ("clave", 75), ("timbale", 65), ("shaker", 82),
)  # fmt: skip
"""The first of these that is part of an instrument's name gives its General MIDI key."""
OTHER_NAMES = (
    ("grand piano", 0), ("klavier", 0), ("keyboard", 0), ("harpsichord", 6), ("cembalo", 6), ("english horn", 69),
    ("cor anglais", 69), ("french horn", 60), ("horn", 60), ("corno", 60), ("bass clarinet", 71), ("klarinette", 71),
    ("contrabassoon", 70), ("bassoon", 70), ("fagott", 70), ("double bass", 43), ("contrabass", 43), ("kontrabass", 43),
    ("electric bass", 33), ("bass guitar", 33), ("electric guitar", 27), ("acoustic guitar", 24), ("guitar", 24),
    ("soprano sax", 64), ("alto sax", 65), ("tenor sax", 66), ("baritone sax", 67), ("sax", 65), ("violoncello", 42),
    ("cello", 42), ("bratsche", 41), ("viola", 41), ("violino", 40), ("violine", 40), ("geige", 40), ("oboe", 68),
    ("trompete", 56), ("tromba", 56), ("posaune", 57), ("clarinet", 71), ("trumpet", 56), ("trombone", 57),
    ("piccolo", 72), ("recorder", 74), ("blockfl", 74), ("flauto", 73), ("flöte", 73), ("flute", 73), ("harp", 46),
    ("organ", 19), ("orgel", 19), ("choir", 52), ("chorus", 52), ("voice", 52), ("soprano", 52), ("alto", 52),
    ("tenor", 52), ("strings", 48), ("piano", 0),
)  # fmt: skip
"""The first of these that is part of an instrument's name gives its program, where General MIDI has another name."""


def sounding_score(path: Path) -> str | None:
    """Returns the text of a MusicXML file as it sounds; None for a file of another kind. Raises UnusableFile."""
    try:
        root = ElementTree.fromstring(_content(path))
    except (ElementTree.ParseError, zipfile.BadZipFile, KeyError):
        return None
    if root.tag != "score-partwise":
        return None
    heads = {head.get("id"): head for head in root.iter("score-part")}
    for part in root.iterfind("part"):
        _sound(part)
        _move_repeats(part)
        head = heads.get(part.get("id"))
        if head is not None:
            _name_drums(part, head)
            _set_program(head)
    return ElementTree.tostring(root, encoding="unicode")


def _content(path: Path) -> bytes:
    """Returns the MusicXML of a file, which may be compressed."""
    if path.suffix.lower() != ".mxl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
        root = next(
            (element.get("full-path") for element in container.iter() if element.tag.endswith("rootfile")), None
        )
        if root is None:
            raise UnusableFile("not a compressed score")
        return archive.read(root)


def _number(parent: Element, name: str, default: int = 0) -> int:
    return round(float(parent.findtext(name) or default))


def _sound(part: Element) -> None:
    """Moves the notes and chord symbols of a part to where they sound, and takes the transpositions out."""
    intervals: dict[str | None, int] = {}
    for element in list(part.iter()):
        if element.tag == "attributes":
            for transpose in element.findall("transpose"):
                interval = _number(transpose, "chromatic") + 12 * _number(transpose, "octave-change")
                if transpose.get("number") is None:
                    intervals.clear()
                intervals[transpose.get("number")] = interval
                element.remove(transpose)
        elif element.tag in ("note", "harmony") and intervals:
            interval = intervals.get(element.findtext("staff"), intervals.get(None, 0))
            for step in [*element.iterfind("pitch"), *element.iterfind("root"), *element.iterfind("bass")]:
                _transpose(step, interval)


def _transpose(element: Element, interval: int) -> None:
    """Moves a pitch, or the root or bass of a chord symbol, by an interval in semitones."""
    prefix = "" if element.tag == "pitch" else f"{element.tag}-"
    step, alter, octave = element.find(f"{prefix}step"), element.find(f"{prefix}alter"), element.find("octave")
    if step is None or step.text not in SEMITONES or not interval:
        return
    pitch = SEMITONES[step.text] + (0 if alter is None else round(float(alter.text or 0))) + interval
    step.text, alteration = SPELLINGS[pitch % 12]
    if alter is None:
        alter = Element(f"{prefix}alter")
        element.insert(list(element).index(step) + 1, alter)
    alter.text = str(alteration)
    if octave is not None:
        octave.text = str(int(octave.text or 4) + pitch // 12)


def _move_repeats(part: Element) -> None:
    """Moves repeats that begin at the right bar line of a measure, or end at a left one, across the bar line."""
    measures: list[Element | None] = [None, *part.iterfind("measure"), None]
    for here, following in pairwise(measures):
        _move_repeat("forward", here, "right", following, "left")
        _move_repeat("backward", following, "left", here, "right")


def _move_repeat(
    direction: str, source: Element | None, location: str, target: Element | None, target_location: str
) -> None:
    """Moves the repeat of a direction from a bar line of a measure to a bar line of its neighbour, if it has one."""
    for barline in [] if source is None else source.findall("barline"):
        repeat = barline.find("repeat")
        if repeat is None or (barline.get("location", "right"), repeat.get("direction")) != (location, direction):
            continue
        barline.remove(repeat)
        if target is not None and target.find(f"barline/repeat[@direction='{direction}']") is None:
            ElementTree.SubElement(target, "barline", location=target_location).append(repeat)


def _name_drums(part: Element, head: Element) -> None:
    """Writes the key of each unpitched note into its display position."""
    names = {each.get("id"): each.findtext("instrument-name") or "" for each in head.iterfind("score-instrument")}
    keys = {each.get("id"): _number(each, "midi-unpitched") - 1 for each in head.iterfind("midi-instrument")}
    for note in part.iter("note"):
        unpitched = note.find("unpitched")
        if unpitched is None:
            continue
        instrument = note.find("instrument")
        player = next(iter(names), None) if instrument is None else instrument.get("id")
        key = keys.get(player, -1) if instrument is not None or len(names) == 1 else -1
        if key < 0:
            name = names.get(player, "") if instrument is not None or len(names) == 1 else ""
            key = _first_within(name or head.findtext("part-name") or "", DRUM_NAMES)
        if key < 0:
            position = (unpitched.findtext("display-step") or "") + (unpitched.findtext("display-octave") or "")
            key = KEYS_BY_POSITION.get(position, DEFAULT_KEY)
        unpitched.clear()
        octave, step = divmod(min(key, 127), len(STEPS))
        ElementTree.SubElement(unpitched, "display-step").text = STEPS[step]
        ElementTree.SubElement(unpitched, "display-octave").text = str(FIRST_DRUM_OCTAVE + octave)


def drum_key(step: str, octave: int) -> int:
    """Returns the key of the drum kit at a display position.

    The position is as `sounding_score` writes it, or as staves usually have it.
    """
    if octave >= FIRST_DRUM_OCTAVE:
        return (octave - FIRST_DRUM_OCTAVE) * len(STEPS) + STEPS.index(step)
    return KEYS_BY_POSITION.get(f"{step}{octave}", DEFAULT_KEY)


def _set_program(head: Element) -> None:
    """Gives the first instrument of a part a MIDI program by its name, its sound, or the part's name."""
    if head.find("midi-instrument/midi-program") is not None or head.find("midi-instrument/midi-unpitched") is not None:
        return
    texts = (head.findtext(f"score-instrument/{tag}") for tag in ("instrument-name", "instrument-sound"))
    programs = (program_of_name(text) for text in (*texts, head.findtext("part-name")) if text)
    program = next((program for program in programs if program is not None), None)
    if program is None:
        return
    identifier = f"{head.get('id')}-player"
    player, midi = head.find("score-instrument"), head.find("midi-instrument")
    if player is None:
        player = ElementTree.SubElement(head, "score-instrument", id=identifier)
        ElementTree.SubElement(player, "instrument-name").text = head.findtext("part-name")
    if midi is None:
        midi = ElementTree.SubElement(head, "midi-instrument", id=player.get("id") or identifier)
    ElementTree.SubElement(midi, "midi-program").text = str(program + 1)


def program_of_name(name: str) -> int | None:
    """Returns the General MIDI program, from 0, of an instrument's name or sound, or None.

    A sound is named as in MusicXML: "wind.reed.oboe".
    """
    from pretty_midi.constants import INSTRUMENT_MAP

    words = re.sub(r"[.\-_]+", " ", name.lower()).strip()
    programs = [re.sub(r"[.\-_]+", " ", program.lower()) for program in INSTRUMENT_MAP]
    if words in programs:
        return programs.index(words)
    found = _first_within(words, OTHER_NAMES)
    return None if found < 0 else found


def _first_within(name: str, numbers: tuple[tuple[str, int], ...]) -> int:
    """Returns the number of the first name that is part of `name`; −1 for none."""
    return next((number for part, number in numbers if part in name.lower()), -1)
