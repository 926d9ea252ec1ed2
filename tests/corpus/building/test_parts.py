"""A corpus that is built in parts is the same to the byte as one that is built at once."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from letters import Letters, Remembering

from seqgen import CorpusError, OutputError, SettingsInference, UsageError
from seqgen.contract.discovery import load_domain
from seqgen.corpus.building.build import build
from seqgen.corpus.building.parts import build_part, merge_parts

pytestmark = pytest.mark.usefixtures("one_reader")


def content(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def sources(tmp_path):
    """Eleven files in a folder and in an archive; some lines are twice, and one file crashes its reader."""
    folder = tmp_path / "sources"
    (folder / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(7):
        lines = ["".join(row) for row in rng.choice(list("abc"), (12, 4))]
        (folder / "more" / f"{number}.letters").write_text("\n".join(lines))
    shutil.make_archive(str(folder / "packed"), "zip", folder / "more")
    (folder / "bad.letters").write_text("!crash")
    return folder


class Memorising(Remembering):
    """Remembering under a name of its own, so that both domains can be registered in one process."""

    name = "memorising"


class Guessing(SettingsInference):
    def is_needed(self):
        return True

    def inspect(self, path):
        return path.read_text().startswith("a")

    def infer(self, findings):
        return Letters.Settings(half=any(findings))


class Halving(Letters):
    """Its only setting is inferred from the files."""

    name = "halving"
    inference = Guessing()


def merged(domain, sources, folder, order, **arguments):
    """Builds the parts in the order of their numbers in `order`, and joins them in the other order."""
    parts = {number: folder / f"part-{number}" for number in order}
    for number in order:
        task = build_part(domain, [sources], parts[number], number, len(order), **arguments)
    joined = list(reversed(parts.values()))
    if task == "learn":
        assert merge_parts(joined, folder / "merged") is None
        for number in order:
            assert build_part(domain, [sources], parts[number], number, len(order), **arguments) == "encode"
    return merge_parts(joined, folder / "merged")


@pytest.mark.parametrize(
    ("kind", "order"), [(Letters, [3, 1, 4, 2]), (Memorising, [1]), (Memorising, [2, 3, 1]), (Halving, [2, 1])]
)
def test_the_parts_make_the_same_bytes(kind, order, sources, tmp_path, register_domain):
    register_domain(kind)
    domain = load_domain(kind.name)()
    at_once = build(domain, [sources], tmp_path / "at-once")
    corpus = merged(domain, sources, tmp_path, order)
    assert (len(corpus.vocabulary) > 28) == (kind is Memorising)
    assert content(corpus.path) == content(at_once.path)
    assert corpus.dropped["a duplicate"] > 80
    assert sum(count for reason, count in corpus.dropped.items() if "the reader crashed" in reason) == 1


def test_held_out_files_are_those_of_one_build(sources, tmp_path, register_domain):
    register_domain(Letters)
    held_out = {"valid": [sources / "more" / "0.letters"]}
    at_once = build(Letters(), [sources], tmp_path / "at-once", held_out=held_out)
    corpus = merged(Letters(), sources, tmp_path, [2, 1], held_out=held_out)
    assert content(corpus.path) == content(at_once.path)


def test_more_parts_than_files(tmp_path, register_domain):
    register_domain(Letters)
    source = tmp_path / "one.letters"
    source.write_text("abc\nbcd\ncde")
    assert len(merged(Letters(), source, tmp_path, [1, 2, 3]).index) == 3


def test_parts_that_do_not_fit_are_refused(sources, tmp_path, register_domain):
    register_domain(Letters)
    for number in (1, 2):
        build_part(Letters(), [sources], tmp_path / str(number), number, 2)
    build_part(Letters(), [sources], tmp_path / "3", 2, 3)
    build_part(Letters(Letters.Settings(half=True)), [sources], tmp_path / "4", 2, 2)
    for parts, sentence in {
        "1": "have 7 of the 15 files",
        "2": "The files 1 to 7 of 15 are missing",
        "13": "are twice",
        "14": "another corpus",
        "112": "are twice",
        "5": "There is no part in",
    }.items():
        with pytest.raises(CorpusError, match=sentence):
            merge_parts([tmp_path / name for name in parts], tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    for number in (0, 3):
        with pytest.raises(UsageError, match="the parts are 1 to 2"):
            build_part(Letters(), [sources], tmp_path / "5", number, 2)


def test_a_part_of_another_vocabulary_is_refused(sources, tmp_path, register_domain):
    register_domain(Memorising)
    parts = [tmp_path / "1", tmp_path / "2"]
    for _ in range(2):
        for number, part in enumerate(parts, 1):
            build_part(Memorising(), [sources], part, number, 2)
        merge_parts(parts, tmp_path / "merged")
    shutil.rmtree(tmp_path / "merged")
    shutil.rmtree(parts[0])
    (sources / "bad.letters").write_text("\n".join("abc" * count for count in range(5, 60)))
    build_part(Memorising(), [sources], parts[0], 1, 2)
    shutil.copy(parts[1] / "learned.json", parts[0])
    build_part(Memorising(), [sources], parts[0], 1, 2)
    with pytest.raises(CorpusError, match="encoded with another vocabulary"):
        merge_parts(parts, tmp_path / "merged")


def test_a_damaged_learned_file_is_refused(sources, tmp_path, register_domain):
    register_domain(Memorising)
    build_part(Memorising(), [sources], tmp_path / "1", 1, 1)
    merge_parts([tmp_path / "1"], tmp_path / "merged")
    learned = tmp_path / "1" / "learned.json"
    learned.write_text(learned.read_text().replace("a", "b", 1))
    with pytest.raises(CorpusError, match="repeat 'seqgen merge'"):
        build_part(Memorising(), [sources], tmp_path / "1", 1, 1)


def test_a_part_that_another_process_builds_is_refused(sources, tmp_path, register_domain):
    register_domain(Letters)

    def build_again(done, total, unit):
        if unit == "files":
            with pytest.raises(OutputError, match="by another process"):
                build_part(Letters(), [sources], tmp_path / "1", 1, 1)

    build_part(Letters(), [sources], tmp_path / "1", 1, 1, progress=build_again)
