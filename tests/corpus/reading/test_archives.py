"""Files in zip and tar archives are read like others; what is hostile in them costs a reason, never more."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from letters import Letters

from seqgen.corpus.building.build import build
from seqgen.corpus.reading import archives
from seqgen.corpus.reading.sources import SourceFiles
from seqgen.corpus.storage.store import Corpus

pytestmark = pytest.mark.usefixtures("one_reader")


def words(seed: int) -> str:
    return "\n".join("".join(row) for row in np.random.default_rng(seed).choice(list("abcdefgh"), (5, 12)))


def zipped(path: Path, **members: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/") + ".letters", content)


def tarred(path: Path, mode: str, *members: tuple[str, str | None, bytes]) -> None:
    """Members: name, content (None for something else than a file), type."""
    with tarfile.open(path, mode) as archive:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            info.size = len(content or "")
            archive.addfile(info, io.BytesIO((content or "").encode()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("archives")
    (folder / "below").mkdir()
    (folder / "plain.letters").write_text(words(0))
    zipped(folder / "a.zip", one=words(1), inner__two=words(2), **{".hidden": "abc", "..__..__evil": "abc"})
    with zipfile.ZipFile(folder / "a.zip", "a") as archive:
        link = zipfile.ZipInfo("link.letters")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("inner.zip", "PK")
        archive.writestr("notes.txt", "not asked for")
    zipped(folder / "locked.zip", secret=words(3))
    content = bytearray((folder / "locked.zip").read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    (folder / "locked.zip").write_bytes(content)
    zipped(folder / "bomb.zip", before=words(4), bomb="a" * 100_000_000, after=words(5))
    tarred(folder / "below" / "t.tar.gz", "w:gz", ("x/./1.letters", words(6), tarfile.REGTYPE),
           ("x/l.letters", None, tarfile.SYMTYPE), ("x/d.letters", None, tarfile.CHRTYPE),
           ("/etc/2.letters", words(7), tarfile.REGTYPE))  # fmt: skip
    tarred(folder / "cut.tar", "w", *((f"{number}.letters", words(8 + number), tarfile.REGTYPE) for number in (0, 1)))
    (folder / "cut.tar").write_bytes((folder / "cut.tar").read_bytes()[:1200])
    (folder / "noise.tar.xz").write_bytes(np.random.default_rng(0).bytes(1000))
    return folder


@pytest.fixture(scope="module")
def corpus(folder, tmp_path_factory) -> Corpus:
    return build(Letters(), [folder], tmp_path_factory.mktemp("built") / "corpus")


def test_each_file_is_kept_or_has_a_reason(corpus):
    told = [(line["path"], line["documents"] or " ".join(line["dropped"])) for line in corpus.sources()]
    assert told == [
        ("a.zip/one.letters", 5),
        ("a.zip/inner/two.letters", 5),
        ("a.zip/../../evil.letters", "a name that leads out of its archive"),
        ("a.zip/link.letters", "a link"),
        ("a.zip/inner.zip", "an archive within an archive"),
        ("below/t.tar.gz/x/1.letters", 5),
        ("below/t.tar.gz/x/l.letters", "a link"),
        ("below/t.tar.gz/x/d.letters", "neither file nor folder"),
        ("below/t.tar.gz/etc/2.letters", 5),
        ("bomb.zip/before.letters", 5),
        ("bomb.zip", "an archive that unpacks to more than 200 times its size"),
        ("cut.tar/0.letters", 5),
        ("cut.tar", "a damaged archive"),
        ("locked.zip/secret.letters", "encrypted"),
        ("noise.tar.xz", "a damaged archive"),
        ("plain.letters", 5),
    ]
    assert corpus.examples["a link"] == ["a.zip/link.letters", "below/t.tar.gz/x/l.letters"]


def test_nothing_is_left_of_what_was_unpacked(corpus, folder):
    assert sorted(os.listdir(corpus.path)) == ["documents.npy", "ids-00000.npy", "manifest.json", "sources.jsonl"]
    assert {path.name for path in corpus.path.parent.iterdir()} == {"corpus"}
    assert not list(folder.rglob("evil*"))
    assert not [found for parent in list(folder.parents)[:3] for found in parent.glob("evil*")]


def test_one_file_at_a_time_is_unpacked(folder, tmp_path):
    for source in SourceFiles([folder / "a.zip"], (".letters",)).walk(tmp_path):
        assert len(list(tmp_path.iterdir())) == (source.reason is None)
        assert source.reason or source.path.parts[-2:] in {("a", "one.letters"), ("inner", "two.letters")}
        assert source.reason or source.path.read_text() in (words(1), words(2))
        source.release()
    named = list(SourceFiles([folder / "a.zip"], (".letters",)).walk(tmp_path, lambda number: False))
    assert (len(named), list(tmp_path.iterdir())) == (5, [])


def test_a_domain_that_reads_archives_gets_them_whole(folder):
    assert [source.name for source in SourceFiles([folder / "a.zip"], (".zip",)).walk()] == ["a.zip"]


def test_an_archive_that_takes_too_long_ends_with_a_sentence_that_names_the_limit(folder, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ARCHIVE_SECONDS", 0)
    found = list(archives.members(folder / "a.zip", (), lambda: None))
    assert [member.reason for member in found] == ["an archive that takes longer than 0 minutes to unpack"]
