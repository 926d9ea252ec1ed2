"""Files are whole or not there."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys

import pytest

from seqgen import OutputError, atomic_write
from seqgen.files import UNFINISHED, remove_unfinished, write_text


def write_and_fail(target, error):
    with atomic_write(target) as temporary:
        temporary.write_text("half of the conte")
        raise error


def test_writes_and_replaces(tmp_path):
    target = tmp_path / "new" / "file.txt"
    write_text(target, "one")
    write_text(target, "two")
    assert target.read_text() == "two"
    assert os.listdir(target.parent) == ["file.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_and_fail(target, ZeroDivisionError())
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_an_interruption_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write_and_fail(tmp_path / "file.txt", KeyboardInterrupt())
    assert os.listdir(tmp_path) == []


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="No space left"):
        write_and_fail(tmp_path / "file.txt", FULL)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_is_full_at_the_end_is_an_output_error(tmp_path, monkeypatch, call):
    def full(*_):
        raise FULL

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OutputError, match="No space left"):
        write_text(tmp_path / "file.txt", "content")
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "file" / "below", "text")


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        write_text(tmp_path / "file.txt", "content")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file.txt").stat().st_mode) == mode


KILLED = """
import os, signal, sys
from pathlib import Path
from seqgen import atomic_write

with atomic_write(Path(sys.argv[1])) as temporary:
    temporary.write_text("half of the conte")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_but_not_what_is_being_written(tmp_path):
    left = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "file.txt"])
    assert left.returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 1
    os.mkfifo(tmp_path / f"{UNFINISHED}pipe")
    with atomic_write(tmp_path / "other.txt") as temporary:
        temporary.write_text("content")
        remove_unfinished(tmp_path)
        assert os.listdir(tmp_path) == [temporary.name]
    assert (tmp_path / "other.txt").read_text() == "content"
