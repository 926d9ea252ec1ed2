"""The notes that are given stay, and other players are drawn beside them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from helpers import drawn_piece, notes_by_program, prompt_for, random_score
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
