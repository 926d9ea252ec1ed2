"""Files that are read together: in folders, in archives, and when a build goes on."""

from __future__ import annotations

import tarfile
import zipfile

import pytest
from letters import Letters, Line

from seqgen import Reading, Record, UnusableFile
from seqgen.corpus.building.build import build
from seqgen.corpus.reading.sources import SourceFiles
from seqgen.corpus.storage.records import Records
from seqgen.corpus.storage.store import SPLITS

pytestmark = pytest.mark.usefixtures("one_reader")
WORDS = {"one": ("abc", "xyz"), "two": ("bcd", "yzx"), "three": ("cde", "zxy"), "four": ("def", "xzy")}


class Pairs(Reading):
    def companions(self, path):
        return (f"{path.stem}.other",) if path.suffix == ".letters" else ()


class Paired(Letters):
    """Lines whose metadata is the first line of the file beside theirs."""

    reading = Pairs()

    def read(self, path):
        try:
            other = path.with_suffix(".other").read_text()
        except FileNotFoundError:
            raise UnusableFile("without its other half") from None
        for item in super().read(path):
            yield Record(item, {"other": other})


def pairs_of(corpus) -> dict[str, str]:
    records = [record for split in SPLITS for record in Records(Paired(), corpus.documents(split))]
    return {record.item.letters: record.metadata["other"] for record in records}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "folder"
    for name, (line, other) in WORDS.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "part.letters").write_text(line)
        (folder / name / "part.other").write_text(other)
    (folder / "alone.letters").write_text("efg")
    return folder


def test_a_file_is_read_with_its_companion(folder, tmp_path):
    corpus = build(Paired(), [folder], tmp_path / "corpus")
    assert pairs_of(corpus) == dict(WORDS.values())
    assert corpus.dropped == {"without its other half": 1}


@pytest.mark.parametrize("companions_first", [False, True])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_archives_keep_companions_together(folder, tmp_path, kind, companions_first):
    files = sorted(folder.rglob("*.*"), key=lambda path: (path.suffix, path.as_posix()), reverse=companions_first)
    archive = tmp_path / f"all.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as opened:
            for path in files:
                opened.write(path, path.relative_to(folder))
    else:
        with tarfile.open(archive, "w") as opened:
            for path in files:
                opened.add(path, path.relative_to(folder))
    corpus = build(Paired(), [archive], tmp_path / "corpus")
    assert pairs_of(corpus) == dict(WORDS.values())
    assert corpus.dropped == {"without its other half": 1}


def test_a_companion_that_changes_changes_the_stamp(folder):
    def stamps():
        files = SourceFiles([folder], (".letters",), companions=Pairs().companions)
        return [source.stamp for source in files.walk()]

    before = stamps()
    (folder / "two" / "part.other").write_text("longer")
    assert sum(one != other for one, other in zip(before, stamps(), strict=True)) == 1


def test_a_companion_with_the_same_ending_is_no_source_of_its_own(tmp_path):
    (tmp_path / "a.letters").write_text("abc")
    (tmp_path / "a.target.letters").write_text("abc")

    def companions(path):
        return () if ".target" in path.name else (f"{path.stem}.target.letters",)

    files = SourceFiles([tmp_path], (".letters",), companions=companions)
    assert [source.name for source in files.walk()] == ["a.letters"]
    assert Line("abc") in list(Letters().read(tmp_path / "a.target.letters"))
