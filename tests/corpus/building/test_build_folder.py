"""A build that is interrupted or killed goes on where it was, and ends with the same bytes."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from letters import Letters, Remembering

from seqgen import OutputError
from seqgen.corpus.building.build import build
from seqgen.corpus.building.duplicates import DuplicateIndex
from seqgen.corpus.storage.journal import Journal
from seqgen.corpus.storage.shards import ShardWriter

pytestmark = pytest.mark.usefixtures("one_reader")
FILES, IN_ARCHIVE = 6, 2
TOTAL = FILES + IN_ARCHIVE


def words(count: int, seed: int) -> str:
    return "\n".join("".join(row) for row in np.random.default_rng(seed).choice(list("abcdefgh"), (count, 12)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    for number in range(FILES):
        (folder / f"{number}.letters").write_text(words(10, number) + f"\ndrop\n{words(3, 0)}")
    with zipfile.ZipFile(folder / "some.zip", "w") as archive:
        for number in range(IN_ARCHIVE):
            archive.writestr(f"{number}.letters", words(4, 100 + number))
    return folder


@pytest.fixture
def files(folder, tmp_path) -> Path:
    """A folder of files of one's own, with their times."""
    return shutil.copytree(folder, tmp_path / "sources")


@pytest.fixture(scope="module")
def uninterrupted(folder, tmp_path_factory) -> Path:
    """The corpus that nobody interrupts."""
    return build(Remembering(), [folder], tmp_path_factory.mktemp("uninterrupted") / "corpus").path


def stop_at(last: int, what: str):
    def told(done: int, total: int, stage: str) -> None:
        if (done, stage) == (last, what):
            raise KeyboardInterrupt

    return told


