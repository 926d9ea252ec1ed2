"""Files → corpus: duplicates, splits, reasons, and nothing half-written."""

from __future__ import annotations

import errno
import hashlib
import json
import os

import numpy as np
import pytest
from letters import Letters

from seqgen import CorpusError, Deduplication, OutputError, Record
from seqgen.corpus.building import build_folder
from seqgen.corpus.building.build import build
from seqgen.corpus.storage.records import Records
from seqgen.corpus.storage.split import SplitFractions
from seqgen.corpus.storage.store import SPLITS, Corpus


@pytest.fixture
def sources(tmp_path):
    """A folder with files of these contents, by name."""

    def do(**contents):
        folder = tmp_path / "sources"
        folder.mkdir()
        for name, content in contents.items():
            (folder / f"{name}.letters").write_text(content)
        return folder

    return do


def words(count: int, seed: int = 0) -> str:
    rng = np.random.default_rng(seed)
    return "\n".join("".join(rng.choice(list("abcdefgh"), 12)) for _ in range(count))


def test_the_manifest_says_everything(sources, tmp_path):
    folder = sources(a=words(30), b=words(30, 1), c="!crash", d="drop\nabc\ndrop", e="!bug")
    told = []
    corpus = build(Letters(), [folder], tmp_path / "corpus", progress=lambda *done: told.append(done))
    assert told == [(number, 5, "files") for number in range(1, 6)]
    manifest = json.loads((tmp_path / "corpus" / "manifest.json").read_text())
    assert manifest["domain"] == "letters"
    assert manifest["vocabulary"] == [chr(97 + number) for number in range(26)]
    assert sum(split["documents"] for split in manifest["splits"].values()) == 61
    assert corpus.dropped == {
        "the word that is dropped": 2,
        "the reader crashed": 1,
        "plugin error: 'letters' of the module letters fails in read (ZeroDivisionError)": 1,
    }
    everywhere = [
        (origin, corpus.documents(split)[number][0])
        for split in ("train", "valid", "test")
        for number, origin in enumerate(corpus.origins(split, range(len(corpus.documents(split)))))
    ]
    for (name, which), ids in everywhere:
        written = [line for line in (folder / name).read_text().split("\n") if line != "drop"]
        assert Letters().decode(ids).letters == written[which - 1]
    lines = list(corpus.sources())
    assert [line["path"] for line in lines] == [f"{name}.letters" for name in "abcde"]
    assert [line["documents"] for line in lines] == [30, 30, 0, 1, 0]
    assert lines[2]["dropped"] == {"the reader crashed": 1}
    assert lines[0]["sha256"] == hashlib.sha256((folder / "a.letters").read_bytes()).hexdigest()
    assert sorted(os.listdir(tmp_path / "corpus")) == [
        "documents.npy",
        "ids-00000.npy",
        "manifest.json",
        "sources.jsonl",
    ]


def test_a_copy_is_dropped_and_names_its_original(sources, tmp_path):
    corpus = build(Letters(), [sources(a=words(20), b=words(20), c=words(5, 1))], tmp_path / "corpus")
    assert corpus.dropped == {"a duplicate": 20}
    assert [line["documents"] for line in corpus.sources()] == [20, 0, 5]
    assert list(corpus.sources())[1]["dropped"] == {"a duplicate of a.letters": 20}


def test_no_document_is_in_two_splits_and_none_changes_its_split(sources, tmp_path):
    folder = sources(a=words(100), b=words(150))
    fractions = SplitFractions(train=0.5, valid=0.25, test=0.25)
    one = build(Letters(), [folder / "a.letters"], tmp_path / "one", fractions=fractions)
    two = build(Letters(), [folder], tmp_path / "two", fractions=fractions)
    splits = {}
    for corpus in (one, two):
        for split in ("train", "valid", "test"):
            documents = corpus.documents(split)
            for number in range(len(documents)):
                assert splits.setdefault(tuple(documents[number][0].tolist()), split) == split
    assert len(splits) == 150


def test_the_same_files_give_the_same_bytes(sources, tmp_path):
    folder = sources(a=words(30), b=words(30, 1), c="!crash", d=words(3))
    for name in ("one", "two"):
        build(Letters(), [folder], tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_two_documents_are_enough(sources, tmp_path):
    corpus = build(Letters(), [sources(a="abc\ndef")], tmp_path / "corpus")
    assert [len(corpus.documents(split)) for split in ("train", "valid", "test")] == [1, 1, 0]


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        ({}, "There are no files of 'letters'"),
        ({"a": "abc"}, "too small to split"),
        ({"a": "abc", "b": "abc"}, "too small to split.* 1 × a duplicate"),
        (
            {"a": "123", "b": "!bug", "c": "456"},
            "2 × not plain letters .a.letters.; 1 × plugin error: 'letters' of .* fails in read .ZeroDivision",
        ),
    ],
)
def test_too_little_is_an_error_that_says_why(sources, tmp_path, contents, sentence):
    with pytest.raises(CorpusError, match=sentence):
        build(Letters(), [sources(**contents)], tmp_path / "corpus")
    assert os.listdir(tmp_path) == ["sources"]


