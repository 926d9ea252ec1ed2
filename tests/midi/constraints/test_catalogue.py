"""What is asked of a piece holds in every sample; what cannot be had is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece
from seqgen_midi.music.tempos import TEMPOS

from seqgen import EOS, ImpossibleConstraints, InvalidValue, UnknownName, UsageError
from seqgen.grammar import trim


def samples(domain: MidiDomain, count: int = 8, **values: object) -> Iterator[tuple[np.ndarray, Piece]]:
    """Whole documents under constraints, each of which the domain's own grammar takes too."""
    grammar = domain.grammar(domain.Constraints.from_mapping(values, "constraint"))
    rng = np.random.default_rng(3)
    for _ in range(count):
        ids = grammar.walk(rng, 20_000)
        assert ids[-1] == EOS
        assert domain.grammar().accepts(ids)
        whole, narrow = (one.state_class[one.unroll(ids)][:-1] for one in (domain.grammar(), grammar))
        assert np.array_equal(whole, narrow)
        yield ids, domain.decode(ids)


def names(domain: MidiDomain, ids: np.ndarray, kind: str) -> list[str]:
    """The values of the tokens of a kind."""
    return [
        domain.vocabulary[int(number)].split(":")[1]
        for number in ids
        if domain.vocabulary[int(number)].startswith(f"{kind}:")
    ]


@pytest.mark.parametrize("name", ["melody", "drums", "score"])
@pytest.mark.parametrize("bars", ["1", "5"])
def test_bars_are_exactly_so_many(name: str, bars: str, domains: dict[str, MidiDomain]) -> None:
    made = list(samples(domains[name], bars=bars))
    assert {len(names(domains[name], ids, "bar")) for ids, _ in made} == {int(bars)}
    assert len({meter for ids, _ in made for meter in names(domains[name], ids, "bar")}) > 2


@pytest.mark.parametrize("name", ["melody", "drums", "score"])
def test_the_time_signature_is_the_one_asked_for(name: str, domains: dict[str, MidiDomain]) -> None:
    for ids, piece in samples(domains[name], time_signature="7/8", bars=3):
        assert names(domains[name], ids, "bar") == ["7/8"] * 3
        assert piece.meters.tolist() == [[0, 7, 8]]


@pytest.mark.parametrize("seconds", [0.005, 0.5, 1, 7.25])
def test_the_last_note_of_a_performance_begins_within_the_last_second(
    seconds: float, domains: dict[str, MidiDomain]
) -> None:
    for _, piece in samples(domains["performance"], seconds=seconds, key="Cmaj", range="60-70"):
        begins = piece.seconds(piece.start)
        assert max(0, seconds - 1) <= begins.max() <= max(0, seconds - 0.01) + 1e-9
        assert set(piece.pitch.tolist()) <= {60, 62, 64, 65, 67, 69}


@pytest.mark.parametrize("name", ["melody", "score", "performance"])
@pytest.mark.parametrize(
    ("key", "scale"),
    [
        ("Ddor", {2, 4, 5, 7, 9, 11, 0}),
        ("F#min", {6, 8, 9, 11, 1, 2, 3, 4, 5}),
        ("Ephr", {4, 5, 7, 9, 11, 0, 2}),
        ("Flyd", {5, 7, 9, 11, 0, 2, 4}),
        ("Gmix", {7, 9, 11, 0, 2, 4, 5}),
        ("Bbloc", {10, 11, 1, 3, 4, 6, 8}),
    ],
)
def test_a_key_of_any_mode_is_kept(name: str, key: str, scale: set[int], domains: dict[str, MidiDomain]) -> None:
    pitches = {int(pitch) % 12 for _, piece in samples(domains[name], key=key) for pitch in piece.pitch[~piece.is_drum]}
    assert pitches <= scale
    assert len(pitches) > 4


def test_chord_symbols_keep_to_the_key(domains: dict[str, MidiDomain]) -> None:
    chords = {
        chord
        for ids, _ in samples(domains["melody"], 30, key="Cmaj")
        for chord in names(domains["melody"], ids, "chord")
    }
    assert {"Am", "G7"} <= chords <= {
        "C", "Dm", "Em", "F", "G", "Am", "Bdim", "Cmaj7", "Fmaj7", "Dm7", "Em7", "Am7", "G7", "Bm7b5", "Csus4", "Dsus4",
        "Esus4", "Gsus4", "Asus4",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["melody", "score", "performance"])
def test_a_range_is_kept(name: str, domains: dict[str, MidiDomain]) -> None:
    pitches = {
        int(pitch) for _, piece in samples(domains[name], range="60-63") for pitch in piece.pitch[~piece.is_drum]
    }
    assert pitches == {60, 61, 62, 63}


