"""A vocabulary is learned from the training split and nothing else; files are read in workers, large ones in parts."""

from __future__ import annotations

import os

import numpy as np
import pytest
from letters import Letters, Remembering

from seqgen import CorpusError, OutputError
from seqgen.corpus.building.build import build
from seqgen.corpus.reading.sources import Source
from seqgen.corpus.reading.workers import Limits, WorkerPool
from seqgen.corpus.storage.split import SplitFractions

LINE = 2_000


def lines(count: int, seed: int = 0, length: int = 6) -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(row) for row in rng.choice(list("abcdefgh"), (count, length))]


def learned_from(corpus) -> set[str]:
    return {name.removeprefix("line:") for name in corpus.vocabulary if name.startswith("line:")}


def trained_on(corpus) -> set[str]:
    documents = corpus.documents("train")
    return {Letters().decode(documents[number][0]).letters for number in range(len(documents))}


@pytest.mark.parametrize("count", [2, 3, 4, 200])
def test_it_is_learned_from_exactly_the_training_split(tmp_path, count):
    """Of few documents some are moved to fill a split that chance left empty; those are not learned from either."""
    source, split = tmp_path / "some.letters", SplitFractions(train=0.4, valid=0.4, test=0.2)
    source.write_text("\n".join(lines(count)))
    corpus = build(Remembering(), [source], tmp_path / "learned", fractions=split)
    assert learned_from(corpus) == trained_on(corpus) != set()
    assert trained_on(build(Letters(), [source], tmp_path / "plain", fractions=split)) == trained_on(corpus)
    assert sorted(os.listdir(corpus.path)) == sorted(os.listdir(tmp_path / "plain"))


def test_files_named_for_another_split_are_not_learned_from(tmp_path):
    for name, seed in (("a", 0), ("b", 1), ("c", 2)):
        (tmp_path / f"{name}.letters").write_text("\n".join([*lines(20, seed), "gg"]))
    a, b, c = (tmp_path / f"{name}.letters" for name in "abc")
    corpus = build(Remembering(), [a], tmp_path / "corpus", held_out={"valid": [b], "test": [c]})
    assert learned_from(corpus) == trained_on(corpus) == set(lines(20)), "a copy of a held-out document is left out"


def test_a_reader_that_crashes_costs_its_own_file(tmp_path):
    for name, content in {"a": lines(20), "b": ["abc", "!crash"], "c": ["!hang"], "d": lines(20, 1)}.items():
        (tmp_path / f"{name}.letters").write_text("\n".join(content))
    told = []
    corpus = build(
        Remembering(),
        [tmp_path],
        tmp_path / "corpus",
        limits=Limits(seconds=1),
        progress=lambda *done: told.append(done),
    )
    assert corpus.dropped == {"the reader crashed": 1, "took longer than 1 s": 1}
    assert learned_from(corpus) == trained_on(corpus) <= {*lines(20), *lines(20, 1)}
    assert told[3:5] == [(4, 4, "files to learn from"), (1, 4, "files")]


def test_a_copy_counts_once(tmp_path):
    (tmp_path / "a.letters").write_text("\n".join(lines(10) * 3))
    corpus = build(Remembering(), [tmp_path / "a.letters"], tmp_path / "corpus")
    assert corpus.dropped == {"a duplicate": 20}
    assert learned_from(corpus) == trained_on(corpus)


def test_too_few_documents_are_told_as_ever(tmp_path):
    for content, sentence in {
        "abc\nabc": "too small to split.* 1 × a duplicate",
        "abc\ndrop": "No document is left",
    }.items():
        (tmp_path / "a.letters").write_text(content)
        with pytest.raises(CorpusError, match=sentence):
            build(Remembering(), [tmp_path / "a.letters"], tmp_path / "corpus")
    assert sorted(os.listdir(tmp_path)) == ["a.letters"]


def test_a_file_larger_than_the_cap_is_read_in_parts(tmp_path):
    """2.4 million letters make 19 MB of numbers: more than a part."""
    content, path = lines(1200, length=LINE), tmp_path / "large.letters"
    path.write_text("\n".join(content))
    limits = Limits(file_bytes=1000)
    with WorkerPool(Remembering(), limits=limits, workers=1, spool=tmp_path) as readers:
        ((_, reading),) = readers.read([Source(path, path.name)])
        assert not isinstance(reading.documents, list)
        assert len(reading.documents) == 1200
        for _ in range(2):
            assert [Letters().decode(document.ids).letters for document in reading.documents] == content
        with open(path, "a") as file:
            file.write("\n!crash")
        ((_, broken),) = readers.read([Source(path, path.name)])
        assert (broken.reason, len(broken.documents)) == ("the reader crashed", 0)
    with WorkerPool(Letters(), limits=limits, workers=1) as readers:
        assert next(readers.read([Source(path, path.name)]))[1].reason == "larger than 0.000953674 MiB"


def test_the_time_of_a_file_that_is_read_in_pieces_is_counted_anew(tmp_path):
    path = tmp_path / "slow.letters"
    path.write_text("abc\nwait\nwait\nwait\ndef")
    with WorkerPool(Remembering(), limits=Limits(seconds=1), workers=1, spool=tmp_path) as readers:
        ((_, reading),) = readers.read([Source(path, path.name)])
        assert (reading.reason, len(reading.documents)) == (None, 5)


def test_a_full_disk_is_told(tmp_path):
    path = tmp_path / "large.letters"
    path.write_text("\n".join(lines(1200, length=LINE)))
    with (
        WorkerPool(Remembering(), workers=1, spool=tmp_path / "nowhere") as readers,
        pytest.raises(OutputError, match="cannot be kept in"),
    ):
        list(readers.read([Source(path, path.name)]))
