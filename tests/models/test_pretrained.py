"""The models that come with seqgen: small, whole, of the grammar that the code has today (else `make pretrained`)."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from music21.note import Note
from music21.voiceLeading import VoiceLeadingQuartet
from seqgen_midi.metrics.part_writing import SILENT, crossed_ticks, parallel_count, sounding_pitches
from seqgen_midi.music.piece import Piece

import seqgen
from seqgen.corpus.recipes.recipes import recipes
from seqgen.models.bundle import PRETRAINED_FOLDER, pretrained_names, read_bundle
from seqgen.models.run_settings import resolve_model

MOST_BYTES = 4_000_000


def test_each_is_small_and_says_what_it_learned_from():
    assert pretrained_names() == ["bach-chorales"]
    for name in pretrained_names():
        assert sum(file.stat().st_size for file in (PRETRAINED_FOLDER / name).iterdir()) < MOST_BYTES
        assert recipes()[name].licence in (PRETRAINED_FOLDER / name / "README.md").read_text()


def test_the_chorales_are_sampled_by_name(tmp_path):
    trained = seqgen.load("bach-chorales")
    (sample,) = trained.sample(1, constraints={"bars": 2}, seed=1)
    assert sample.ended
    assert trained.write(sample, tmp_path)[0].suffix == ".mid"
    (score,) = trained.score(tmp_path / "midi-1-1.mid")
    assert score.nats_per_token < 1, "what it drew itself it finds likely"


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
    with pytest.raises(seqgen.BundleError, match=r"comes with seqgen \(bach-chorales\)"):
        read_bundle("brahms")
