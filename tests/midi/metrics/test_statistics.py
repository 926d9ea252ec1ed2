"""Musical statistics: counted by hand, and beside the definitions of muspy and mgeval written out tick by tick."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist, stdev

import numpy as np
import pytest
from conftest import Band, records
from helpers import only_piece
from seqgen_midi.domain import MidiDomain
from seqgen_midi.metrics import statistics
from seqgen_midi.music.piece import Piece, Track, sort_notes


def piece(*notes: tuple[int, int, int], meters: tuple[tuple[int, int, int], ...] = ((0, 4, 4),)) -> Piece:
    """Notes (start, duration, pitch) on a grid of 16ths."""
    rows = [(start, duration, pitch, 80, 0) for start, duration, pitch in notes]
    return Piece.of(4, [Track()], sort_notes(*np.array(rows).reshape(-1, 5).T), meters=meters)


def test_two_bars_counted_by_hand() -> None:
    # Four quarters C E G C, and after an empty bar a chord of three in an otherwise silent one that ends early.
    made = piece((0, 4, 60), (4, 4, 64), (8, 4, 67), (12, 3, 72), (32, 4, 60), (32, 4, 64), (32, 2, 66))
    values = statistics.piece_statistics(made, default_tempo=60)
    assert values["pitch class entropy"] == pytest.approx(
        -(3 / 7 * math.log2(3 / 7) + 2 / 7 * math.log2(2 / 7) + 2 * (1 / 7 * math.log2(1 / 7)))
    )
    assert values["scale consistency"] == 1  # E minor and G major have them all.
    assert values["pitches"] == 5
    assert (values["lowest pitch"], values["highest pitch"], values["pitch range"]) == (60, 72, 12)
    assert values["polyphony"] == pytest.approx((15 + 2 * 3 + 2 * 2) / (15 + 4))
    assert values["polyphony rate"] == pytest.approx(2 / 36)
    assert values["empty bars"] == pytest.approx(1 / 3)
    # Bars 1 and 2 differ in four steps of 16, bars 2 and 3 in one.
    assert values["groove consistency"] == pytest.approx(1 - 5 / 32)
    assert values["notes a second"] == pytest.approx(7 / 9)
    assert values["interval"] == pytest.approx((4 + 3 + 5 + 12 + 4 + 2) / 6)


def test_bars_of_other_lengths_are_no_neighbours_and_a_chromatic_scale_fits_none() -> None:
    made = piece(*((step, 1, 60 + step) for step in range(12)), (12, 1, 60), meters=((0, 3, 4), (12, 4, 4)))
    values = statistics.piece_statistics(made, default_tempo=60)
    assert math.isnan(values["groove consistency"])
    assert values["scale consistency"] == pytest.approx(8 / 13)


def test_all_statistics_are_numbers_by_name_and_the_same_for_every_piece() -> None:
    values = statistics.all_statistics(piece((0, 4, 60), (4, 4, 64), (8, 8, 67)), default_tempo=60)
    assert values["scale degree 0"] + values["scale degree 4"] + values["scale degree 7"] == pytest.approx(1)
    assert (values["notes of 1 quarters"], values["notes of 2 quarters"]) == pytest.approx((2 / 3, 1 / 3))
    assert values["velocity"] == 80
    assert values["notes a second"] == pytest.approx(3 / 4)
    silence = statistics.all_statistics(piece(), default_tempo=60)
    assert silence.keys() == values.keys()
    assert math.isnan(silence["velocity"])


def slowly(made: Piece, lines: list[int]) -> dict[str, float]:
    """The definitions of muspy.metrics, tick by tick and bar by bar."""
    tracks = [made.tracks[track] for track in made.track.tolist()]
    notes = list(zip(made.start.tolist(), made.duration.tolist(), made.pitch.tolist(), tracks, strict=True))
    tuned = [(start, start + duration, pitch) for start, duration, pitch, track in notes if not track.is_drums]
    length = max(start + duration for start, duration, _, _ in notes)
    sounding = [len({pitch for start, end, pitch in tuned if start <= tick < end}) for tick in range(length)]
    major, minor = "101011010101", "101101011010"
    rates = [
        sum(scale[(pitch - root) % 12] == "1" for _, _, pitch in tuned) / len(tuned)
        for scale in (major, minor)
        for root in range(12)
    ]
    bars = list(pairwise(lines))
    onsets = [{start - first for start, *_ in notes if first <= start < last} for first, last in bars]
    pairs = [number for number in range(len(bars) - 1) if len(range(*bars[number])) == len(range(*bars[number + 1]))]
    differing = sum(len(onsets[number] ^ onsets[number + 1]) for number in pairs)
    return {
        "polyphony": sum(sounding) / sum(count > 0 for count in sounding),
        "polyphony rate": sum(count > 2 for count in sounding) / length,
        "scale consistency": max(rates),
        "groove consistency": 1 - differing / sum(len(range(*bars[number])) for number in pairs),
        "empty bars": sum(
            not any(start < last and start + duration >= first for start, duration, *_ in notes) for first, last in bars
        )
        / len(bars),
    }


def test_they_are_the_definitions_written_out(domains: dict[str, MidiDomain], bands: list[Band]) -> None:
    for band in bands:
        made = only_piece(domains["score"], band.path)
        # Its changes of meter stand on bar lines.
        lines, changes = [0], {tick: (beats, unit) for tick, beats, unit in made.meters.tolist()}
        meter = (4, 4)
        while lines[-1] <= made.end:
            meter = changes.get(lines[-1], meter)
            lines.append(lines[-1] + 4 * made.resolution * meter[0] // meter[1])
        values = statistics.piece_statistics(made, default_tempo=80)
        for name, value in slowly(made, lines).items():
            assert values[name] == pytest.approx(value), (band.path.name, name)


def test_the_overlapped_area_is_that_of_densities_written_out() -> None:
    rng = np.random.default_rng(0)
    real, made = rng.normal(0, 1, (9, 2)), rng.normal(0.7, 1.3, (7, 2))
    among = [math.dist(one, other) for i, one in enumerate(real) for j, other in enumerate(real) if i != j]
    between = [math.dist(one, other) for one in real for other in made]

    def at(x: float, values: list[float]) -> float:
        kernel = NormalDist(0, stdev(values) * len(values) ** (-1 / 5))
        return sum(kernel.pdf(x - value) for value in values) / len(values)

    grid = np.linspace(min(among + between), max(among + between), 801)
    area = np.trapezoid([min(at(x, among), at(x, between)) for x in grid.tolist()], grid)
    assert statistics.overlapped_area(real, made) == pytest.approx(float(area), abs=1e-3)


def test_the_overlapped_area_tells_alike_from_different() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(0, 1, (200, 3))
    assert statistics.overlapped_area(real, rng.normal(0, 1, (200, 3))) > 0.93
    assert statistics.overlapped_area(real, rng.normal(9, 1, (200, 3))) < 0.05
    # Without any spread there is no width of a kernel: what counts is how many are exactly the same.
    same, some = np.zeros((4, 1)), np.array([[0.0], [0.0], [0.0], [1.0]])
    assert statistics.overlapped_area(same, same) == 1
    assert statistics.overlapped_area(same, some) == 0.75
    assert statistics.overlapped_area(same, same + 1) == 0


@pytest.mark.parametrize("name", ["melody", "drums", "score", "performance"])
def test_every_encoding_has_them_side_by_side(domains: dict[str, MidiDomain], bands: list[Band], name: str) -> None:
    domain = domains[name]
    items = [only_piece(domain, band.path) for band in bands]
    values = domain.metrics.compare(records(items[:6]), records(items[6:]))
    assert all(math.isfinite(value) for value in values.values())
    seconds = [item.end * 60 / item.resolution / 80 if not len(item.tempos) else None for item in items[6:]]
    if None not in seconds:
        rates = [len(item) / second for item, second in zip(items[6:], seconds, strict=True)]
        assert values["notes a second, samples"] == pytest.approx(np.mean(rates))
    assert ("groove consistency, overlap" in values) == (name != "performance")
    assert ("scale consistency, held out" in values) == (name != "drums")
    assert ("scale degrees, overlap" in values) == (name != "drums")
    assert 0 < values["note lengths, overlap"] <= 1.01
    of_one = domain.metrics.compare(records(items[:1]), records(items))
    assert of_one
    assert not any(key.endswith("overlap") for key in of_one), "an overlap takes two"
    assert domain.metrics.compare([], records(items)) == {}
