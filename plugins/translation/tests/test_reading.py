"""Pairs from parallel files and tables, and source sentences alone."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from seqgen_translation.reading import PairReader, PairReading, target_file_name
from seqgen_translation.sentence_pair import SentencePair
from seqgen_translation.settings import TranslationSettings

from seqgen import Record, Remark, UnusableFile

PARALLEL = {"source_language": "de", "target_language": "en"}


def pairs(found):
    return [(one.item.source, one.item.target) for one in found if isinstance(one, Record)]


def remarks(found):
    return [one.text for one in found if isinstance(one, Remark)]


def read(path: Path, **settings):
    return list(PairReader(TranslationSettings(**settings)).read(path))


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_line_n_of_one_file_is_the_translation_of_line_n_of_the_other(tmp_path):
    write(tmp_path / "train.en", "a dog\n\ntwo  men\n")
    found = read(write(tmp_path / "train.de", "ein Hund\nnichts\nzwei Männer\n"), **PARALLEL)
    assert pairs(found) == [("ein Hund", "a dog"), ("zwei Männer", "two men")]
    assert [one.metadata["row"] for one in found if isinstance(one, Record)] == [1, 3]
    assert remarks(found) == ["a pair without a source or without a target"]


def test_parallel_files_may_be_compressed(tmp_path):
    for name, line in (("train.de.gz", "ein Hund\n"), ("train.en.gz", "a dog\n")):
        (tmp_path / name).write_bytes(gzip.compress(line.encode()))
    assert pairs(read(tmp_path / "train.de.gz", **PARALLEL)) == [("ein Hund", "a dog")]


@pytest.mark.parametrize(
    ("target", "reason"),
    [(None, "without its translation"), ("a dog\nmore\n", "different numbers of lines")],
)
def test_parallel_files_that_do_not_fit_are_refused(tmp_path, target, reason):
    if target is not None:
        write(tmp_path / "train.en", target)
    with pytest.raises(UnusableFile, match=reason):
        read(write(tmp_path / "train.de", "ein Hund\n"), **PARALLEL)


def test_a_file_that_is_neither_table_nor_parallel_says_what_to_set(tmp_path):
    with pytest.raises(UnusableFile, match="source_language="):
        read(write(tmp_path / "some.de", "ein Hund\n"))


@pytest.mark.parametrize(
    ("name", "text", "settings"),
    [
        ("pairs.tsv", "source\ttarget\nein Hund\ta dog\n", {}),
        ("pairs.tsv", "ein Hund\ta dog\n", {}),
        ("pairs.csv", "id,en,de\n7,a dog,ein Hund\n", PARALLEL),
        ("pairs.csv", "id,left,right\n7,a dog,ein Hund\n", {"source_column": "right", "target_column": "left"}),
        ("pairs.jsonl", '{"src": "ein Hund", "tgt": "a dog"}\n', {}),
        ("pairs.jsonl", json.dumps({"translation": {"en": "a dog", "de": "ein Hund"}}) + "\n", PARALLEL),
        ("pairs.json", '[{"de": "ein Hund", "en": "a dog"}]', PARALLEL),
    ],
    ids=str,
)
def test_a_row_of_a_table_is_a_pair(tmp_path, name, text, settings):
    assert pairs(read(write(tmp_path / name, text), **settings)) == [("ein Hund", "a dog")]


def test_a_guess_by_the_order_of_columns_is_said(tmp_path):
    assert "source_column=" in remarks(read(write(tmp_path / "pairs.tsv", "ein Hund\ta dog\nzwei\ttwo\n")))[0]


def test_a_table_with_several_candidates_says_what_to_set(tmp_path):
    with pytest.raises(UnusableFile, match="source_column="):
        read(write(tmp_path / "pairs.tsv", "text\tother\tmore\nein Hund\ta dog\tun chien\n"))


def test_an_object_without_both_languages_is_left_out(tmp_path):
    text = '{"translation": {"de": "ein Hund"}}\n{"translation": 3}\n{"translation": {"de": "zwei", "en": "two"}}\n'
    assert pairs(read(write(tmp_path / "pairs.jsonl", text), **PARALLEL)) == [("zwei", "two")]


def test_lower_case_keeps_the_untouched_target(tmp_path):
    (found,) = read(write(tmp_path / "pairs.tsv", "source\ttarget\nEin Hund\tA dog\n"), lowercase=True)
    assert found.item == SentencePair("ein hund", "a dog")
    assert found.metadata["reference"] == "A dog"


def test_every_line_of_a_file_of_sources_is_kept_in_its_place(tmp_path):
    path = write(tmp_path / "sentences.txt", "ein Hund\n\nzwei Männer\n")
    found = list(PairReader(TranslationSettings()).read_sources(path))
    assert pairs(found) == [("ein Hund", None), ("", None), ("zwei Männer", None)]
    assert [one.metadata["row"] for one in found] == [1, 2, 3]


def test_sources_of_a_table_need_no_targets(tmp_path):
    reader = PairReader(TranslationSettings(source_language="de"))
    for name, text in (("some.csv", "id,de\n1,ein Hund\n"), ("some.jsonl", '{"de": "ein Hund", "en": "a dog"}\n')):
        assert pairs(reader.read_sources(write(tmp_path / name, text))) == [("ein Hund", None)]


def test_an_empty_file_is_refused(tmp_path):
    reader = PairReader(TranslationSettings(**PARALLEL))
    write(tmp_path / "train.en", "")
    for read_file in (reader.read, reader.read_sources):
        with pytest.raises(UnusableFile, match="empty"):
            list(read_file(write(tmp_path / "train.de", "")))


def test_parallel_files_are_companions():
    reading = PairReading(TranslationSettings(**PARALLEL))
    assert reading.companions(Path("corpus/train.de")) == ("train.en",)
    assert reading.companions(Path("corpus/train.de.gz")) == ("train.en.gz",)
    assert reading.companions(Path("corpus/pairs.tsv")) == ()
    assert reading.in_parts(Path("train.de"))
    assert target_file_name(Path("train.de"), TranslationSettings()) is None
