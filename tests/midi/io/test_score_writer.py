"""Scores that are written: music21 reads back every note of them where it was, and every bar is full."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import music21
import numpy as np
import pytest
from grids import HOLD, Grid
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io.score_reader import piece_of
from seqgen_midi.io.score_writer import snap_to_grids, to_music21, write_score
from seqgen_midi.music.piece import Piece, Track

from seqgen import OutputError


def written(item: Piece, path: Path) -> Any:
    """What music21 reads of the file that is written of a piece."""
    write_score(item, 80, path / "made.musicxml")
    return music21.converter.parse(path / "made.musicxml", forceSource=True, storePickle=False)


def assert_full(score: Any) -> None:
    """Bars follow one another, and each voice of a bar fills it."""
    for part in score.parts:
        reached = Fraction(0)
        for measure in part.getElementsByClass("Measure"):
            assert Fraction(measure.offset) == reached
            for voice in measure.voices or [measure]:
                assert (
                    sum(Fraction(one.quarterLength) for one in voice.notesAndRests) == measure.barDuration.quarterLength
                )
            reached += Fraction(measure.barDuration.quarterLength)


def rows(item: Piece, track: int) -> list[tuple[int, int, int]]:
    """Start and end of each note in twelfths of a quarter, and its pitch."""
    mine = item.track == track
    start, end = (
        np.rint(ticks * 12 / item.resolution).astype(int) for ticks in (item.start, item.start + item.duration)
    )
    return sorted(zip(start[mine].tolist(), end[mine].tolist(), item.pitch[mine].tolist(), strict=True))


def piece(*tracks: list[tuple[int, int, int]], resolution: int = 12, meters: Any = (), drums: bool = False) -> Piece:
    """A piece of notes (start, duration, pitch) of each track."""
    rows = sorted(
        (start, length, pitch, 80, number) for number, notes in enumerate(tracks) for start, length, pitch in notes
    )
    made = [Track(number, drums) for number in range(len(tracks))]
    return Piece.of(resolution, made, list(np.array(rows).reshape(-1, 5).T), meters=meters)


def starts(item: Piece, track: int) -> dict[int, list[float]]:
    """When notes begin, in twelfths of a quarter, by pitch."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    for start, pitch, number in zip(item.start.tolist(), item.pitch.tolist(), item.track.tolist(), strict=True):
        if number == track:
            found[pitch].append(start * 12 / item.resolution)
    return found


@pytest.mark.parametrize(
    "item",
    [
        piece([(3, 17, 60), (52, 8, 62), (64, 1001, 64)]),
        piece([(0, 30, 60), (6, 60, 64), (9, 51, 67), (12, 36, 71), (72, 3, 60)], [(40, 4, 50), (44, 19, 50)]),
        piece([(6 * number, 6, 60 + number) for number in range(20)], meters=[(0, 7, 8), (84, 3, 4)]),
        piece([(0, 3, 36), (0, 3, 42), (6, 3, 42), (12, 3, 38), (48, 3, 36)], drums=True),
        piece([(0, 24, 60), (0, 24, 60), (24, 6, 61)]),
    ],
    ids=["between grids and far beyond the bar", "four at once, triplets", "meters", "drums", "unison"],
)  # fmt: skip
def test_what_can_be_written_comes_back_as_it_was(item: Piece, tmp_path: Path) -> None:
    score = written(item, tmp_path)
    assert_full(score)
    back = piece_of(score)
    assert [track.is_drums for track in back.tracks] == [track.is_drums for track in item.tracks]
    for track in range(len(item.tracks)):
        assert rows(back, track) == rows(item, track)


