"""Which encoding a corpus gets where none is said, and which files are the same music."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.inference import infer_corpus

from seqgen import InvalidValue, Learned, UsageError
from seqgen.contract.fingerprint import fingerprint
from seqgen.corpus.building.build import build

Notes = list[tuple[int, int, int]]


def midi_file(path: Path, *tracks: Notes, channel: int = 0, tempo: int = 500_000, program: int = 0) -> Path:
    """A file of tracks of (start, end, pitch), 480 ticks a quarter."""
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=tempo)]))
    for notes in tracks:
        events = [(end, 0, pitch) for _, end, pitch in notes] + [(start, 1, pitch) for start, _, pitch in notes]
        track, now = mido.MidiTrack([mido.Message("program_change", program=program, channel=channel)]), 0
        for tick, on, pitch in sorted(events):
            message = mido.Message("note_on", note=pitch, velocity=70 * on, channel=channel, time=tick - now)
            track.append(message)
            now = tick
        file.tracks.append(track)
    file.save(path)
    return path


def tune(seed: int, key: int = 60) -> Notes:
    """Sixteen eighths."""
    pitches = key + np.random.default_rng(seed).integers(0, 12, 16)
    return [(240 * number, 240 * number + 240, int(pitch)) for number, pitch in enumerate(pitches)]


def played(notes: Notes) -> Notes:
    """The same as nobody's machine would have it."""
    shifts = np.random.default_rng(0).integers(0, 60, len(notes))
    return [
        (start + int(shift), end + int(shift) - 5, pitch)
        for (start, end, pitch), shift in zip(notes, shifts, strict=True)
    ]


def held(pitch: int) -> Notes:
    return [(0, 3840, pitch)]


def test_the_encoding_follows_from_what_is_in_a_file(tmp_path: Path) -> None:
    files = {
        "melody": midi_file(tmp_path / "melody.mid", tune(0)),
        "performance": midi_file(tmp_path / "played.mid", played(tune(0))),
        "drums": midi_file(tmp_path / "drums.mid", tune(0, 36), channel=9),
        "chorale": midi_file(tmp_path / "four.mid", *(held(pitch) for pitch in (72, 67, 60, 48))),
        "score": midi_file(tmp_path / "two.mid", tune(0), tune(1, 48)),
    }
    assert {name: MidiDomain().inference.inspect(path) for name, path in files.items()} == {
        name: name for name in files
    }
    (tmp_path / "tune.abc").write_text("X:1\nM:2/4\nL:1/8\nK:C\nCDEF|GABc|\n")
    assert MidiDomain().inference.inspect(tmp_path / "tune.abc") == "melody"


@pytest.mark.parametrize(
    ("kinds", "encoding"),
    [
        (["chorale"] * 3 + ["score"], "chorale"),
        (["chorale", "score"], "score"),
        (["drums"] * 5, "drums"),
        (["performance"] * 2 + ["score"], "performance"),
        (["melody", "melody", "performance", "performance"], "score"),
        ([], "score"),
    ],
)
def test_an_encoding_that_leaves_things_out_must_fit_most_files(kinds: list[str], encoding: str) -> None:
    assert infer_corpus(kinds) == encoding


def test_a_setting_that_the_guess_has_no_use_for_is_told() -> None:
    asked = MidiDomain(MidiDomain.Settings(resolution=12))
    assert asked.inference.infer(["melody"]).encoding == "melody"
    with pytest.raises(InvalidValue, match="only the encodings melody, drums, score have it"):
        asked.inference.infer(["performance"])


def test_a_guess_is_said_and_saved_and_transposed_copies_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "tunes"
    folder.mkdir()
    for number in range(4):
        midi_file(folder / f"{number}.mid", tune(number))
    midi_file(folder / "moved.mid", tune(2, 65), tempo=300_000, program=73)
    corpus = build(MidiDomain(), [folder], tmp_path / "corpus")
    assert corpus.settings["encoding"] == "melody"
    assert corpus.remarks == {"encoding=melody, guessed from 5 of the files": 1}
    assert corpus.dropped == {"a duplicate but for key, tempo or sound": 1}
    assert list(corpus.sources())[-1]["dropped"] == {"a duplicate of 2.mid but for key, tempo or sound": 1}
    chosen = build(MidiDomain(MidiDomain.Settings(encoding="score")), [folder], tmp_path / "chosen")
    assert (chosen.settings["encoding"], chosen.remarks) == ("score", {})


@pytest.mark.parametrize("name", ["melody", "score", "performance", "chorale"])
def test_only_the_same_notes_are_alike(name: str, tmp_path: Path) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding=name))
    voices = [[(start, end, pitch + key) for start, end, pitch in tune(0, 0)] for key in (64, 60, 52, 40)]
    moved = [[(start, end, pitch + 2) for start, end, pitch in voice] for voice in voices]
    other = [[*voices[0][:-1], (*voices[0][-1][:2], voices[0][-1][2] - 1)], *voices[1:]]
    prints = []
    for number, tracks in enumerate((voices, moved, other)):
        (item,) = domain.read(midi_file(tmp_path / f"{number}.mid", *tracks, program=5 * number))
        prints.append(fingerprint(domain.deduplication.key(item)))
    assert prints[0] == prints[1] != prints[2]


def test_drums_have_no_key(tmp_path: Path) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="drums"))
    items = [
        next(domain.read(midi_file(tmp_path / f"{key}.mid", [(0, 240, key), (240, 480, key + 2)], channel=9)))
        for key in (36, 38)
    ]
    assert len({fingerprint(domain.deduplication.key(item)) for item in items}) == 2


def test_a_model_of_another_encoding_is_nothing_to_begin_with() -> None:
    melody, drums = (MidiDomain(MidiDomain.Settings(encoding=name)) for name in ("melody", "drums"))
    assert melody.learning.extend(Learned(melody.vocabulary), ()) == melody.vocabulary
    with pytest.raises(UsageError, match="say encoding=…"):
        melody.learning.extend(Learned(drums.vocabulary), ())
