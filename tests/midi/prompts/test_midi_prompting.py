"""Prompts from files and without one."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
from grids import Grid
from helpers import chorale_constraints, document, drawn_piece, prompt_for, prompt_item
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.chorale_conditions import (
    columns_of,
    condition_values,
    estimate_key_of,
)
from seqgen_midi.music.piece import Piece

from seqgen import EOS, Prompt, UsageError


def test_a_melody_alone_is_read_as_a_prompt_and_harmonised_in_the_voice_that_is_named(tmp_path: Path) -> None:
    domain = MidiDomain()
    midi = pretty_midi.PrettyMIDI(initial_tempo=80)
    tune = [60, 62, 64, 60, 62, 64, 60, 59]
    midi.instruments.append(pretty_midi.Instrument(0))
    midi.instruments[0].notes = [
        pretty_midi.Note(90, pitch, 0.75 * place, 0.75 * (place + 1)) for place, pitch in enumerate(tune)
    ]
    midi.write(str(tmp_path / "tune.mid"))
    with pytest.raises(Exception, match="not in four voices"):
        list(domain.read(tmp_path / "tune.mid"))
    melody = prompt_item(domain, tmp_path / "tune.mid")
    made = Grid.of(drawn_piece(domain, prompt_for(domain, melody, harmonise="T")))
    assert [note.pitch for note in made.notes(2)] == tune
    assert all(made.notes(voice) for voice in (0, 1, 3))
    with pytest.raises(UsageError, match="The prompt has no alto and no tenor and no bass"):
        prompt_for(domain, melody)


def test_without_a_piece_a_prompt_is_bos_alone(domain: MidiDomain) -> None:
    prompt = domain.prompting.prompt(None, chorale_constraints(bars=4))
    assert prompt.ids.tolist() == [0]
    assert domain.decode(prompt.grammar.walk(np.random.default_rng(0))).end % 4 == 0


def test_parallels_and_crossings_are_forbidden_with_and_without_a_piece(domain: MidiDomain, chorale: Piece) -> None:
    for has_parallels, has_crossings in itertools.product((False, True), repeat=2):
        forbidden = domain.encoding.relations(has_parallels=has_parallels, has_crossings=has_crossings)
        assert (forbidden is None) == (has_parallels and has_crossings)
        asked = {"parallels": has_parallels, "crossings": has_crossings}
        for piece in (None, chorale):
            assert domain.prompting.prompt(piece, chorale_constraints(**asked)).relations is forbidden
        harmonised = chorale_constraints(**asked, harmonise="S")
        assert domain.prompting.prompt(chorale, harmonised).relations is forbidden
    assert domain.prompting.prompt(chorale, chorale_constraints()).relations is None


def test_a_harmonisation_knows_the_given_voices_their_key_and_the_end(domain: MidiDomain, chorale: Piece) -> None:
    prompt = prompt_for(domain, chorale, harmonise="SB")
    assert prompt.conditions is not None
    known = prompt.conditions.draw(prompt.ids, np.random.default_rng(0))
    columns = columns_of(domain.encode(chorale).ids)
    given = np.where(np.isin(np.arange(4), [0, 3]), columns, -1)
    expected = condition_values(len(columns), estimate_key_of(given), has_end=True, tokens=given)
    np.testing.assert_array_equal(known, expected)


def drawn_with_mask(domain: MidiDomain, prompt: Prompt, seed: int) -> Piece:
    """A piece drawn by chance, token by token, among those that the grammar, its budget and `next_tokens` allow."""
    rng, ids = np.random.default_rng(seed), prompt.ids
    assert prompt.next_tokens is not None
    while ids[-1] != EOS:
        allowed = prompt.grammar.allowed[prompt.grammar.unroll(ids)[-1]] & prompt.next_tokens(ids)
        if prompt.grammar.budget is not None:
            allowed &= prompt.grammar.budget.allowed(prompt.grammar.budget.remaining(ids))
        # Otherwise most pieces end after a note.
        others = allowed & (np.arange(len(allowed)) != EOS)
        ids = np.append(ids, rng.choice(np.flatnonzero(others if others.any() else allowed))).astype(np.int32)
    return domain.decode(ids)


@pytest.mark.parametrize(("density", "seconds"), [("2-4", 4), ("3", 3), ("0-1", 5)])
def test_each_full_second_of_a_performance_has_as_many_notes_as_requested(
    density: str, seconds: int, domains: dict[str, MidiDomain]
) -> None:
    domain = domains["performance"]
    lowest, highest = map(int, (density.split("-") * 2)[:2])
    notes = " ".join(["pitch:60 velocity:82 duration:5"] * highest)
    for piece in (None, domain.decode(document(domain, f"shift:20 {notes}"))):
        prompt = prompt_for(domain, piece, density=density, seconds=seconds, range="60-64")
        begins = drawn_with_mask(domain, prompt, seed=3).start
        counts = np.bincount(begins // 100)
        assert counts.max() <= highest
        assert counts[:-1].min() >= lowest
        assert len(counts) == seconds


def test_a_performance_of_another_density_is_refused_as_a_prompt(domains: dict[str, MidiDomain]) -> None:
    domain = domains["performance"]
    note = "velocity:82 duration:5"
    piece = domain.decode(document(domain, f"pitch:60 {note} shift:100 shift:30 pitch:60 {note} pitch:62 {note}"))
    prompt_for(domain, piece, density="1-2")
    prompt_for(domain, piece, density="1", prompt_seconds=1)
    for density in ("1", "2-5"):
        with pytest.raises(UsageError, match=f"does not fit density={density}: a second of it has another number"):
            prompt_for(domain, piece, density=density)