def test_a_finished_corpus_is_not_overwritten(sources, tmp_path):
    folder = sources(a=words(5))
    build(Letters(), [folder], tmp_path / "corpus")
    with pytest.raises(OutputError, match="already holds a corpus"):
        build(Letters(), [folder], tmp_path / "corpus")
    with pytest.raises(OutputError, match="not an empty folder"):
        build(Letters(), [folder], folder)
    Corpus.open(tmp_path / "corpus")


def test_an_empty_folder_may_be_filled(sources, tmp_path):
    (tmp_path / "corpus").mkdir()
    corpus = build(Letters(), [sources(a=words(5))], tmp_path / "corpus")
    assert sum(split["tokens"] for split in corpus.manifest["splits"].values()) == 5 * 14


@pytest.mark.parametrize("place", ["save", "flush", "rename"])
def test_a_full_disk_leaves_no_corpus_and_the_same_call_makes_it(sources, tmp_path, monkeypatch, place):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    files = [sources(a=words(5))]
    target = {"save": (np, "save"), "flush": (build_folder, "flush"), "rename": (os, "rename")}[place]
    with monkeypatch.context() as patched:
        patched.setattr(*target, full)
        with pytest.raises(OutputError, match="No space left"):
            build(Letters(), files, tmp_path / "corpus")
    assert sorted(os.listdir(tmp_path)) == [".corpus.unfinished", "sources"]
    assert build(Letters(), files, tmp_path / "corpus").index["length"].tolist() == [14] * 5
    assert sorted(os.listdir(tmp_path)) == ["corpus", "sources"]


class UpToTransposition(Deduplication):
    differences = "key"

    def key(self, item):
        return [(ord(letter) - ord(item.letters[0])) % 26 for letter in item.letters]


class Keyed(Letters):
    """Lines that are each other's transpositions have the same deduplication key."""

    deduplication = UpToTransposition()


class ByFirstLetter(Deduplication):
    def group(self, record):
        return record.metadata["first"]


class Numbered(Letters):
    """Lines with metadata: their number and their first letter, which is their group."""

    deduplication = ByFirstLetter()

    def read(self, path):
        for number, item in enumerate(super().read(path)):
            yield Record(item, {"line": number, "first": item.letters[0]})


def test_a_near_copy_is_dropped_and_says_in_what_it_differs(sources, tmp_path):
    corpus = build(Keyed(), [sources(a="abc\nace\nabc", b="bcd\nace\nxxyz")], tmp_path / "corpus")
    assert corpus.dropped == {"a duplicate": 2, "a duplicate but for key": 1}
    assert list(corpus.sources())[1]["dropped"] == {
        "a duplicate of a.letters": 1,
        "a duplicate of a.letters but for key": 1,
    }


def test_metadata_comes_back_with_the_document(sources, tmp_path):
    corpus = build(Numbered(), [sources(a="abc\nbcd\ncde\nabc\ndef")], tmp_path / "corpus")
    records = [record for split in SPLITS for record in Records(Numbered(), corpus.documents(split))]
    found = {record.item.letters: record.metadata["line"] for record in records}
    assert found == {"abc": 0, "bcd": 1, "cde": 2, "def": 4}
    assert not build(Letters(), [tmp_path / "sources"], tmp_path / "plain").manifest["has_metadata"]


def test_documents_of_one_source_are_in_one_split(sources, tmp_path):
    lines = [f"{first}{word}" for first in "abcdefghij" for word in words(20)]
    corpus = build(Numbered(), [sources(a="\n".join(lines))], tmp_path / "corpus")
    firsts = [{record.metadata["first"] for record in Records(Numbered(), corpus.documents(split))} for split in SPLITS]
    assert all(firsts)
    assert sum(map(len, firsts)) == 10


def test_files_are_held_out_by_name_and_the_rest_is_divided(sources, tmp_path):
    folder = sources(a="\n".join(f"a{word}" for word in words(200).split()), b="bcd\nbdc", c="cde\nced\nbcd")
    a, b, c = (folder / f"{name}.letters" for name in "abc")
    corpus = build(Letters(), [a], tmp_path / "both", held_out={"valid": [b], "test": [c]})
    counts = {name: part["documents"] for name, part in corpus.manifest["splits"].items()}
    assert counts == {"train": 200, "valid": 1, "test": 3}, "of copies, the one in the test split is kept"
    corpus = build(Letters(), [a, c], tmp_path / "valid", held_out={"valid": [b]})
    counts = {name: part["documents"] for name, part in corpus.manifest["splits"].items()}
    assert counts == {"train": 202, "valid": 2, "test": 0}
    corpus = build(Letters(), [a, b], tmp_path / "test", held_out={"test": [c]})
    counts = {name: part["documents"] for name, part in corpus.manifest["splits"].items()}
    assert counts["test"] == 3
    assert counts["train"] + counts["valid"] == 201
    assert 3 <= counts["valid"] <= 25, "1 in 19"
