"""A piece is continued from where it stops, and what cannot be continued is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from grids import Grid
from helpers import chorale_constraints, midi_file, piece_in_bars, prompt_for, prompt_item
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import UsageError


@pytest.mark.parametrize("name", ["melody", "drums", "score", "performance"])
def test_a_piece_is_continued_from_where_it_stops(name: str, domains: dict[str, MidiDomain]) -> None:
    domain = domains[name]
    ids = domain.grammar().walk(np.random.default_rng(5), 20_000)
    prompt = domain.prompting.prompt(domain.decode(ids))
    assert np.array_equal(prompt.ids, ids[:-1])
    more = prompt.grammar.walk(np.random.default_rng(6), 20_000, prompt.ids)
    assert domain.grammar().accepts(more)


def test_a_prompt_out_of_range_is_refused(domains: dict[str, MidiDomain]) -> None:
    domain = domains["performance"]
    piece = domain.decode(domain.grammar().walk(np.random.default_rng(5)))
    with pytest.raises(UsageError, match=r"The prompt has pitch \d+, against range="):
        domain.prompting.prompt(piece, domain.Constraints(range=f"{piece.pitch.max()}-127", key="Cmaj"))


@pytest.mark.parametrize("cut", [36, 27, 10, 4])
def test_a_chorale_is_continued_from_where_it_stops(domain: MidiDomain, chorale: Piece, cut: int) -> None:
    prompted = replace(Grid.of(chorale), grid=Grid.of(chorale).grid[:cut])
    prompt = domain.prompting.prompt(prompted.piece(), chorale_constraints(bars=5))
    assert len(prompt.ids) == 3 + 4 * cut
    whole = Grid.of(domain.decode(prompt.grammar.walk(np.random.default_rng(cut), prompt=prompt.ids)))
    assert whole.grid[:cut] == prompted.grid
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
def test_a_chorale_against_the_constraints_is_refused(
    domain: MidiDomain, chorale: Piece, values: dict, sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        domain.prompting.prompt(chorale, chorale_constraints(**values))
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("name", "tempo", "meters", "seconds", "bars"),
    [
        ("melody", 80, ["3/4", "3/4"], 20.0, 9),
        ("drums", 80, ["5/8"], 10.0, 5),
        ("melody", 80, ["1/4", "6/8"], 12.3, 6),
        ("score", 120, ["4/4", "3/4"], 10.0, 6),
        ("score", 120, ["4/4", "12/8"], 60.0, 20),
        ("melody", 80, ["3/4", "3/4"], 4.0, 2),
    ],
)
def test_seconds_go_on_in_the_meter_and_the_tempo_of_the_prompt(
    name: str, tempo: int, meters: list[str], seconds: float, bars: int, domains: dict[str, MidiDomain]
) -> None:
    domain = domains[name]
    heads = [[f"bar:{meter}", *([f"tempo:{tempo}"] if name == "score" else [])] for meter in meters]
    piece = piece_in_bars(domain, heads)
    prompt = prompt_for(domain, piece, seconds=seconds)
    for seed in range(3):
        made = prompt.grammar.walk(np.random.default_rng(seed), 50_000, prompt.ids)
        whole = [domain.vocabulary[token] for token in made]
        assert [token for token in whole if token.startswith("bar")] == [
            f"bar:{meter}" for meter in [*meters, *meters[-1:] * (bars - len(meters))]
        ]
        assert {token for token in whole if token.startswith("tempo")} <= {f"tempo:{tempo}"}


def test_the_seconds_of_a_performance_begin_with_its_prompt(domains: dict[str, MidiDomain]) -> None:
    domain = domains["performance"]
    ids = domain.grammar(domain.Constraints(seconds=5)).walk(np.random.default_rng(1), 20_000)
    prompt = prompt_for(domain, domain.decode(ids), prompt_seconds=2, seconds=4)
    for seed in range(5):
        piece = domain.decode(prompt.grammar.walk(np.random.default_rng(seed), 20_000, prompt.ids))
        assert 3 <= piece.seconds(piece.start).max() < 4
    with pytest.raises(UsageError, match="keep less of it with prompt_bars or prompt_seconds"):
        prompt_for(domain, domain.decode(ids), seconds=2)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"tempo": "60"}, "The prompt has tempo 120 in bar 1, against tempo=60"),
        ({"time_signature": "3/4"}, "The prompt is in 4/4 and time_signature=3/4 was asked for"),
        ({"bars": 1}, "The prompt has 2 bars and bars=1 was asked for"),
        ({"seconds": 1}, "The prompt lasts 4 seconds, and seconds=1 was asked for"),
        ({"density": "1", "bars": 4}, "The prompt does not fit density=1"),
    ],
)
def test_what_a_score_has_otherwise_is_named(values: dict, sentence: str, domains: dict[str, MidiDomain]) -> None:
    domain = domains["score"]
    piece = piece_in_bars(domain, [["bar:4/4", "tempo:120"]] * 2)
    with pytest.raises(UsageError) as caught:
        prompt_for(domain, piece, **values)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(("name", "meter"), [("melody", "7/8"), ("drums", "5/4"), ("score", "1/8")])
def test_a_piece_in_an_uncommon_meter_is_continued_in_it(name: str, meter: str, domains: dict[str, MidiDomain]) -> None:
    domain = domains[name]
    piece = piece_in_bars(domain, [[f"bar:{meter}", *(["tempo:120"] if name == "score" else [])]] * 2)
    prompt = prompt_for(domain, piece, bars=20)
    ids = prompt.grammar.walk(np.random.default_rng(0), 50_000, prompt.ids)
    bars = [token for token in (domain.vocabulary[int(number)] for number in ids) if token.startswith("bar")]
    assert bars == [f"bar:{meter}"] * 20


@pytest.mark.parametrize("name", ["score", "melody"])
@pytest.mark.parametrize("meter", [(3, 4), (6, 8), (5, 4), (7, 8)])
def test_a_prompt_with_a_pickup_goes_on_in_its_meter(
    name: str, meter: tuple[int, int], domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    bar = 1920 * meter[0] // meter[1]
    starts = range(240, 240 + 3 * bar, 240)
    path = midi_file(tmp_path / "upbeat.mid", [[(0, 200, 60), *((at, at + 200, 60 + at % 7) for at in starts)]],
                     ((0, 1, 8), (240, *meter)))  # fmt: skip
    domain = domains[name]
    piece = prompt_item(domain, path)
    prompt = domain.prompting.prompt(piece, domain.Constraints(bars=9))
    for seed in range(3):
        sample = domain.decode(prompt.grammar.walk(np.random.default_rng(seed), 20_000, prompt.ids))
        assert [row[1:] for row in sample.meters.tolist()] == [[1, 8], list(meter)]


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"instruments": "violin"}, "instruments=violin"),
        ({"velocity": "1-10"}, "velocity=1-10"),
        ({"density": "1-1"}, "density=1-1"),
        ({"density": "1-1", "bars": 30}, "density=1-1"),
        ({"key": "F#maj"}, "key=F#maj"),
        ({"range": "90-100"}, "range=90-100"),
        ({"tempo": "60"}, "tempo=60"),
    ],
)
def test_a_refused_prompt_names_the_constraint(
    values: dict[str, object], constraint: str, domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    domain = domains["score"]
    path = midi_file(tmp_path / "scale.mid", [[(240 * at, 240 * at + 200, 60) for at in range(24)]], ((0, 3, 4),))
    piece = prompt_item(domain, path)
    with pytest.raises(UsageError, match=constraint):
        domain.prompting.prompt(piece, domain.Constraints(**values))
