"""Sources, parts and corpora at addresses, in the memory of fsspec and on an S3 server of this machine."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import fsspec
import pytest

import seqgen
from seqgen import CorpusError, OutputError, UsageError
from seqgen.workflows import build as build_workflow
from seqgen.workflows.remote_folders import RemoteFolder, is_remote, local_copies

SETTINGS = {"document": "line"}


@pytest.fixture(autouse=True)
def one_reader(monkeypatch):
    """A build starts a reader for each core; for so little, one is enough."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)


@pytest.fixture
def change_machine(tmp_path, monkeypatch):
    """Returns a function that goes on as another user, who has nothing in the cache."""

    def change(name: str) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache-{name}"))

    change("one")
    return change


@pytest.fixture
def store(tmp_path):
    """Returns the address of an empty place in memory, where each test has its own."""
    yield f"memory://{tmp_path.name}"
    fsspec.filesystem("memory").rm(f"/{tmp_path.name}", recursive=True)


def put_texts(address: str) -> None:
    fs, root = fsspec.core.url_to_fs(address)
    for number in range(3):
        lines = "".join(f"text {number}, line {line}\n" for line in range(20))
        fs.pipe_file(f"{root}/folder-{number}/{number}.txt", lines.encode())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def stored(address: str) -> dict[str, bytes]:
    fs, root = fsspec.core.url_to_fs(address)
    return {path.removeprefix(f"{root}/"): fs.cat_file(path) for path in fs.find(root)}


def local_build(address: str, folder: Path) -> dict[str, bytes]:
    fs, root = fsspec.core.url_to_fs(address)
    fs.get(root, str(folder / "texts"), recursive=True)
    return contents(seqgen.build([folder / "texts"], folder / "local", domain="text", settings=SETTINGS).path)


def test_an_address_is_a_scheme_and_a_place():
    assert is_remote("s3://bucket/folder")
    assert is_remote("memory://a")
    assert not any(map(is_remote, ["folder/a.txt", "a://", Path("s3://bucket"), "bach-chorales"]))
    assert local_copies(["a.txt", Path("b")]) == ["a.txt", Path("b")]


def test_parts_of_several_machines_are_joined_at_an_address(store, change_machine, tmp_path):
    put_texts(f"{store}/texts")
    parts = [f"{store}/part-1", f"{store}/part-2"]
    for call in ("learns", "joins"):
        for number, part in enumerate(parts, 1):
            change_machine(str(number))
            build_workflow.build_part([f"{store}/texts"], part, number, 2, domain="text", settings=SETTINGS)
        change_machine("three")
        assert (build_workflow.merge(parts, f"{store}/merged") is None) == (call == "learns")
    assert stored(f"{store}/merged") == local_build(f"{store}/texts", tmp_path)


def test_only_what_has_changed_is_fetched_again(store, change_machine):
    put_texts(f"{store}/texts")
    fs, root = fsspec.core.url_to_fs(f"{store}/texts")
    folder = RemoteFolder(f"{store}/texts")
    path = folder.fetch()
    unchanged = (path / "folder-0" / "0.txt").stat()
    fs.pipe_file(f"{root}/folder-1/1.txt", b"other")
    fs.rm(f"{root}/folder-2/2.txt")
    assert RemoteFolder(f"{store}/texts/").fetch() == path
    assert (path / "folder-1" / "1.txt").read_text() == "other"
    assert not (path / "folder-2" / "2.txt").exists()
    assert (path / "folder-0" / "0.txt").stat().st_mtime_ns == unchanged.st_mtime_ns
    (path / "folder-0" / "0.txt").unlink()
    folder.fetch()
    assert (path / "folder-0" / "0.txt").stat().st_size == unchanged.st_size


def test_a_single_file_keeps_its_name(store, change_machine):
    put_texts(f"{store}/texts")
    (path,) = local_copies([f"{store}/texts/folder-1/1.txt"])
    assert path.name == "1.txt"
    assert path.read_text().startswith("text 1, line 0")


def test_a_corpus_that_was_not_sent_completely_is_sent_by_the_same_call(store, change_machine, monkeypatch):
    put_texts(f"{store}/texts")
    fs = fsspec.filesystem("memory")

    def build(out="corpus", **settings):
        return seqgen.build([f"{store}/texts"], f"{store}/{out}", domain="text", settings={**SETTINGS, **settings})

    def fail(*_, **__):
        raise ConnectionError("the line is dead")

    with monkeypatch.context() as patch:
        patch.setattr(type(fs), "put_file", fail)
        with pytest.raises(OutputError, match=r"cannot be written \(the line is dead\)"):
            build()
    assert not stored(f"{store}/corpus")
    with monkeypatch.context() as patch:
        patch.setattr(type(fs), "mv", fail)
        with pytest.raises(OutputError, match="cannot be written"):
            build()
    assert "manifest.json" not in stored(f"{store}/corpus")
    with pytest.raises(OutputError, match="is not empty"):
        build(normalisation="NFC")
    with monkeypatch.context() as patch:
        patch.setattr(build_workflow, "build_corpus", fail)
        corpus = build()
    assert stored(f"{store}/corpus") == contents(corpus.path)
    created = {path: about["created"] for path, about in fs.find(f"{store}/corpus", detail=True).items()}
    assert max(created, key=created.__getitem__).endswith("/manifest.json")
    with pytest.raises(OutputError, match="already holds a corpus"):
        build()


def test_what_cannot_be_read_is_one_sentence(store, change_machine, monkeypatch):
    put_texts(f"{store}/texts")
    with pytest.raises(CorpusError, match="does not exist or is empty"):
        RemoteFolder(f"{store}/nothing").fetch()
    with pytest.raises(UsageError, match="cannot be opened"):
        RemoteFolder("nonsense://a/b")
    with monkeypatch.context() as patch:
        found = {f"/{store.removeprefix('memory://')}/texts/../x.txt": {"type": "file", "size": 1}}
        patch.setattr(type(fsspec.filesystem("memory")), "find", lambda *_, **__: found)
        with pytest.raises(CorpusError, match=r"with '\.\.' in its name"):
            RemoteFolder(f"{store}/texts").fetch()
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(0, 0, 1))
        with pytest.raises(OutputError, match="name a larger disk in XDG_CACHE_HOME"):
            RemoteFolder(f"{store}/texts").fetch()
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(UsageError, match="pip install"):
        RemoteFolder(f"{store}/texts")


@pytest.fixture
def bucket(monkeypatch):
    """Returns the address of a bucket of an S3 server that runs in this process."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    fs = fsspec.filesystem("s3", skip_instance_cache=True)
    fs.mkdir("texts-and-corpora")
    yield "s3://texts-and-corpora"
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    server.stop()


def test_a_corpus_on_s3_has_the_bytes_of_a_local_one(bucket, change_machine, tmp_path):
    put_texts(f"{bucket}/texts")
    seqgen.build([f"{bucket}/texts"], f"{bucket}/corpus", domain="text", settings=SETTINGS)
    expected = local_build(f"{bucket}/texts", tmp_path)
    assert stored(f"{bucket}/corpus") == expected
    change_machine("two")
    (copy,) = local_copies([f"{bucket}/corpus"])
    assert contents(copy) == expected
    with pytest.raises(CorpusError, match=r"cannot be read|does not exist"):
        local_copies(["s3://no-such-bucket/corpus"])
