"""What is given stays, note for note, as other programs read the files; what is found around it is as asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi
import pytest
from grids import Grid
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import Grammar, Prompt, UsageError
from seqgen.grammar import concatenate, intersect, one_of, repeat, sequences

BAR = 4 * 60 / 80
"""Seconds of a bar of 4/4 as the domain writes it."""


def ask(domain: MidiDomain, item: Any, **values: object) -> Prompt:
    return domain.prompting.prompt(item, domain.Constraints.from_mapping(values, "constraint"))


def found(domain: MidiDomain, prompt: Prompt, seed: int = 0) -> Any:
    """A piece drawn by chance around what a prompt gives."""
    rng, ids = np.random.default_rng(seed), prompt.ids.tolist()
    state = int(prompt.grammar.unroll(prompt.ids)[-1])
    if isinstance(prompt.given, Grammar):
        ids = prompt.given.walk(rng, 20_000, prompt.ids).tolist()
    for token in prompt.given.tolist() if isinstance(prompt.given, np.ndarray) else ():
        legal = np.flatnonzero(prompt.grammar.allowed[state])
        ids.append(int(rng.choice(legal[(legal > 1) & (legal != -1 - token)])) if token < 0 else token)
        assert ids[-1] in legal
        state = int(prompt.grammar.next_state[state, ids[-1]])
    assert domain.grammar().accepts(np.array(ids)) or prompt.grammar.accepts(np.array(ids))
    return domain.decode(np.array(ids, np.int32))


def in_bars_of(domain: MidiDomain, heads: list[list[str]], silent: frozenset[int] = frozenset()) -> Any:
    """A piece made by chance whose bars begin with these tokens; those numbered `silent` have no note."""
    size = len(domain.vocabulary)
    names = [token.partition(":")[0] for token in domain.vocabulary]
    parts = []
    for number, head in enumerate(heads):
        no_music = {"<bos>", "<eos>", "bar", "tempo", *(("pitch", "hold", "position") if number in silent else ())}
        parts.append(sequences([[domain.vocabulary.ids[token] for token in head]], size))
        parts.append(repeat(one_of(~np.isin(names, list(no_music)))))
    grammar = intersect(domain.grammar(), concatenate(*parts))
    return domain.decode(grammar.walk(np.random.default_rng(5), 50_000))


def heard(domain: MidiDomain, item: Any, path: Path) -> list[Counter[tuple[float, float, int]]]:
    """By programme (128 is the drums), the notes that pretty_midi reads in the file of a piece: start, end, pitch."""
    (file,) = domain.write(item, path)
    programs: list[Counter[tuple[float, float, int]]] = [Counter() for _ in range(129)]
    for instrument in pretty_midi.PrettyMIDI(str(file)).instruments:
        notes = [(round(note.start, 3), round(note.end, 3), note.pitch) for note in instrument.notes]
        programs[128 if instrument.is_drum else instrument.program].update(notes)
    return programs


def voices_heard(domain: MidiDomain, item: Piece, path: Path) -> list[list[tuple[float, float, int]]]:
    (file,) = domain.write(item, path)
    return [
        [(round(note.start, 3), round(note.end, 3), note.pitch) for note in instrument.notes]
        for instrument in pretty_midi.PrettyMIDI(str(file)).instruments
    ]


@pytest.mark.parametrize("letters", ["S", "B", "sa", "SAB"])
def test_the_voices_that_are_given_are_sung_note_for_note(
    domain: MidiDomain, chorale: Piece, letters: str, tmp_path: Path
) -> None:
    made = found(domain, ask(domain, chorale, harmonise=letters))
    given, drawn = Grid.of(chorale), Grid.of(made)
    before, after = (voices_heard(domain, item, tmp_path / name) for item, name in ((chorale, "a"), (made, "b")))
    for voice, letter in enumerate("SATB"):
        assert (before[voice] == after[voice]) == (letter in letters.upper())
    assert (drawn.meter, drawn.pickup, len(drawn.grid)) == (given.meter, given.pickup, len(given.grid))


def test_only_the_voices_found_keep_to_key_and_range(domain: MidiDomain, chorale: Piece) -> None:
    made = Grid.of(found(domain, ask(domain, chorale, harmonise="S", key="Dmaj", range="S:79-81, T:50-60")))
    assert [note.pitch for note in made.notes(0)] == [note.pitch for note in Grid.of(chorale).notes(0)]
    lower = {note.pitch for voice in (1, 2, 3) for note in made.notes(voice)}
    assert {pitch % 12 for pitch in lower} == {2, 4, 6, 7, 9, 11, 1}
    assert {note.pitch for note in made.notes(2)} == {50, 52, 54, 55, 57, 59}


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
    (melody,) = domain.prompting.read(tmp_path / "tune.mid")
    made = Grid.of(found(domain, ask(domain, melody, harmonise="T")))
    assert [note.pitch for note in made.notes(2)] == tune
    assert all(made.notes(voice) for voice in (0, 1, 3))
    with pytest.raises(UsageError, match="The prompt has no alto and no tenor and no bass"):
        ask(domain, melody)


@pytest.mark.parametrize(
    ("asked", "bars"), [({"fill": "2"}, {2}), ({"fill": "2-3"}, {2, 3}), ({"variation": 0.5}, None)]
)
def test_bars_around_those_drawn_again_are_unchanged(
    domain: MidiDomain, chorale: Piece, asked: dict, bars: set[int] | None, tmp_path: Path
) -> None:
    grid = Grid.of(chorale)
    long = replace(grid, grid=grid.grid + grid.grid[4:] * 2)
    made = found(domain, ask(domain, long.piece(), **asked))
    before, after = (voices_heard(domain, item, tmp_path / name) for item, name in ((long.piece(), "a"), (made, "b")))
    pickup = 0.75

    def bars_of(note: tuple[float, float, int]) -> set[int]:
        return {int((time - pickup) // BAR) + 1 for time in (note[0] + 0.01, note[1] - 0.01)}

    changed = {bar for a, b in zip(before, after, strict=True) for note in set(a) ^ set(b) for bar in bars_of(note)}
    assert changed == bars if bars else len(changed) == 3
    if bars is None:
        assert long.bar_of(len(long.grid) - 1) == 6


def test_another_seed_varies_other_bars(domain: MidiDomain, chorale: Piece) -> None:
    grid = Grid.of(chorale)
    long = replace(grid, grid=grid.grid + grid.grid[4:] * 3).piece()
    holes = set()
    for seed in range(6):
        prompt = ask(domain, long, variation=0.2, variation_seed=seed)
        holes.add(len(prompt.ids))
    assert len(holes) > 2


@pytest.mark.parametrize("name", ["melody", "drums", "score"])
def test_pieces_are_filled_in_between_what_stays(name: str, domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    domain = domains[name]
    piece = domain.decode(
        domain.grammar(domain.Constraints(bars=4, time_signature="3/4")).walk(np.random.default_rng(4), 20_000)
    )
    prompt = ask(domain, piece, fill="2-3")
    grid = 3 * piece.resolution
    seen = []
    for seed in range(3):
        made = found(domain, prompt, seed)
        rows = [
            sorted(
                (int(start), int(duration), int(pitch))
                for start, duration, pitch in zip(item.start, item.duration, item.pitch, strict=True)
                if not grid <= start < 3 * grid
            )
            for item in (piece, made)
        ]
        assert rows[0] == rows[1]
        assert piece.meters.tolist() == made.meters.tolist()
        assert piece.tempos.tolist() == made.tempos.tolist()
        seen.append(heard(domain, made, tmp_path / str(seed)))
    assert seen[0] != seen[1] != seen[2]


def score(domain: MidiDomain, seed: int) -> Any:
    wishes = domain.Constraints(bars=3, time_signature="4/4", instruments="flute,piano,drums")
    return domain.decode(domain.grammar(wishes).walk(np.random.default_rng(seed), 20_000))


@pytest.mark.parametrize(("asked", "programs"), [("flute", {73}), ("drums", {128}), ("piano, drums", {*range(8), 128})])
def test_what_is_accompanied_stays_and_nothing_else_plays_its_part(
    asked: str, programs: set[int], domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    domain = domains["score"]
    piece = score(domain, 8)
    prompt = ask(domain, piece, accompany=asked, key="Cmaj", instruments="Violin, Cello, drums")
    before = heard(domain, piece, tmp_path / "before")
    others: Counter[int] = Counter()
    for seed in range(4):
        after = heard(domain, found(domain, prompt, seed), tmp_path / str(seed))
        assert all(before[program] == after[program] for program in programs)
        others.update(program for program in range(129) if after[program] and program not in programs)
        assert {note[2] % 12 for program in (40, 42) for note in after[program]} <= {0, 2, 4, 5, 7, 9, 11}
    assert set(others) <= {40, 42, 128}
    assert others[40]
    assert sum(map(len, (before[program] for program in programs)))


def test_chord_symbols_are_found_for_a_melody(domains: dict[str, MidiDomain]) -> None:
    domain = domains["melody"]
    piece = domain.decode(domain.grammar(domain.Constraints(bars=8)).walk(np.random.default_rng(2), 20_000))
    made = found(domain, ask(domain, piece, harmonise=True, key="Gmaj"))
    for column, given in zip(made.notes, piece.notes, strict=True):
        assert np.array_equal(column, given)
    assert len(made.chords)
    assert set(made.chords[:, 1].tolist()) <= {7, 9, 11, 0, 2, 4, 6}


def test_so_many_bars_of_a_prompt_are_kept(domain: MidiDomain, chorale: Piece, domains: dict[str, MidiDomain]) -> None:
    assert len(ask(domain, chorale, prompt_bars=1, bars=3).ids) == 3 + 4 * (4 + 16)
    for name in ("melody", "drums", "score"):
        other = domains[name]
        ids = other.grammar(other.Constraints(bars=5)).walk(np.random.default_rng(1), 20_000)
        prompt = ask(other, other.decode(ids), prompt_bars=2, bars=4)
        lines = [place for place, token in enumerate(ids) if other.vocabulary[int(token)].startswith("bar")]
        assert prompt.ids.tolist() == ids[: lines[2]].tolist()


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("melody", {"fill": "2"}),
        ("melody", {"fill": "3"}),
        ("melody", {"harmonise": True}),
        ("score", {"fill": "2"}),
        ("score", {"fill": "3"}),
    ],
)
def test_a_prompt_may_be_kept_up_to_a_silent_bar(name: str, asked: dict, domains: dict[str, MidiDomain]) -> None:
    domain = domains[name]
    heads = [["bar:2/4", *(["tempo:120"] if name == "score" else [])]] * 4
    piece = in_bars_of(domain, heads, silent=frozenset([2]))
    made = found(domain, ask(domain, piece, prompt_bars=3, **asked))
    bar = 2 * piece.resolution

    def begun_in(item: Any, number: int) -> list[tuple[int, int]]:
        inside = item.start // bar == number
        return sorted(zip(item.start[inside].tolist(), item.pitch[inside].tolist(), strict=True))

    assert begun_in(made, 0) == begun_in(piece, 0)
    assert (begun_in(made, 1) == begun_in(piece, 1)) == (asked != {"fill": "2"})
    assert bool(begun_in(made, 2)) == (asked == {"fill": "3"})
    assert not begun_in(made, 3)


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
    piece = in_bars_of(domain, heads)
    prompt = ask(domain, piece, seconds=seconds)
    for seed in range(3):
        made = prompt.grammar.walk(np.random.default_rng(seed), 50_000, prompt.ids)
        whole = [domain.vocabulary[token] for token in made]
        assert [token for token in whole if token.startswith("bar")] == [
            f"bar:{meter}" for meter in [*meters, *meters[-1:] * (bars - len(meters))]
        ]
        assert {token for token in whole if token.startswith("tempo")} <= {f"tempo:{tempo}"}


def test_so_many_seconds_of_a_performance_are_kept(domains: dict[str, MidiDomain]) -> None:
    domain = domains["performance"]
    notes = (
        "shift:30 pitch:60 velocity:82 duration:90",
        "shift:100 pitch:64 velocity:82 duration:100 duration:70",
        "shift:71 pitch:67 velocity:82 duration:5",
    )
    document = [domain.vocabulary.ids[name] for name in ("<bos>", *" ".join(notes).split(), "<eos>")]
    piece = domain.decode(np.array(document))
    for seconds, tokens in ((1.3, 5), (1.31, 10), (2.01, 10), (2.02, 14), (60, 14)):
        assert ask(domain, piece, prompt_seconds=seconds).ids.tolist() == document[:tokens]
    with pytest.raises(UsageError, match=r"first note begins after 0\.3 seconds"):
        ask(domain, piece, prompt_seconds=0.2)


def test_the_seconds_of_a_performance_begin_with_its_prompt(domains: dict[str, MidiDomain]) -> None:
    domain = domains["performance"]
    ids = domain.grammar(domain.Constraints(seconds=5)).walk(np.random.default_rng(1), 20_000)
    prompt = ask(domain, domain.decode(ids), prompt_seconds=2, seconds=4)
    for seed in range(5):
        piece = domain.decode(prompt.grammar.walk(np.random.default_rng(seed), 20_000, prompt.ids))
        assert 3 <= piece.seconds(piece.start).max() < 4
    with pytest.raises(UsageError, match="keep less of it with prompt_bars or prompt_seconds"):
        ask(domain, domain.decode(ids), seconds=2)


def test_without_its_prompt_a_chorale_begins_where_the_prompt_ends(domain: MidiDomain, chorale: Piece) -> None:
    ids = domain.encode(chorale).ids
    # The soprano's last note but one is held into the column where the prompt ends.
    rest, whole = Grid.of(domain.decode(domain.prompting.without_prompt(ids, 3 + 4 * 34))), Grid.of(chorale)
    assert domain.grammar().accepts(domain.prompting.without_prompt(ids, 3 + 4 * 18))
    assert rest.pickup == 2
    assert [note.pitch for note in rest.notes(3)] == [whole.notes(3)[-1].pitch]
    assert len(rest.grid) == len(whole.grid) - 34


@pytest.mark.parametrize("name", ["melody", "drums", "score", "performance"])
def test_without_its_prompt_a_piece_is_a_document_of_its_own(name: str, domains: dict[str, MidiDomain]) -> None:
    domain = domains[name]
    for seed in range(10):
        ids = domain.grammar().walk(np.random.default_rng(seed), 20_000)
        whole = domain.decode(ids)
        starts = [place for place in range(1, len(ids)) if domain.vocabulary[int(ids[place])][:3] in ("bar", "shi")]
        cut = starts[len(starts) // 2]
        rest = domain.prompting.without_prompt(ids, cut)
        assert domain.grammar().accepts(rest)
        first = int(domain.decode(ids[:cut]).end) if name == "melody" else None
        made = domain.decode(rest)
        assert made.pitch.tolist()[-3:] == whole.pitch.tolist()[-3:] if len(made) > 3 else True
        assert first is None or len(made) + len(domain.decode(ids[:cut])) >= len(whole)


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("chorale", {"fill": "2-9"}, "The prompt has bars 1 to 2, and fill=2-9"),
        ("chorale", {"fill": "1", "bars": 4}, "keeps the prompt's bars; leave out bars"),
        ("chorale", {"fill": "1", "harmonise": "S"}, "ask for one of them"),
        ("chorale", {"fill": "1", "key": "Gbmaj"}, "The prompt's soprano sings pitch 72 in bar 0"),
        ("chorale", {"harmonise": "S", "density": "4-8"}, "leave out density"),
        ("score", {"accompany": "tuba"}, "Nobody in the prompt is tuba; it has "),
        ("score", {"accompany": "melody", "fill": "1"}, "ask for one of them"),
        ("score", {"fill": "1", "seconds": 9}, "leave out seconds"),
        ("score", {"accompany": "melody", "tempo": "120"}, "leave out tempo"),
        ("melody", {"fill": "7-8"}, "The prompt has bars 1 to 3"),
    ],
)
def test_what_a_prompt_cannot_be_asked_is_refused(
    name: str, values: dict, sentence: str, domain: MidiDomain, chorale: Piece, domains: dict[str, MidiDomain]
) -> None:
    asked = domain if name == "chorale" else domains[name]
    wishes = asked.Constraints(bars=3) if name == "melody" else None
    item = (
        chorale if name == "chorale" else score(asked, 8) if name == "score"
        else asked.decode(asked.grammar(wishes).walk(np.random.default_rng(0), 20_000))
    )  # fmt: skip
    with pytest.raises(UsageError, match=sentence):
        ask(asked, item, **values)


@pytest.mark.parametrize("values", [{"fill": "1"}, {"variation": 0.5}, {"prompt_bars": 2}, {"harmonise": "S"}])
def test_what_is_asked_of_a_prompt_needs_one(domain: MidiDomain, values: dict) -> None:
    with pytest.raises(UsageError, match="is asked of a prompt; give one with --prompt FILE"):
        ask(domain, None, **values)
