"""Everything asked for holds in every sample exactly; what cannot be had is refused in one sentence."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from grids import Grid
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import EOS, ImpossibleConstraints, InvalidValue, Options, UnknownName, UsageError
from seqgen.grammar import trim


def asked(**values: object) -> Options:
    return MidiDomain().Constraints.from_mapping(values, kind="constraint")


def samples(domain: MidiDomain, count: int = 20, **values: object) -> list[Grid]:
    grammar = domain.grammar(asked(**values))
    rng = np.random.default_rng(7)
    made = []
    for _ in range(count):
        ids = grammar.walk(rng)
        assert domain.grammar().accepts(ids)
        item = domain.decode(ids)
        assert np.array_equal(domain.encode(item).ids, ids)
        made.append(Grid.of(item))
    return made


@pytest.mark.parametrize("bars", ["1", "3", "16"])
def test_bars_are_exactly_so_many_full_ones(domain: MidiDomain, bars: str) -> None:
    items = samples(domain, bars=bars)
    assert all(item.pickup == 0 and len(item.grid) == int(bars) * item.bar for item in items)
    assert len({item.meter for item in items}) > 3


def test_the_time_signature_is_the_one_asked_for(domain: MidiDomain) -> None:
    assert {item.meter for item in samples(domain, time_signature="6/4")} == {"6/4"}
    assert {(item.meter, len(item.grid)) for item in samples(domain, time_signature="6/4", bars=2)} == {("6/4", 48)}


@pytest.mark.parametrize(
    ("key", "scale"),
    [
        ("Cmaj", {0, 2, 4, 5, 7, 9, 11}),
        ("Bbmaj", {10, 0, 2, 3, 5, 7, 9}),
        ("Amin", {9, 11, 0, 2, 4, 5, 6, 7, 8}),
        ("F#min", {6, 8, 9, 11, 1, 2, 3, 4, 5}),
    ],
)
def test_key_keeps_to_its_scale_and_uses_all_of_it(domain: MidiDomain, key: str, scale: set[int]) -> None:
    pitches = {note.pitch % 12 for item in samples(domain, key=key, bars=4) for v in range(4) for note in item.notes(v)}
    assert pitches == scale


def test_range_binds_the_voices_named_and_no_others(domain: MidiDomain) -> None:
    items = samples(domain, 40, range="S:60-65, B:40-40")
    heard = [{note.pitch for item in items for note in item.notes(voice)} for voice in range(4)]
    assert heard[0] == set(range(60, 66))
    assert heard[3] == {40}
    assert (min(heard[1]), max(heard[1])) == (50, 77)


@pytest.mark.parametrize("values", [{"density": "19-20"}, {"density": "10-12", "bars": 2}])
def test_every_full_bar_has_as_many_notes_as_asked(domain: MidiDomain, values: dict) -> None:
    # With one pitch a voice, a note begins in a third of all 48 cells when nothing is asked for.
    items = samples(domain, 10, time_signature="3/4", range="S:60-60,A:60-60,T:60-60,B:60-60", **values)
    least, most = map(int, values["density"].split("-"))
    counts = [
        (item.array()[line : line + item.bar] >= 0).sum()
        for item in items
        for line in item.bar_lines()
        if line + item.bar <= len(item.grid)
    ]
    assert set(counts) <= set(range(least, most + 1))
    assert len(counts) >= 10


@pytest.mark.parametrize(("values", "length"), [({}, ("4/4", 8 * 16)), ({"time_signature": "3/4"}, ("3/4", 11 * 12))])
def test_seconds_are_the_nearest_whole_bars(domain: MidiDomain, values: dict, length: tuple[str, int]) -> None:
    """At 80 quarters a minute 24 seconds are 32 quarters."""
    assert {(item.meter, len(item.grid)) for item in samples(domain, 2, seconds=24, **values)} == {length}


@pytest.mark.parametrize(
    "values",
    [
        {"bars": 16},
        {"bars": 3, "key": "Ebmaj"},
        {"key": "Gmin", "range": "T:50-55"},
        {"density": "9", "time_signature": "3/4"},
    ],
)
def test_the_model_is_told_the_same_classes_with_constraints(domain: MidiDomain, values: dict) -> None:
    whole, narrowed = domain.grammar(), domain.grammar(asked(**values))
    assert narrowed.class_count == whole.class_count
    rng = np.random.default_rng(8)
    for _ in range(30):
        ids = narrowed.walk(rng)
        # What is told after EOS is never looked at: nothing follows.
        told = [grammar.state_class[grammar.unroll(ids)][:-1] for grammar in (whole, narrowed)]
        assert ids[-1] == EOS
        assert np.array_equal(told[0], told[1])


def test_a_continued_piece_is_told_the_same_classes_as_well(domain: MidiDomain, chorale: Piece) -> None:
    whole, prompt = domain.grammar(), domain.prompting.prompt(chorale, asked(bars=4))
    ids = prompt.ids
    assert np.array_equal(whole.state_class[whole.unroll(ids)], prompt.grammar.state_class[prompt.grammar.unroll(ids)])
    assert prompt.grammar.class_count == whole.class_count


@pytest.mark.parametrize(
    "values", [{}, {"bars": 2, "range": "B:40-40"}, {"bars": 1, "time_signature": "2/4", "key": "Cmaj"}]
)
def test_no_state_is_a_dead_end(domain: MidiDomain, values: dict) -> None:
    grammar = domain.grammar(asked(**values))
    assert np.array_equal(trim(grammar).allowed, grammar.allowed)


@pytest.mark.parametrize(("bars", "seconds"), [(16, 2.0), (64, 5.0), (200, 10.0)])
def test_many_bars_need_neither_minutes_nor_endless_tables(domain: MidiDomain, bars: int, seconds: float) -> None:
    began = time.process_time()
    grammar = domain.grammar(asked(bars=bars))
    assert time.process_time() - began < seconds
    assert grammar.state_count < 210_000


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"range": "A:20-30"}, "The alto sings from 50 to 77, and its range was asked to be 20 to 30"),
        ({"key": "Cmaj", "range": "B:61-61"}, "The bass has no pitch of Cmaj between 61 and 61"),
        ({"key": "Cmaj", "range": "T:66-66", "bars": 2}, "The tenor has no pitch of Cmaj between 66 and 66"),
    ],
)
def test_a_voice_left_without_a_pitch_is_refused_by_name(domain: MidiDomain, values: dict, sentence: str) -> None:
    with pytest.raises(ImpossibleConstraints) as caught:
        domain.grammar(asked(**values))
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("key", "H", "a key is a tonic and a mode, such as Cmaj, Amin, F#min, Bbmaj or Ddor"),
        ("key", "Cmajor", "a key is a tonic and a mode"),
        ("range", "X:1-2", "ranges are a voice of S, A, T, B with its lowest and highest MIDI pitch"),
        ("range", "S:70-60", "the lowest pitch of S is above its highest"),
        ("range", "S:60-70,S:61-71", "the voice S stands there twice"),
        ("time_signature", "5/4", "a time signature is one of 4/4"),
        ("bars", "0", "greater than or equal to 1"),
        ("bars", "201", "less than or equal to 200"),
        ("bars", "many", "valid integer"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_could_be(key: str, value: str, sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence) as caught:
        asked(**{key: value})
    assert f"The constraint {key!r} cannot be {value!r}" in str(caught.value)


def test_an_unknown_constraint_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'bars'"):
        asked(bar=4)


def test_without_a_primer_a_prompt_is_bos_alone(domain: MidiDomain) -> None:
    prompt = domain.prompting.prompt(None, asked(bars=4))
    assert prompt.ids.tolist() == [0]
    assert domain.decode(prompt.grammar.walk(np.random.default_rng(0))).end % 4 == 0


@pytest.mark.parametrize("cut", [36, 27, 10, 4])
def test_a_primer_is_continued_from_where_it_stops(domain: MidiDomain, chorale: Piece, cut: int) -> None:
    primer = replace(Grid.of(chorale), grid=Grid.of(chorale).grid[:cut])
    prompt = domain.prompting.prompt(primer.piece(), asked(bars=5))
    assert len(prompt.ids) == 3 + 4 * cut
    whole = Grid.of(domain.decode(prompt.grammar.walk(np.random.default_rng(cut), prompt=prompt.ids)))
    assert whole.grid[:cut] == primer.grid
    assert (whole.meter, whole.pickup, len(whole.grid)) == ("4/4", 4, 4 + 5 * 16)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"bars": 2}, "The prompt has 2 bars and bars=2 was asked for"),
        ({"bars": 1}, "The prompt has 2 bars and bars=1 was asked for"),
        ({"key": "Gbmaj"}, "The prompt's soprano sings pitch 72 in bar 0, against key=Gbmaj"),
        ({"range": "B:44-60"}, "The prompt's bass sings pitch 43 in bar 1, against range=B:44-60"),
        ({"time_signature": "3/4"}, "The prompt is in 4/4 and time_signature=3/4 was asked for"),
    ],
)
def test_a_primer_against_what_was_asked_for_is_refused(
    domain: MidiDomain, chorale: Piece, values: dict, sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        domain.prompting.prompt(chorale, asked(**values))
    assert str(caught.value).startswith(sentence)


def test_a_primer_out_of_range_says_so(domain: MidiDomain, chorale: Piece) -> None:
    high = Grid("4/4", 0, ((100, 67, 60, 48), *Grid.of(chorale).grid)).piece()
    with pytest.raises(UsageError, match="The prompt cannot be continued: a voice leaves its range"):
        domain.prompting.prompt(high)


def test_the_last_voice_must_sing_when_all_others_are_silent_at_the_end(domain: MidiDomain) -> None:
    grammar = domain.grammar(asked(bars=1, time_signature="4/4"))
    names = domain.vocabulary
    rest, hold = names.ids["rest"], names.ids["hold"]
    ids = np.array([0, names.ids["meter:4/4"], names.ids["pickup:0"], *[rest] * 4 * 15])
    silent = grammar.unroll(np.append(ids, [rest] * 3))[-1]
    left = {names[int(number)].split(":")[0] for number in np.flatnonzero(grammar.allowed[silent])}
    assert left == {"pitch"}
    sung = grammar.unroll(np.append(ids, [rest, rest, names.ids["pitch:60"]]))[-1]
    assert grammar.allowed[sung, rest]
    assert not grammar.allowed[sung, hold]
