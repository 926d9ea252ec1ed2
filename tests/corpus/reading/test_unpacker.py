"""The names and kinds of files in archives: what is unpacked, what is refused, and where an archive ends."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from seqgen.corpus.reading import unpacker
from seqgen.corpus.reading.unpacker import entries, next_answer


def answers(archive, target: str = "", endings: tuple[str, ...] = (".txt",)) -> list[dict]:
    """Returns what the unpacker says of each file of an archive, and of its end."""
    found, said = entries(archive), [{}]
    while "end" not in said[-1]:
        said.append(next_answer(found, endings, target))
    return said[1:]


def zipped(path, **files: bytes):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def archive(tmp_path):
    return zipped(
        tmp_path / "a.zip",
        **{
            "one.txt": b"1", "folder/two.TXT": b"2", "picture.png": b"3", ".hidden.txt": b"4", "__MACOSX/one.txt": b"5",
            "../outside.txt": b"6", "inner.zip": b"7", "./folder/./three.txt": b"8",
        },
    )  # fmt: skip


def test_files_that_a_walk_would_take_are_named_and_hostile_ones_are_refused(archive):
    *files, end = answers(archive)
    assert end == {"end": True, "reason": None}
    assert {answer["name"]: answer["reason"] for answer in files if answer} == {
        "one.txt": None,
        "folder/two.TXT": None,
        "../outside.txt": "a name that leads out of its archive",
        "inner.zip": "an archive within an archive",
        "folder/three.txt": None,
    }
    assert files.count({}) == 3


def test_files_are_put_into_the_target_and_nowhere_else(archive, tmp_path):
    target = tmp_path / "target"
    answers(archive, str(target))
    contents = {path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert contents == {b"1", b"2", b"8"}
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "target"}


def test_links_and_devices_in_a_tar_archive_are_refused(tmp_path):
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, kind in (("a.txt", tarfile.REGTYPE), ("b.txt", tarfile.SYMTYPE), ("c.txt", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info, io.BytesIO())
    reasons = {answer["name"]: answer["reason"] for answer in answers(path)[:-1]}
    assert reasons == {"a.txt": None, "b.txt": "a link", "c.txt": "neither file nor folder"}


def test_a_bomb_ends_the_archive(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacker, "ALWAYS_ALLOWED_BYTES", 1000)
    path = zipped(tmp_path / "a.zip", **{"a.txt": b"a", "b.txt": bytes(10**6)})
    first, end = answers(path)
    assert first == {"name": "a.txt", "reason": None}
    assert end["end"]
    assert "unpacks to more than 200 times its size" in end["reason"]


def test_a_damaged_archive_says_so(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\3\4" + bytes(100))
    (tmp_path / "a.tar").write_bytes(b"no archive" * 100)
    for name in ("a.zip", "a.tar"):
        assert answers(tmp_path / name) == [{"end": True, "reason": "a damaged archive"}]


def test_a_file_that_is_too_large_is_refused_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacker, "MAX_MEMBER_BYTES", 10)
    path = zipped(tmp_path / "a.zip", **{"a.txt": b"a" * 11, "b.txt": b"b"})
    large, small, _ = answers(path, str(tmp_path / "target"))
    assert large["reason"].startswith("larger than")
    assert small["reason"] is None


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_of_too_many_files_ends_with_a_sentence_that_names_the_limit(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(unpacker, "MAX_MEMBERS", 3)
    for count in (3, 4):
        path = tmp_path / f"{count}.{kind}"
        if kind == "zip":
            zipped(path, **{f"{number}.txt": b"a" for number in range(count)})
        else:
            with tarfile.open(path, "w") as archive:
                for number in range(count):
                    archive.addfile(tarfile.TarInfo(f"{number}.txt"))
        reason = answers(path)[-1]["reason"]
        assert reason == (None if count == 3 else "an archive of more than 3 files; unpack it and name the folder")


def test_files_of_a_zip_archive_that_share_bytes_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0.txt", b"a" * 1000)
        for number in range(1, 20):
            shared = zipfile.ZipInfo(f"{number}.txt")
            shared.header_offset, shared.CRC = 0, archive.filelist[0].CRC
            shared.file_size = shared.compress_size = 1000
            archive.filelist.append(shared)
    assert answers(path) == [{"end": True, "reason": "an archive whose files overlap"}]