@pytest.mark.parametrize("name", ["score", "performance", "drums", "melody"])
def test_whatever_is_drawn_begins_where_it_began(name: str, domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    domain = domains[name]
    asked = {"seconds": 6} if name == "performance" else {"bars": 2, "time_signature": "5/8"}
    if name == "score":
        asked["instruments"] = "piano"
    grammar = domain.grammar(domain.Constraints.from_mapping(asked, "constraint"))
    for seed in range(3):
        item = domain.decode(grammar.walk(np.random.default_rng(seed), 600))
        score = written(item, tmp_path)
        assert_full(score)
        back = piece_of(score)
        for track in range(len(item.tracks)):
            ours, theirs = starts(item, track), starts(back, track)
            assert ours.keys() == theirs.keys()
            for pitch, times in ours.items():
                # Of notes on one key that begin together one may stand for all.
                assert len({round(time) for time in times}) <= len(theirs[pitch]) + 1
                for one, others in [*((t, theirs[pitch]) for t in times), *((t, times) for t in theirs[pitch])]:
                    assert min(abs(one - other) for other in others) <= 2


def test_of_more_than_four_at_once_those_that_would_end_first_end_early() -> None:
    held = [(0, 48 + 12 * number, 60 + number) for number in range(4)]
    back = piece_of(to_music21(piece([*held, (12, 12, 80)]), 80))
    assert rows(back, 0) == [(0, 12, 60), (0, 60, 61), (0, 72, 62), (0, 84, 63), (12, 24, 80)]
    together = piece_of(to_music21(piece([(0, 6 * number, 60 + number) for number in range(1, 7)]), 80))
    assert [end for _, end, _ in rows(together, 0)] == [6, 6, 6, 24, 30, 36]


def test_the_times_of_a_beat_share_the_nearer_grid() -> None:
    edges = 2 * np.array([0, 48, 66])
    times = 2 * np.array([0.2, 4.1, 7.7, 12.4, 15.2, 17.9, 36.5, 39.0, 40.0, 47.0, 48.1, 64.0])
    moved, steps = snap_to_grids(times, edges)
    assert (moved / 2).tolist() == [0, 4, 8, 12, 15, 18, 36, 39, 39, 48, 48, 63]
    assert (steps / 2).tolist() == [4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3]


def test_finer_grids_are_for_beats_that_are_exactly_on_them() -> None:
    edges = np.array([0, 96])
    times, steps = snap_to_grids(np.array([0, 3, 9, 28, 44, 48.2, 51, 57, 72, 76, 81.0]), edges)
    assert times.tolist() == [0, 3, 9, 28, 44, 48, 48, 56, 72, 78, 84]
    assert steps.tolist() == [3, 3, 3, 4, 4, 8, 8, 8, 6, 6, 6]


def finest_rows(item: Piece) -> list[tuple[float, float, int]]:
    """The notes: where each begins and ends in quarters, and its pitch."""
    ends = item.start + item.duration
    return sorted(
        zip(
            (item.start / item.resolution).tolist(), (ends / item.resolution).tolist(), item.pitch.tolist(), strict=True
        )
    )


@pytest.mark.parametrize(
    "steps",
    [
        [4] * 12,
        [3] * 16,
        [4, 20, 20, 4, 8, 16],
        [3, 21, 15, 9, 24, 12, 12],
        [4, 8, 12, 44, 28, 3, 6, 3, 12],
        [12, 20, 16],
    ],
    ids=["sextuplets", "32nds", "five sixths", "dotted", "over beats", "six in two beats"],
)
def test_notes_that_are_shorter_than_16ths_come_back_as_they_were(steps: list[int], tmp_path: Path) -> None:
    end = np.cumsum(steps)
    one = np.ones_like(end)
    notes = (end - steps, np.array(steps), 60 + np.arange(len(steps)), 80 * one, 0 * one)
    item = Piece.of(24, [Track()], notes, meters=[(0, 4, 4)])
    score = written(item, tmp_path)
    assert_full(score)
    np.testing.assert_allclose(finest_rows(piece_of(score)), finest_rows(item), atol=1e-3)


def test_silence_is_a_bar_of_rest(tmp_path: Path) -> None:
    score = written(piece(), tmp_path)
    assert_full(score)
    assert not score.recurse().notes
    assert len(score.parts[0].getElementsByClass("Measure")) == 1


def test_notes_that_are_tied_across_bars_and_voices_are_read_as_one() -> None:
    ties = [("C5", "start", "E4", "start"), ("E4", "continue", "C5", None), ("E4", "stop")]
    part = music21.stream.Part()
    for number, notes_and_ties in enumerate(ties):
        measure = music21.stream.Measure(number=number + 1)
        for pitch, tie in zip(notes_and_ties[::2], notes_and_ties[1::2], strict=True):
            one = music21.note.Note(pitch, quarterLength=4)
            one.tie = music21.tie.Tie(tie) if tie else None
            measure.insert(0, music21.stream.Voice([one]) if len(notes_and_ties) > 2 else one)
        part.append(measure)
    found = piece_of(music21.stream.Score([part]))
    assert rows(found, 0) == [(0, 96, 72), (0, 144, 64)]


def test_chord_symbols_after_the_last_note_have_bars_of_their_own(tmp_path: Path) -> None:
    item = Piece.of(
        12, [Track()], [np.array([column]) for column in (0, 12, 60, 80, 0)], chords=[(0, 0, 0), (960, 7, 2)]
    )
    score = written(item, tmp_path)
    assert_full(score)
    assert piece_of(score).chords.tolist() == [[0, 0, 0], [960 * 420, 7, 2]]


def test_one_piece_is_the_same_file_each_time(tmp_path: Path) -> None:
    columns = [np.array(column) for column in ([0, 0, 0], [12, 12, 12], [60, 64, 36], [80, 80, 80], [0, 1, 2])]
    item = Piece.of(12, [Track(), Track(), Track(is_drums=True)], columns)
    contents = []
    for name in ("first", "second"):
        write_score(item, 80, tmp_path / f"{name}.musicxml")
        contents.append((tmp_path / f"{name}.musicxml").read_bytes())
    assert contents[0] == contents[1]


def test_what_cannot_be_a_score_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="longer than 5000 bars; ask for a shorter one"):
        write_score(piece([(0, 12, 60), (48 * 6000, 12, 60)]), 80, tmp_path / "made.musicxml")


