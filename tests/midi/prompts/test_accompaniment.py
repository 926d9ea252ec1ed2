"""The notes that are given stay, and other players are drawn beside them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import mido
import numpy as np
import pytest
from helpers import drawn_piece, notes_by_program, prompt_for, prompt_item, random_score
from seqgen_midi.domain import MidiDomain


@pytest.mark.parametrize(("asked", "programs"), [("flute", {73}), ("drums", {128}), ("piano, drums", {*range(8), 128})])
def test_what_is_accompanied_stays_and_nothing_else_plays_its_part(
    asked: str, programs: set[int], domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    domain = domains["score"]
    piece = random_score(domain, 8)
    prompt = prompt_for(domain, piece, accompany=asked, key="Cmaj", instruments="Violin, Cello, drums")
    before = notes_by_program(domain, piece, tmp_path / "before")
    others: Counter[int] = Counter()
    for seed in range(4):
        after = notes_by_program(domain, drawn_piece(domain, prompt, seed), tmp_path / str(seed))
        assert all(before[program] == after[program] for program in programs)
        others.update(program for program in range(129) if after[program] and program not in programs)
        assert {note[2] % 12 for program in (40, 42) for note in after[program]} <= {0, 2, 4, 5, 7, 9, 11}
    assert set(others) <= {40, 42, 128}
    assert others[40]
    assert sum(map(len, (before[program] for program in programs)))


def write_band(path: Path, *names: str) -> Path:
    """A file of pianos: each next track plays a third higher, in eighths."""
    file = mido.MidiFile(ticks_per_beat=480)
    for number, name in enumerate(names):
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        for at in range(16):
            track.append(mido.Message("note_on", note=48 + 4 * number + at % 3, velocity=64, channel=number))
            track.append(mido.Message("note_off", note=48 + 4 * number + at % 3, time=240, channel=number))
        file.tracks.append(track)
    file.save(path)
    return path


@pytest.mark.parametrize("names", [("Lead vocal", "Strings", "Piano"), ("Bass", "Melody", "Flute"), ("a", "b", "c")])
def test_the_melody_goes_by_its_name_before_its_pitch(
    names: tuple[str, ...], domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    domain = domains["score"]
    piece = prompt_item(domain, write_band(tmp_path / "band.mid", *names))
    melody = {"Lead vocal": 0, "Melody": 1}.get(names[0] if "vocal" in names[0] else names[1], 2)
    prompt = domain.prompting.prompt(piece, domain.Constraints(accompany="melody", instruments="0"))
    others: Counter[int] = Counter()
    for seed in range(4):
        drawn = drawn_piece(domain, prompt, seed)
        part = np.array([track.part for track in drawn.tracks])[drawn.track]
        kept = drawn.select(part == melody)
        assert kept.pitch.tolist() == [48 + 4 * melody + at % 3 for at in range(16)]
        others.update(part.tolist())
    assert set(others) - {melody}, "the given program is allowed to other players"