@pytest.mark.parametrize("name", ["score", "performance"])
def test_velocities_are_kept(name: str, domains: dict[str, MidiDomain]) -> None:
    heard = {int(velocity) for _, piece in samples(domains[name], velocity="40-50") for velocity in piece.velocity}
    assert len(heard) > 1
    assert min(heard) >= 40
    assert max(heard) <= 50


def test_tempos_are_kept(domains: dict[str, MidiDomain]) -> None:
    for ids, piece in samples(domains["score"], tempo="100-120"):
        assert {int(tempo) for tempo in names(domains["score"], ids, "tempo")} <= {100, 104, 108, 112, 116, 120}
        assert all(100 <= 60e6 / microseconds <= 120.001 for _, microseconds in piece.tempos.tolist())
    assert {60, 72, 100, 120, 144, 208} <= set(TEMPOS.tolist())


@pytest.mark.parametrize(
    ("asked", "programs", "drums"),
    [
        ("piano,bass,drums", {*range(8), *range(32, 40)}, True),
        ("Violin", {40}, False),
        ("drums", set(), True),
        ("0", {0}, False),
    ],
)
def test_nothing_but_the_instruments_plays(
    asked: str, programs: set[int], drums: bool, domains: dict[str, MidiDomain]
) -> None:
    tracks = {track for _, piece in samples(domains["score"], 12, instruments=asked) for track in piece.tracks}
    assert {track.program for track in tracks if not track.is_drums} <= programs
    assert any(track.is_drums for track in tracks) == drums
    assert bool(programs) == any(not track.is_drums for track in tracks)


def test_nothing_but_the_drums_named_is_hit(domains: dict[str, MidiDomain]) -> None:
    hits = {
        hit
        for ids, _ in samples(domains["drums"], instruments="kick, snare")
        for hit in names(domains["drums"], ids, "hit")
    }
    assert hits == {"kick", "snare"}


@pytest.mark.parametrize("name", ["melody", "drums", "score"])
@pytest.mark.parametrize("values", [{"density": "3-5"}, {"density": "2", "bars": 3}])
def test_every_bar_has_as_many_notes_as_asked(name: str, values: dict, domains: dict[str, MidiDomain]) -> None:
    least, most = (3, 5) if "bars" not in values else (2, 2)
    counts = [
        sum(name in ("pitch", "drum", "hit") for name in bar)
        for ids, _ in samples(domains[name], time_signature="3/4", **values)
        for bar in bars_of([domains[name].vocabulary[int(number)].split(":")[0] for number in ids[1:-1]])
    ]
    assert set(counts) <= set(range(least, most + 1))
    assert len(counts) >= 8


def bars_of(kinds: list[str]) -> list[list[str]]:
    """The kinds of tokens in each bar."""
    lines = [place for place, kind in enumerate(kinds) if kind == "bar"]
    return [kinds[line:end] for line, end in pairwise([*lines, len(kinds)])]


@pytest.mark.parametrize(
    ("name", "values", "seconds"),
    [
        ("melody", {"seconds": "30"}, 30.0),
        ("drums", {"seconds": "8", "time_signature": "3/4"}, 9.0),
        ("score", {"seconds": "16.1", "tempo": "120"}, 16.0),
    ],
)
def test_seconds_are_the_nearest_whole_bars(
    name: str, values: dict, seconds: float, domains: dict[str, MidiDomain]
) -> None:
    domain = domains[name]
    tempo = 120 if name == "score" else domain.settings.tempo
    for ids, piece in samples(domain, 3, **values):
        quarters = sum(4 * piece.meters[0][1] / piece.meters[0][2] for _ in names(domain, ids, "bar"))
        assert 60 * quarters / tempo == pytest.approx(seconds)


def test_wishes_go_together(domains: dict[str, MidiDomain]) -> None:
    values = {
        "bars": 2,
        "key": "Amin",
        "range": "57-64",
        "instruments": "Flute",
        "tempo": "88",
        "time_signature": "3/4",
    }
    for ids, piece in samples(domains["score"], **values):
        assert names(domains["score"], ids, "bar") == ["3/4"] * 2
        assert names(domains["score"], ids, "tempo") == ["88"] * 2
        assert {track.program for track in piece.tracks} == {73}
        assert set(piece.pitch.tolist()) <= {57, 59, 60, 62, 64}


