"""What is asked of a piece holds in every sample exactly, and what cannot be had is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from grids import Grid
from helpers import chorale_constraints
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece
from seqgen_midi.music.tempos import TEMPOS

from seqgen import EOS, ImpossibleConstraints


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


def bars_of(kinds: list[str]) -> list[list[str]]:
    """The kinds of tokens in each bar."""
    lines = [place for place, kind in enumerate(kinds) if kind == "bar"]
    return [kinds[line:end] for line, end in pairwise([*lines, len(kinds)])]


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


def test_constraints_go_together(domains: dict[str, MidiDomain]) -> None:
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


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("score", {"velocity": "1-1"}, "No velocity that the encoding has is left by velocity=1-1"),
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


def chorale_samples(domain: MidiDomain, count: int = 20, **values: object) -> list[Grid]:
    grammar = domain.grammar(chorale_constraints(**values))
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
    items = chorale_samples(domain, bars=bars)
    assert all(item.pickup == 0 and len(item.grid) == int(bars) * item.bar for item in items)
    assert len({item.meter for item in items}) > 3


def test_the_time_signature_of_a_chorale_is_the_one_asked_for(domain: MidiDomain) -> None:
    assert {item.meter for item in chorale_samples(domain, time_signature="6/4")} == {"6/4"}
    assert {(item.meter, len(item.grid)) for item in chorale_samples(domain, time_signature="6/4", bars=2)} == {
        ("6/4", 48)
    }


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
    pitches = {
        note.pitch % 12 for item in chorale_samples(domain, key=key, bars=4) for v in range(4) for note in item.notes(v)
    }
    assert pitches == scale


def test_range_binds_the_voices_named_and_no_others(domain: MidiDomain) -> None:
    items = chorale_samples(domain, 40, range="S:60-65, B:40-40")
    heard = [{note.pitch for item in items for note in item.notes(voice)} for voice in range(4)]
    assert heard[0] == set(range(60, 66))
    assert heard[3] == {40}
    assert (min(heard[1]), max(heard[1])) == (50, 77)


@pytest.mark.parametrize("values", [{"density": "19-20"}, {"density": "10-12", "bars": 2}])
def test_every_full_bar_has_as_many_notes_as_asked(domain: MidiDomain, values: dict) -> None:
    # With one pitch a voice, a note begins in a third of all 48 cells when nothing is asked for.
    items = chorale_samples(domain, 10, time_signature="3/4", range="S:60-60,A:60-60,T:60-60,B:60-60", **values)
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
def test_of_chorales_seconds_are_the_nearest_whole_bars(
    domain: MidiDomain, values: dict, length: tuple[str, int]
) -> None:
    """At 80 quarters a minute 24 seconds are 32 quarters."""
    assert {(item.meter, len(item.grid)) for item in chorale_samples(domain, 2, seconds=24, **values)} == {length}


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
        domain.grammar(chorale_constraints(**values))
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("key", ["Cmaj", "Ddor", "Gmix", "Ephr"])
@pytest.mark.parametrize("name", ["melody", "chorale"])
def test_a_key_is_what_the_last_note_is_in(name: str, key: str) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding=name))
    grammar = domain.grammar(domain.Constraints(bars=2, time_signature="4/4", key=key))
    for seed in range(3):
        piece = domain.decode(grammar.walk(np.random.default_rng(seed), 20_000))
        lowest = piece.pitch[piece.track == piece.track.max()]
        assert int(lowest[-1]) % 12 == {"C": 0, "D": 2, "G": 7, "E": 4}[key[0]]
