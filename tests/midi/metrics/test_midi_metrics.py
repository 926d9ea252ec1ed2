"""What counts as the same passage of music, and how long pieces are."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import Band
from helpers import only_piece
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import EOS, UnusableFile


@pytest.mark.parametrize("name", ["melody", "score", "performance"])
def test_a_piece_is_the_same_in_every_key_and_at_every_loudness(
    domains: dict[str, MidiDomain], bands: list[Band], name: str
) -> None:
    domain, rng = domains[name], np.random.default_rng(0)
    item = only_piece(domain, bands[0].path)
    ids = domain.encode(item).ids
    passages = domain.metrics.copy_symbols(ids)
    moved = [domain.training.augment(ids, rng) for _ in range(8)]
    assert any((other != ids).any() for other in moved)
    for other in moved:
        assert np.array_equal(domain.metrics.copy_symbols(other), passages)
    table = domain.encoding.table
    if "velocity" in table:
        louder = np.where(table.of_kind("velocity")[ids], table.ids("velocity")[-1], ids)
        assert np.array_equal(domain.metrics.copy_symbols(louder), passages)
    one_wrong = ids.copy()
    one_wrong[np.flatnonzero(table.of_kind("pitch")[ids])[5]] += 1
    assert (domain.metrics.copy_symbols(one_wrong) != passages).sum() == 2


def test_a_chorale_is_the_same_in_every_key_and_nothing_else_is(domain: MidiDomain, chorale: Piece) -> None:
    ids = domain.encode(chorale).ids
    passages = domain.metrics.copy_symbols(ids)
    for seed in range(8):
        assert np.array_equal(
            domain.metrics.copy_symbols(domain.training.augment(ids, np.random.default_rng(seed))), passages
        )
    assert (passages >= 0).sum() == len(ids) - 2
    assert len(set(passages[3:7].tolist())) == 4
    assert not set(passages[ids == domain.vocabulary.ids["hold"]].tolist()) & set(passages[3:7].tolist())


def test_drums_have_no_key(domains: dict[str, MidiDomain], bands: list[Band]) -> None:
    domain = domains["drums"]
    item = only_piece(domain, bands[0].path)
    ids = domain.encode(item).ids
    assert np.array_equal(domain.metrics.copy_symbols(ids), np.where(ids > EOS, ids, -1))


def test_seconds_are_those_of_the_file_that_is_written(
    domains: dict[str, MidiDomain], bands: list[Band], chorale: Piece, tmp_path
) -> None:
    import pretty_midi

    for domain in [*domains.values(), MidiDomain(MidiDomain.Settings(tempo=123))]:
        for band in bands[:3]:
            try:
                item = chorale if domain.settings.encoding == "chorale" else only_piece(domain, band.path)
            except UnusableFile:
                continue
            (file,) = domain.write(item, tmp_path / "piece")
            written = pretty_midi.PrettyMIDI(str(file))
            end = max(note.end for instrument in written.instruments for note in instrument.notes)
            measures = domain.metrics.sizes(item)
            assert measures["second"] == pytest.approx(end, rel=1e-4)
            if "quarter" in measures:
                assert measures["quarter"] == pytest.approx(written.time_to_tick(end) / written.resolution, rel=1e-4)
            assert ("quarter" in measures) == (domain.settings.encoding != "performance")