@pytest.mark.parametrize("name", ["melody", "drums", "score"])
def test_many_bars_leave_no_dead_end_and_keep_the_commonest_meters(name: str, domains: dict[str, MidiDomain]) -> None:
    grammar = domains[name].grammar(domains[name].Constraints(bars=32))
    assert grammar.state_count <= 20_000
    assert np.array_equal(trim(grammar).allowed, grammar.allowed)
    assert grammar.allowed[grammar.start, domains[name].vocabulary.ids["bar:4/4"]]


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("score", {"velocity": "1-1"}, "No velocity that the encoding has is left by velocity=1-1"),
        ("score", {"tempo": "121"}, "No tempo that the encoding has is left by tempo=121"),
        ("melody", {"key": "Cmaj", "range": "61-61"}, "No pitch that the encoding has is left by range=61-61"),
        ("score", {"bars": 200, "time_signature": "7/4"}, "200 bars need an automaton of"),
        ("melody", {"seconds": 3000}, "3000 seconds are 1000 bars at 80 quarters a minute, and 200 are the most"),
        ("score", {"density": "0-400", "time_signature": "4/4"}, "Counting up to 400 notes in every bar needs"),
        ("melody", {"density": "20", "time_signature": "4/4"}, "No sequence satisfies"),
    ],
)
def test_what_cannot_be_is_refused(name: str, values: dict, sentence: str, domains: dict[str, MidiDomain]) -> None:
    with pytest.raises(ImpossibleConstraints) as caught:
        domains[name].grammar(domains[name].Constraints.from_mapping(values, "constraint"))
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("name", "values", "error", "sentence"),
    [
        ("drums", {"key": "Cmaj"}, UnknownName, "There is no constraint 'key'"),
        ("performance", {"bars": 2}, UnknownName, "There is no constraint 'bars'"),
        ("chorale", {"tempo": "80"}, UnknownName, "There is no constraint 'tempo'"),
        ("melody", {"time_signature": "4/3"}, InvalidValue, "a time signature is one of 4/4, 3/4"),
        ("melody", {"key": "Cfoo"}, InvalidValue, "a key is a tonic and a mode"),
        ("score", {"range": "70-60"}, InvalidValue, "the lowest value is above the highest"),
        ("drums", {"fill": "2", "variation": 0.5}, InvalidValue, "ask for one"),
        ("drums", {"variation": 1.5}, InvalidValue, "a share of the bars"),
        ("drums", {"variation_seed": 1}, InvalidValue, "ask for variation too"),
        ("performance", {"density": "2"}, UnknownName, "There is no constraint 'density'"),
        ("score", {"tempo": "fast"}, InvalidValue, "such as 60-79"),
    ],
)
def test_a_wrong_wish_is_named(name: str, values: dict, error: type, sentence: str) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding=name))
    with pytest.raises(error, match=sentence):
        domain.Constraints.from_mapping(values, "constraint")


def test_unknown_instruments_suggest_the_nearest(domains: dict[str, MidiDomain]) -> None:
    for name, asked, near in (("score", "violine", "violin"), ("drums", "kik", "kick")):
        with pytest.raises(UnknownName, match=f"did you mean '{near}'"):
            domains[name].grammar(domains[name].Constraints(instruments=asked))


def test_the_domain_names_every_constraint_and_the_encodings_that_know_it(domains: dict[str, MidiDomain]) -> None:
    described = MidiDomain.Constraints.model_fields
    for name, domain in [("chorale", MidiDomain()), *domains.items()]:
        for field in domain.Constraints.model_fields:
            assert name in described[field].description
        assert set(domain.Constraints.model_fields) <= set(described)
    assert "performance" not in described["bars"].description
    assert described["range"].description.startswith("MIDI pitches by voice: S:60-79,B:40-60 (chorale); lowest")


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("score", {"seconds": 9}, "ask for one, such as tempo=120"),
        ("score", {"seconds": 9, "tempo": "100-120"}, "ask for one, such as tempo=120"),
        ("melody", {"seconds": 9, "bars": 4}, "bars and seconds both say how long"),
        ("chorale", {"seconds": 9, "bars": 4}, "bars and seconds both say how long"),
    ],
)
def test_wishes_that_contradict_one_another_are_refused(name: str, values: dict, sentence: str) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding=name))
    with pytest.raises(UsageError, match=sentence):
        domain.grammar(domain.Constraints.from_mapping(values, "constraint"))


@pytest.mark.parametrize("name", ["melody", "drums", "score", "performance"])
def test_a_piece_is_continued_from_where_it_stops(name: str, domains: dict[str, MidiDomain]) -> None:
    domain = domains[name]
    ids = domain.grammar().walk(np.random.default_rng(5), 20_000)
    prompt = domain.prompting.prompt(domain.decode(ids))
    assert np.array_equal(prompt.ids, ids[:-1])
    more = prompt.grammar.walk(np.random.default_rng(6), 20_000, prompt.ids)
    assert domain.grammar().accepts(more)


def test_a_primer_against_what_was_asked_for_is_refused(domains: dict[str, MidiDomain]) -> None:
    domain = domains["performance"]
    piece = domain.decode(domain.grammar().walk(np.random.default_rng(5)))
    with pytest.raises(UsageError, match=r"The prompt has pitch \d+, against range="):
        domain.prompting.prompt(piece, domain.Constraints(range=f"{piece.pitch.max()}-127", key="Cmaj"))
