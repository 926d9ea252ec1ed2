"""The models that come with seqgen: small, whole, of the grammar that the code has today (else `make pretrained`)."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from music21.note import Note
from music21.voiceLeading import VoiceLeadingQuartet
from seqgen_midi.metrics.part_writing import SILENT, crossed_ticks, parallel_count, sounding_pitches
from seqgen_midi.music.chords import chord_name
from seqgen_midi.music.meters import bar_lines
from seqgen_midi.music.piece import Piece

import seqgen
from seqgen.corpus.recipes.recipes import recipes
from seqgen.models.bundle import PRETRAINED_FOLDER, pretrained_names, read_bundle
from seqgen.models.run_settings import resolve_model

MAX_BYTES = 6_000_000
"""The size of all models together."""


def test_all_are_small_and_each_says_what_it_learned_from():
    assert pretrained_names() == ["bach-chorales", "irish-tunes"]
    assert sum(file.stat().st_size for file in PRETRAINED_FOLDER.rglob("*") if file.is_file()) < MAX_BYTES
    for name in pretrained_names():
        assert recipes()[name].licence in (PRETRAINED_FOLDER / name / "README.md").read_text()


def test_the_chorales_are_sampled_by_name(tmp_path):
    trained = seqgen.load("bach-chorales")
    (sample,) = trained.sample(1, constraints={"bars": 2}, seed=1)
    assert sample.ended
    assert trained.write(sample, tmp_path)[0].suffix == ".mid"
    (score,) = trained.score(tmp_path / "midi-1-1.mid")
    assert score.nats_per_token < 1, "what it drew itself it finds likely"


@pytest.fixture(scope="module")
def tunes() -> seqgen.TrainedModel:
    return seqgen.load("irish-tunes")


def test_a_tune_is_written_over_the_chords_of_a_lead_sheet(tunes, tmp_path):
    (tmp_path / "chords.txt").write_text("key=G\nmeter=6/8\n| G | C D7 | G |")
    (sample,) = tunes.sample(1, prompt=tmp_path / "chords.txt", num_particles=4, seed=1)
    symbols = [chord_name(root, quality) for _, root, quality in sample.item.chords.tolist()]
    assert symbols == ["G", "C", "D7", "G"]
    assert sample.item.pitch[-1] % 12 == 7
    in_key = np.isin(sample.item.pitch % 12, [7, 9, 11, 0, 2, 4, 6])
    assert in_key.mean() > 0.8


def test_chords_are_found_for_a_tune(tunes, tmp_path):
    (tmp_path / "tune.abc").write_text("X:1\nT:Tune\nM:2/4\nL:1/8\nK:D\nFAdA | GBdB | Acec | d4 |]\n")
    (sample,) = tunes.sample(1, prompt=tmp_path / "tune.abc", constraints={"harmonise": True}, num_particles=8, seed=1)
    assert sample.item.pitch.tolist() == [66, 69, 74, 69, 67, 71, 74, 71, 69, 73, 76, 73, 74]
    roots = sample.item.chords[:, 1]
    assert len(roots)
    assert np.isin(roots, [2, 4, 6, 7, 9, 11, 1]).mean() > 0.7


def test_a_tune_ends_on_its_tonic(tunes):
    (sample,) = tunes.sample(1, constraints={"bars": 8, "key": "Dmaj"}, seed=1)
    assert sample.ended
    assert sample.item.pitch[-1] % 12 == 2
    assert len(bar_lines(sample.item)) - 1 == 8


def parallels_by_music21(piece: Piece) -> int:
    """How often music21 finds two voices in similar motion between fifths, unisons or octaves."""
    count = 0
    for before, now in pairwise(sounding_pitches(piece)):
        for upper, lower in combinations(range(len(before)), 2):
            four = [int(pitch) for pitch in (before[upper], now[upper], before[lower], now[lower])]
            if SILENT not in four and four[0] != four[1] and four[2] != four[3]:
                quartet = VoiceLeadingQuartet(*map(Note, four))
                count += quartet.similarMotion() and (quartet.parallelFifth() or quartet.parallelUnisonOrOctave())
    return count


def test_no_parallels_and_crossings_are_sung_unless_they_are_allowed():
    trained = seqgen.load("bach-chorales")
    free, kept = (
        [sample.item for sample in trained.sample(4, constraints={"bars": 4, **constraints}, seed=1)]
        for constraints in ({"parallels": 1, "crossings": 1}, {})
    )
    assert sum(map(parallels_by_music21, free)) > 0
    assert sum(map(parallel_count, free)) > 0
    assert sum(map(parallels_by_music21, kept)) == 0
    assert sum(map(parallel_count, kept)) == 0
    assert sum(crossed_ticks(sounding_pitches(piece)) for piece in kept) == 0


def test_a_soprano_is_harmonised_without_parallels(tmp_path):
    trained = seqgen.load("bach-chorales")
    (tune,) = trained.sample(1, constraints={"bars": 2}, seed=1)
    prompt = trained.write_item(tune, tmp_path)[0]
    for constraints in ({"harmonise": "S"}, {"harmonise": "SA"}):
        (made,) = trained.sample(1, prompt=prompt, constraints={**constraints, "parallels": 0}, num_particles=16)
        given = parallel_count(tune.item.select(tune.item.track < len(constraints["harmonise"])))
        assert parallel_count(made.item) == given


def test_a_folder_of_that_name_wins_and_names_that_mean_nothing_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_bundle("bach-chorales").path == PRETRAINED_FOLDER / "bach-chorales"
    assert resolve_model("bach-chorales") == str(PRETRAINED_FOLDER / "bach-chorales"), "what --from remembers"
    (tmp_path / "bach-chorales").mkdir()
    with pytest.raises(seqgen.BundleError, match="holds no trained model"):
        read_bundle("bach-chorales")
    with pytest.raises(seqgen.BundleError, match=r"comes with seqgen \(bach-chorales, irish-tunes\)"):
        read_bundle("brahms")
