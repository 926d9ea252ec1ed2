"""A corpus on disk: it is opened as it was built, and damage is found."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from letters import Letters

from seqgen import CorpusError
from seqgen.corpus.building.build import build
from seqgen.corpus.storage.journal import Journal
from seqgen.corpus.storage.shards import ShardWriter
from seqgen.corpus.storage.store import FORMAT, INDEX, SPLITS, Corpus
from seqgen.files.stored_files import CHECKSUM, with_checksum


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    (folder / "lines.letters").write_text("\n".join(f"line{chr(97 + n)}" for n in range(26)))
    build(Letters(Letters.Settings(half=True)), [folder / "lines.letters"], folder / "corpus")
    return folder / "corpus"


@pytest.fixture
def copy(built, tmp_path):
    return shutil.copytree(built, tmp_path / "corpus")


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Writes a manifest with the checksum that it should have."""
    content = {name: value for name, value in manifest.items() if name != CHECKSUM}
    (folder / "manifest.json").write_text(json.dumps(with_checksum(content)))


def test_opened_as_it_was_built(built):
    corpus = Corpus.open(built)
    assert corpus.domain == "letters"
    assert corpus.settings == {"half": True}
    assert len(corpus.vocabulary) == 28
    train = corpus.documents("train")
    assert len(train) == corpus.manifest["splits"]["train"]["documents"]
    assert train.token_count == corpus.manifest["splits"]["train"]["tokens"]
    ids, weights = train[0]
    assert (ids.dtype, weights.dtype) == (np.int32, np.float32)
    assert len(ids) == len(weights) == train.lengths[0] == 7
    assert weights.tolist() == [0, 0, 1, 1, 1, 1, 1]
    assert sum(len(corpus.documents(split)) for split in ("train", "valid", "test")) == 26
    assert sum(corpus.documents(split).token_count for split in SPLITS) == 26 * 7


def test_where_documents_come_from_is_told_or_refused(copy):
    corpus = Corpus.open(copy)
    lines = [f"line{chr(97 + n)}" for n in range(26)]
    numbers = range(len(corpus.documents("train")))
    for number, (source, which) in zip(numbers, corpus.origins("train", numbers), strict=True):
        assert source == "lines.letters"
        assert Letters().decode(corpus.documents("train")[number][0]).letters == lines[which - 1]
    assert corpus.origins("train", []) == []
    for damage in ("[]", '{"path": "a", "documents": "many"}', '{"path": "a", "documents": 3}', "", "{"):
        (copy / "sources.jsonl").write_text(damage + "\n" * bool(damage))
        with pytest.raises(CorpusError, match=r"sources\.jsonl .*build the corpus again"):
            corpus.origins("train", [0])
    (copy / "sources.jsonl").unlink()
    with pytest.raises(CorpusError, match=r"sources\.jsonl is damaged"):
        corpus.origins("train", [0])


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-3])


def other_type(path):
    array = np.load(path)
    np.save(path, (array["offset"] if array.dtype.names else array).astype(np.float64))


def too_long(path):
    np.save(path, np.concatenate([np.load(path)] * 2))


def pickled(path):
    np.save(path, np.array([{}], object), allow_pickle=True)


def rubbish(path):
    path.write_bytes(b"rubbish")


@pytest.mark.parametrize("damage", [cut_short, other_type, too_long, pickled, rubbish, lambda path: path.unlink()])
@pytest.mark.parametrize("name", ["ids-00000.npy", "weights-00000.npy", "documents.npy"])
def test_damaged_arrays_are_found(copy, damage, name):
    damage(copy / name)
    with pytest.raises(CorpusError, match="damaged"):
        Corpus.open(copy)


def test_damaged_index_is_found(copy):
    index = np.load(copy / "documents.npy")
    index["length"][3] += 1
    np.save(copy / "documents.npy", index.astype(INDEX))
    with pytest.raises(CorpusError, match="index of documents"):
        Corpus.open(copy)


