"""A new chorale is in one key, ends on its tonic, and knows both ahead."""

from __future__ import annotations

import numpy as np
from helpers import chorale_constraints
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.chorale_conditions import (
    END,
    HEADER,
    KEY,
    columns_in,
    columns_of,
    condition_values,
    estimate_key_of,
)
from seqgen_midi.metrics.part_writing import sounding_pitches
from seqgen_midi.music.keys import COMMON_KEYS, parse_key
from seqgen_midi.music.piece import Piece

from seqgen import EOS, Prompt


def test_a_new_chorale_knows_its_key_and_how_many_columns_are_left(domain: MidiDomain) -> None:
    prompt = resolved(domain.prompting.prompt(None, chorale_constraints(bars=4, key="Ddor")))
    assert prompt.conditions is not None
    assert prompt.unconditional is not None
    assert prompt.guidance > 1
    # The meter and the pickup say how long four bars are, so they are drawn first.
    assert prompt.conditions.after == HEADER
    header = prompt.grammar.walk(np.random.default_rng(0))[:HEADER]
    known = prompt.conditions.draw(header, np.random.default_rng(0))
    expected = condition_values(columns_in(header, 4), parse_key("Dmin"), has_end=True)
    np.testing.assert_array_equal(known, expected)


def test_a_new_chorale_draws_a_key_and_a_continued_one_keeps_its_own(domain: MidiDomain, chorale: Piece) -> None:
    new, continued = domain.prompting.prompt(), domain.prompting.prompt(chorale)
    drawn = [known_of(resolved(one, seed), continued.ids)[5, KEY] for one in (new, continued) for seed in range(20)]
    assert len(set(drawn[:20])) > 5
    assert set(drawn[20:]) == {1 + COMMON_KEYS.index(estimate_key_of(columns_of(continued.ids)))}


def test_a_new_chorale_ends_on_the_tonic_of_the_key_that_is_drawn(domain: MidiDomain) -> None:
    prompt = domain.prompting.prompt(None, chorale_constraints(bars=2, time_signature="4/4"))
    for seed in range(5):
        one = resolved(prompt, seed)
        document = one.grammar.walk(np.random.default_rng(seed), 5000)
        key = COMMON_KEYS[known_of(one, document)[5, KEY] - 1]
        final = sounding_pitches(domain.decode(document))[-1] % 12
        assert final[-1] == key.tonic
        assert any(set(final.tolist()) <= set(triad) for triad in key.final_triads)


def test_a_chorale_without_a_number_of_bars_has_a_length_of_bach_and_a_continued_one_goes_on(
    domain: MidiDomain, chorale: Piece
) -> None:
    prompt, lengths = domain.prompting.prompt(None, chorale_constraints(time_signature="4/4")), set()
    for seed in range(8):
        one = resolved(prompt, seed)
        document = one.grammar.walk(np.random.default_rng(seed), 5000)
        columns = columns_of(document)
        assert known_of(one, document)[:, END].argmax() == 1
        assert len(known_of(one, document)) == len(columns) + 2
        lengths.add(len(columns) // 16)
        assert len(columns) % 16 == 0
    assert len(lengths) > 2
    assert min(lengths) >= 9
    assert max(lengths) <= 18
    continued = resolved(domain.prompting.prompt(chorale))
    document = continued.grammar.walk(np.random.default_rng(0), 5000, continued.ids)
    assert document[-1] == EOS
    assert len(domain.encoding.bars(document[:-1])) >= len(domain.encoding.bars(continued.ids)) + 4


def test_where_no_voice_can_sing_the_tonic_triad_any_end_will_do(domain: MidiDomain) -> None:
    prompt = domain.prompting.prompt(None, chorale_constraints(bars=2, range="B:43-44"))
    grammars = [resolved(prompt, seed).grammar for seed in range(20)]
    assert any(grammar is prompt.grammar for grammar in grammars)
    assert any(grammar is not prompt.grammar for grammar in grammars)


def resolved(prompt: Prompt, seed: int = 0) -> Prompt:
    """Returns the prompt of one sample."""
    assert prompt.choice is not None
    one = prompt.choice.resolve(prompt.choice.draw(np.random.default_rng(seed)))
    assert one.choice is None
    return one


def known_of(prompt: Prompt, ids: np.ndarray, seed: int = 0) -> np.ndarray:
    """Returns what is known ahead of a document that begins with `ids`."""
    assert prompt.conditions is not None
    return prompt.conditions.draw(ids, np.random.default_rng(seed))
