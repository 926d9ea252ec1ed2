"""The models that come with seqgen: small, whole, of the grammar that the code has today (else `make pretrained`)."""

from __future__ import annotations

import pytest

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


def test_a_folder_of_that_name_wins_and_names_that_mean_nothing_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_bundle("bach-chorales").path == PRETRAINED_FOLDER / "bach-chorales"
    assert resolve_model("bach-chorales") == str(PRETRAINED_FOLDER / "bach-chorales"), "what --from remembers"
    (tmp_path / "bach-chorales").mkdir()
    with pytest.raises(seqgen.BundleError, match="holds no trained model"):
        read_bundle("bach-chorales")
    with pytest.raises(seqgen.BundleError, match=r"comes with seqgen \(bach-chorales\)"):
        read_bundle("brahms")