def spoil(path: Path) -> None:
    """Other content of the same size and time: whoever reads the file again gets another corpus."""
    status = path.stat()
    path.write_text("z" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def assert_same(one: Path, other: Path) -> None:
    assert sorted(os.listdir(one)) == sorted(os.listdir(other))
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes(), path.name


@pytest.mark.parametrize(("what", "last"), [("files to learn from", 3), ("files", FILES + 1)])
def test_it_goes_on_and_reads_nothing_again(files, uninterrupted, tmp_path, what, last):
    with pytest.raises(KeyboardInterrupt):
        build(Remembering(), [files], tmp_path / "corpus", progress=stop_at(last, what))
    assert not (tmp_path / "corpus").exists()
    if what == "files":
        for number in range(FILES):
            spoil(files / f"{number}.letters")
    told = []
    build(Remembering(), [files], tmp_path / "corpus", progress=lambda *done: told.append(done))
    assert told[0] == (last + 1, TOTAL, what)
    assert_same(tmp_path / "corpus", uninterrupted)
    assert {path.name for path in tmp_path.iterdir()} == {"sources", "corpus"}


def fail_at(calls: int, method: Callable[..., Any], error: Exception) -> Callable[..., Any]:
    """Returns a method that raises an error when it is called for the given time, and from then on."""
    count = itertools.count(1)

    def call(*arguments: Any) -> Any:
        if next(count) >= calls:
            raise error
        return method(*arguments)

    return call


@pytest.mark.parametrize(
    ("kind", "method", "calls", "error"),
    [
        (Journal, "commit", TOTAL + 5, OSError(errno.ENOSPC, "No space left on device")),
        (Journal, "commit", TOTAL + 5, OSError(errno.EIO, "Input/output error")),
        (DuplicateIndex, "find_or_add", 30, sqlite3.OperationalError("database or disk is full")),
        (ShardWriter, "add", 30, OutputError("A large file cannot be kept.")),
    ],
)
def test_a_disk_that_is_full_or_fails_keeps_what_was_read(
    files, uninterrupted, tmp_path, monkeypatch, kind, method, calls, error
):
    told: list[tuple[int, int, str]] = []

    def attempt() -> None:
        told.clear()
        build(Remembering(), [files], tmp_path / "corpus", progress=lambda *done: told.append(done))

    with monkeypatch.context() as patched:
        patched.setattr(kind, method, fail_at(calls, getattr(kind, method), error))
        with pytest.raises(OutputError, match=str(error.args[-1])):
            attempt()
    done, _, stage = told[-1]
    assert done > 0
    attempt()
    assert told[0] == (done + 1, TOTAL, stage)
    assert_same(tmp_path / "corpus", uninterrupted)


def test_another_error_removes_what_was_read(files, tmp_path, monkeypatch):
    monkeypatch.setattr(ShardWriter, "add", fail_at(20, ShardWriter.add, ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        build(Remembering(), [files], tmp_path / "corpus")
    assert os.listdir(tmp_path) == ["sources"]


PROGRAM = """
    import os, signal, sys
    from pathlib import Path
    from letters import Remembering
    from seqgen.corpus.building.build import build

    def told(done, total, what):
        if what == "files" and done == 4:
            os.kill(os.getpid(), signal.SIGKILL)

    build(Remembering(), [Path(sys.argv[1])], Path(sys.argv[2]), progress=told)
"""


def test_a_process_that_was_killed_loses_half_a_step(files, uninterrupted, tmp_path):
    """What it had begun to write is cut away: here each file ends with some of it."""
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), files, tmp_path / "corpus"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert result.returncode == -signal.SIGKILL
    for path in (tmp_path / ".corpus.unfinished").iterdir():
        if path.is_file() and path.name != "task.json":
            with open(path, "ab") as file:
                file.write(b"{half")
    build(Remembering(), [files], tmp_path / "corpus")
    assert_same(tmp_path / "corpus", uninterrupted)


def test_other_files_or_another_task_begin_anew(files, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        build(Letters(), [files], tmp_path / "corpus", progress=stop_at(3, "files"))
    (files / "0.letters").write_text(words(7, 99))
    told = []
    corpus = build(Letters(), [files], tmp_path / "corpus", progress=lambda *done: told.append(done))
    assert told[0] == (1, TOTAL, "files")
    assert next(corpus.sources())["documents"] == 7
    with pytest.raises(KeyboardInterrupt):
        build(Letters(), [files], tmp_path / "another", progress=stop_at(3, "files"))
    corpus = build(Letters(Letters.Settings(half=True)), [files], tmp_path / "another")
    assert sorted(os.listdir(corpus.path))[-1] == "weights-00000.npy"


def test_two_processes_do_not_fill_one_folder(files, tmp_path):
    def again(*_):
        with pytest.raises(OutputError, match="is being built by another process"):
            build(Letters(), [files], tmp_path / "corpus")

    build(Letters(), [files], tmp_path / "corpus", progress=again)


def test_shards_grow_to_what_numpy_would_have_saved(tmp_path):
    """Cut off after every document, with weights that begin in the middle of a shard."""
    random = np.random.default_rng(0)
    lengths = random.integers(2, 30, 20)
    documents = [(random.integers(0, 90, length), np.r_[0, np.ones(length - 1)]) for length in lengths]
    for number in (7, 8, 15):
        documents[number][1][1:] = 0.5
    known: list[tuple[int, bool]] = []
    for ids, weights in documents:
        journal = Journal(tmp_path)
        writer = ShardWriter(journal, 100, shard_tokens=60)
        for length, has_weights in known:
            writer.count(length, has_weights)
        known.append((len(ids), writer.add(ids, weights)))
        journal.commit()
        writer.add(np.arange(9), np.full(9, 0.25))
        journal.close()
    journal = Journal(tmp_path)
    writer = ShardWriter(journal, 100, shard_tokens=60)
    for length, has_weights in known:
        writer.count(length, has_weights)
    writer.close()
    first = 0
    for shard in writer.shards:
        last = first
        while sum(len(ids) for ids, _ in documents[first:last]) < shard["tokens"]:
            last += 1
        for kind, column, dtype in (("ids", 0, "<u2"), ("weights", 1, "<f4")):
            plain = kind == "weights" and all((document[1][1:] == 1).all() for document in documents[first:last])
            assert (kind in shard) != plain
            if not plain:
                np.save(
                    tmp_path / "saved.npy", np.concatenate([one[column] for one in documents[first:last]]).astype(dtype)
                )
                assert (tmp_path / shard[kind]).read_bytes() == (tmp_path / "saved.npy").read_bytes()
        first = last
    assert first == len(documents)
