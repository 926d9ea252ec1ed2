"""The checksums of a run, a bundle and a corpus: intact files are listed, and a flipped bit is an error."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import seqgen
from seqgen.corpus.storage.store import Corpus
from seqgen.workflows.verification import verify


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verified")
    (folder / "texts").mkdir()
    for number in range(8):
        (folder / "texts" / f"{number}.txt").write_text(f"text number {number}, " * 40)
    settings = {"batch_size": 2, "bptt_length": 16, "hidden_size": 8, "num_evaluations": 1}
    seqgen.train([folder / "texts"], folder / "run", domain="text", settings=settings, size="tiny", steps=3)
    return folder / "run"


@pytest.fixture
def run(trained, tmp_path):
    return Path(shutil.copytree(trained, tmp_path / "run"))


def flip(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def test_intact_files_are_listed(run):
    verified = " ".join(verify(run))
    for name in ("settings.json", "ids-00000.npy", "documents.npy", "step-", "bundle"):
        assert name in verified
    assert "corpus/ids-00000.npy" in verify(run / "corpus")
    assert len(verify(run / "bundle")) == 1


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        ("corpus/ids-*.npy", seqgen.CorpusError),
        ("checkpoints/step-*.safetensors", seqgen.TrainingError),
        ("bundle/model.safetensors", seqgen.BundleError),
    ],
)
def test_a_flipped_bit_is_an_error_with_fitting_advice(run, pattern, error):
    flip(next(run.glob(pattern)))
    with pytest.raises(error, match="restore it from a copy"):
        verify(run)


def test_a_damaged_shard_is_noticed_when_a_run_is_resumed(run):
    flip(next(run.glob("corpus/ids-*.npy")))
    with pytest.raises(seqgen.CorpusError, match="is damaged"):
        seqgen.train([], run, resume=True, steps=4)


@pytest.mark.parametrize("damage", [flip, Path.unlink])
def test_a_resumed_run_says_that_it_replaces_a_damaged_bundle(run, damage):
    damage(run / "bundle" / "model.safetensors")
    with pytest.warns(seqgen.SeqgenWarning, match="cannot be read, so that of the next evaluation replaces it"):
        seqgen.train([], run, resume=True, steps=3)
    verify(run)


def test_a_damaged_shard_is_noticed_by_evaluate_and_score(run):
    flip(next(run.glob("corpus/ids-*.npy")))
    with pytest.raises(seqgen.CorpusError, match="is damaged"):
        seqgen.evaluate(run)
    with pytest.raises(seqgen.CorpusError, match="is damaged"):
        next(seqgen.load(run).score(run / "corpus"))


def test_a_shard_that_is_removed_while_it_is_read_is_one_sentence(run):
    documents = Corpus.open(run / "corpus").documents("train")
    next(run.glob("corpus/ids-*.npy")).unlink()
    with pytest.raises(seqgen.CorpusError, match="cannot be read any more"):
        documents[0]