def test_many_notes_at_one_time_are_soon_written() -> None:
    back = piece_of(to_music21(piece([(0, 12, 60)] * 5000), 80))
    assert set(rows(back, 0)) == {(0, 12, 60)}


def test_scores_spell_the_leading_note_of_minor(domain: MidiDomain, tmp_path: Path) -> None:
    chords = [
        (74, 69, 65, 50),
        (73, 69, 64, 57),
        (74, 69, 65, 50),
        (72, 67, 64, 48),
        (70, 67, 62, 55),
        (69, 65, 62, 50),
    ]
    item = Grid("3/4", 0, tuple(column for chord in chords for column in (chord, *((HOLD,) * 4,) * 3))).piece()
    score = music21.converter.parse(domain.display.render(item, "musicxml", tmp_path / "made"), forceSource=True)
    assert [note.pitch.name for note in score.parts[0].flatten().notes] == ["D", "C#", "D", "C", "B-", "A"]


def test_notes_across_a_bar_line_are_tied_in_the_score(domain: MidiDomain, tmp_path: Path) -> None:
    item = Grid("2/4", 0, ((72, 67, 60, 48), *((HOLD,) * 4,) * 12, (74, 67, 60, 48), *((HOLD,) * 4,) * 2)).piece()
    score = music21.converter.parse(domain.display.render(item, "musicxml", tmp_path / "made"), forceSource=True)
    notes = [(float(note.quarterLength), note.tie and note.tie.type) for note in score.parts[0].flatten().notes]
    assert notes == [(2.0, "start"), (1.0, "continue"), (0.25, "stop"), (0.75, None)]
    assert [type(part.flatten().getElementsByClass("Clef")[0]).__name__ for part in score.parts] == [
        "TrebleClef",
        "TrebleClef",
        "Treble8vbClef",
        "BassClef",
    ]
