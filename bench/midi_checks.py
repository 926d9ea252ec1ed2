"""Reads MIDI files with other people's programs, and says what of that which was asked for they do not have.

Nothing here is shared with what wrote the files: pretty_midi, mido, music21 and symusic read them, and scales, bars and
programmes are worked out anew.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

# Semitones above the tonic: the modes of the major scale, and minor with its raised sixth and seventh.
MODES = {
    "maj": {0, 2, 4, 5, 7, 9, 11}, "dor": {0, 2, 3, 5, 7, 9, 10}, "phr": {0, 1, 3, 5, 7, 8, 10},
    "lyd": {0, 2, 4, 6, 7, 9, 11}, "mix": {0, 2, 4, 5, 7, 9, 10}, "loc": {0, 1, 3, 5, 6, 8, 10},
    "min": {0, 2, 3, 5, 7, 8, 9, 10, 11},
}  # fmt: skip
TONICS = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
VOICES = {"S": "Soprano", "A": "Alto", "T": "Tenor", "B": "Bass"}
WRITTEN_AT = 80
"""Quarters a minute, where the encoding tells no tempo."""


def opens(path: Path, with_music21: bool) -> list[str]:
    """What is wrong with a file as programs open it: that they cannot, or disagree on how many notes it has."""
    import mido
    import pretty_midi
    import symusic

    wrong, counts = [], {}
    try:
        counts["pretty_midi"] = sum(len(track.notes) for track in pretty_midi.PrettyMIDI(str(path)).instruments)
        messages = [message for track in mido.MidiFile(path).tracks for message in track]
        counts["mido"] = sum(message.type == "note_on" and message.velocity > 0 for message in messages)
        counts["symusic"] = symusic.Score(path).note_num()
        if with_music21:
            from music21 import converter

            converter.parse(path, forceSource=True, storePickle=False)
    except Exception as error:
        wrong.append(f"does not open: {type(error).__name__}: {error}")
    if len(set(counts.values())) > 1:
        wrong.append(f"programs see other numbers of notes: {counts}")
    return wrong


def is_score(path: Path) -> list[str]:
    """What is wrong with a MusicXML file as music21 reads it: bars that do not follow one another, or are not full."""
    from fractions import Fraction

    from music21 import converter

    try:
        score = converter.parse(path, forceSource=True, storePickle=False)
        for part in score.parts:
            reached = Fraction(0)
            for measure in part.getElementsByClass("Measure"):
                lengths = {
                    sum(Fraction(one.quarterLength) for one in voice.notesAndRests)
                    for voice in measure.voices or [measure]
                }
                whole = Fraction(
                    measure.duration.quarterLength if measure.paddingLeft else measure.barDuration.quarterLength
                )
                if Fraction(measure.offset) != reached or lengths - {whole}:
                    return [f"bar {measure.number} of its score is at {measure.offset} and holds {lengths}"]
                reached += whole
    except Exception as error:
        return [f"its score does not open: {type(error).__name__}: {error}"]
    return []


def keeps(path: Path, encoding: str, asked: dict[str, Any], ended: bool) -> list[str]:
    """Which wishes a file does not keep; one that was cut off has no length to keep."""
    import mido
    import symusic

    file = symusic.Score(path)
    tracks = [track for track in file.tracks if len(track.notes)]
    notes = [(note.time, note.end, note.pitch, note.velocity, track) for track in tracks for note in track.notes]
    tuned = [note for note in notes if not note[4].is_drum]
    wrong = []

    def check(name: str, kept: bool) -> None:
        if not kept:
            wrong.append(f"{name}={asked[name]} is not kept")

    # The pickup of a chorale is a bar with a time signature of its own.
    pickup = file.time_signatures[-1].time if encoding == "chorale" else 0
    meters = {f"{change.numerator}/{change.denominator}" for change in file.time_signatures if change.time >= pickup}
    if "time_signature" in asked:
        check("time_signature", meters <= {asked["time_signature"]})
    if "key" in asked:
        name = asked["key"]
        tonic = TONICS[name[0]] + name.count("#") - name[1:-3].count("b")
        check("key", {(note[2] - tonic) % 12 for note in tuned} <= MODES[name[-3:]])
    if "range" in asked and encoding == "chorale":
        for part in asked["range"].split(","):
            lowest, highest = map(int, part[2:].split("-"))
            sung = [note[2] for note in notes if note[4].name == VOICES[part[0]]]
            check("range", all(lowest <= pitch <= highest for pitch in sung))
    elif "range" in asked:
        lowest, highest = map(int, asked["range"].split("-"))
        check("range", all(lowest <= note[2] <= highest for note in tuned))
    if "velocity" in asked:
        lowest, highest = map(int, asked["velocity"].split("-"))
        check("velocity", all(lowest <= note[3] <= highest for note in notes))
    tempos = [mido.tempo2bpm(message.tempo) for track in mido.MidiFile(path).tracks for message in track
              if message.type == "set_tempo"]  # fmt: skip
    if "tempo" in asked:
        lowest, highest = map(int, (asked["tempo"].split("-") * 2)[:2])
        check("tempo", all(lowest - 0.01 <= tempo <= highest + 0.01 for tempo in tempos))
    if "instruments" in asked and encoding == "score":
        check("instruments", all(plays(track, asked["instruments"]) for track in tracks))
    if "instruments" in asked and encoding == "drums":
        check("instruments", {note[2] for note in notes} <= {KEYS[name] for name in asked["instruments"].split(",")})
    if encoding == "performance" and "seconds" in asked:
        hundredths = 100 * asked["seconds"]
        # Performances are written at 120 quarters a minute.
        last = max(note[0] for note in notes) * 50 / file.ticks_per_quarter
        check("seconds", last < hundredths and (not ended or last >= hundredths - 100))
    if encoding == "performance" and "density" in asked:
        least, most = map(int, asked["density"].split("-"))
        seconds = Counter(note[0] * 50 // file.ticks_per_quarter // 100 for note in notes)
        complete = range(int(max(seconds, default=0)))
        check("density", max(seconds.values(), default=0) <= most and all(seconds[one] >= least for one in complete))
    if "time_signature" in asked and {"bars", "seconds", "density"} & set(asked):
        beats, unit = map(int, asked["time_signature"].split("/"))
        bar = file.ticks_per_quarter * 4 * beats // unit
        last = max(note[1] if encoding in ("chorale", "melody") else note[0] + 1 for note in notes) if notes else 0
        bars = -(-(last - pickup) // bar)
        if ended and "bars" in asked:
            check("bars", bars == asked["bars"])
        if ended and "seconds" in asked:
            tempo = tempos[0] if encoding == "score" else WRITTEN_AT
            check("seconds", bars == max(1, round(asked["seconds"] * tempo / 60 / (4 * beats / unit))))
        if "density" in asked:
            least, most = map(int, asked["density"].split("-"))
            counts = Counter((note[0] - pickup) // bar for note in notes)
            whole = range(int(bars) if ended else int(bars) - 1)
            full = [
                line for line in whole if encoding != "chorale" or (line + 1) * bar <= last - pickup or "bars" in asked
            ]
            check("density", max(counts.values(), default=0) <= most and all(counts[line] >= least for line in full))
    return wrong


# The General MIDI key that each class of drums is written with.
KEYS = {
    "kick": 36, "snare": 38, "stick": 37, "closed-hat": 42, "open-hat": 46, "low-tom": 45, "mid-tom": 47,
    "high-tom": 50, "crash": 49, "ride": 51, "hand-drum": 62, "percussion": 56,
}  # fmt: skip
FAMILIES = {"piano": range(8), "guitar": range(24, 32), "bass": range(32, 40), "strings": range(40, 48),
            "brass": range(56, 64), "flute": range(73, 74)}  # fmt: skip


def plays(track: Any, asked: str) -> bool:
    """Whether a track is one of the instruments that were asked for."""
    names = asked.split(",")
    return "drums" in names if track.is_drum else any(track.program in FAMILIES.get(name, ()) for name in names)