def test_ids_that_no_token_has_are_found(copy):
    ids = np.load(copy / "ids-00000.npy")
    ids[:] = 999
    np.save(copy / "ids-00000.npy", ids)
    with pytest.raises(CorpusError, match="an id that no token has"):
        Corpus.open(copy).documents("train")[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.pop("shards"),
        lambda manifest: manifest.pop("recipe"),
        lambda manifest: manifest.update(format=99),
        lambda manifest: manifest.update(shards=[{"ids": 5, "tokens": "x"}]),
        lambda manifest: manifest.update(vocabulary=["a", "a"]),
        lambda manifest: manifest.update(splits=7),
    ],
)
def test_damaged_manifests_are_found(copy, change):
    manifest = json.loads((copy / "manifest.json").read_text())
    change(manifest)
    write_manifest(copy, manifest)
    with pytest.raises(CorpusError, match="build it again"):
        Corpus.open(copy)


def test_a_flipped_bit_in_a_manifest_is_found(copy):
    content = bytearray((copy / "manifest.json").read_bytes())
    content[content.index(b'"e"') + 1] ^= 1
    (copy / "manifest.json").write_bytes(content)
    with pytest.raises(CorpusError, match="its content has changed since it was written"):
        Corpus.open(copy)


def test_a_damaged_header_of_an_array_is_one_short_sentence(copy):
    content = bytearray((copy / "documents.npy").read_bytes())
    content[40] ^= 255
    (copy / "documents.npy").write_bytes(content)
    with pytest.raises(CorpusError) as caught:
        Corpus.open(copy)
    assert len(str(caught.value)) < 300 + len(str(copy))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "7"])
def test_manifests_that_are_none_are_found(copy, content):
    (copy / "manifest.json").write_text(content)
    with pytest.raises(CorpusError):
        Corpus.open(copy)


def test_a_folder_without_a_manifest_is_no_corpus(tmp_path):
    with pytest.raises(CorpusError, match="is no corpus"):
        Corpus.open(tmp_path)


def test_shards_outside_the_folder_are_not_followed(copy, tmp_path):
    shutil.move(copy / "ids-00000.npy", tmp_path / "ids-00000.npy")
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["shards"][0]["ids"] = "../ids-00000.npy"
    write_manifest(copy, manifest)
    with pytest.raises(CorpusError, match="missing"):
        Corpus.open(copy)


READ_ALL = """
import resource, sys
from pathlib import Path
from seqgen.corpus.storage.store import Corpus
documents = Corpus.open(Path(sys.argv[1])).documents("train")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
total = sum(len(documents[number][0]) for number in range(len(documents)))
print(total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_reading_does_not_fill_memory(tmp_path):
    document = (np.full(1_000_000, 5), np.array([0] + [1] * 999_999, np.float32))
    writer = ShardWriter(Journal(tmp_path), 4, shard_tokens=4_000_000)
    for _ in range(80):
        writer.add(*document)
    writer.close()
    index = np.zeros(80, INDEX)
    index["length"], index["offset"] = 1_000_000, np.arange(80) * 1_000_000
    np.save(tmp_path / "documents.npy", index)
    manifest = {
        "format": FORMAT,
        "domain": "letters",
        "interface_version": 2,
        "plugin": None,
        "state": {},
        "has_metadata": False,
        "settings": {},
        "vocabulary": ["a", "b", "c", "d"],
        "shards": writer.shards,
        "splits": {"train": {"documents": 80, "tokens": 80_000_000}},
        "dropped": {},
        "remarks": {},
        "examples": {},
        "recipe": None,
        "checksums": {},
    }
    write_manifest(tmp_path, manifest)
    result = subprocess.run([sys.executable, "-c", READ_ALL, tmp_path], capture_output=True, text=True, check=True)
    total, grown = map(int, result.stdout.split())
    assert total == 80_000_000
    assert grown < 50 * 1024  # ru_maxrss is in KiB
