"""Links that stay inside a folder are followed, those that lead out are named, and no folder is too deep."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from seqgen.corpus.reading.companions import no_companions
from seqgen.corpus.reading.folder_walk import LINK_OUT, PATH_TOO_LONG, FolderWalk


def found(root: Path, endings: tuple[str, ...] = (".mid",), companions=no_companions) -> dict[str, str | None]:
    walk = FolderWalk(root, endings, companions, set())
    return {path.relative_to(root).as_posix(): reason for path, reason in walk}


@pytest.fixture
def data(tmp_path) -> Path:
    """A folder with one file, beside a file and a folder that are not in it."""
    for name in ("data/a/x.mid", "outside/y.mid", "z.mid"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path / "data"


def test_links_in_a_circle_end(data):
    (data / "a" / "up").symlink_to(data)
    (data / "loop.mid").symlink_to("loop.mid")
    (data / "one").symlink_to("two")
    (data / "two").symlink_to("one")
    (data / "nowhere.mid").symlink_to(data / "nothing")
    assert found(data) == {"a/x.mid": None}


def test_links_inside_are_followed(data):
    (data / "b").mkdir()
    (data / "b" / "same.mid").symlink_to("../a/x.mid")
    (data / "0").symlink_to("a")
    assert found(data) == {"0/x.mid": None, "b/same.mid": None}


@pytest.mark.parametrize("target", ["/", "/dev/zero", "..", "../outside", "../z.mid", "../nothing.mid", "../data2"])
def test_links_out_are_named_and_not_followed(data, target):
    (data.parent / "data2").mkdir()
    (data / "link.mid").symlink_to(target)
    assert found(data) == {"a/x.mid": None, "link.mid": LINK_OUT}


def test_links_to_files_of_another_kind_are_as_silent_as_these(data):
    (data / "README").symlink_to("../z.mid")
    assert found(data) == {"a/x.mid": None}


def test_a_chain_of_links_is_followed_to_its_end(data):
    (data / "first").symlink_to("a/second")
    (data / "a" / "second").symlink_to("../../outside")
    assert found(data) == {"a/second": LINK_OUT, "a/x.mid": None, "first": LINK_OUT}


def test_a_companion_that_is_a_link_out_is_not_read(data):
    (data / "a" / "x.notes").symlink_to("../../z.mid")
    assert found(data, companions=lambda path: (f"{path.stem}.notes",)) == {"a/x.mid": LINK_OUT}


def test_the_source_itself_may_be_a_link(data):
    (data.parent / "named").symlink_to(data)
    assert found(data.parent / "named") == {"a/x.mid": None}


@pytest.fixture
def empty_root(tmp_path, monkeypatch):
    """An empty folder, named relative to the working directory. Python cannot remove very deep folders from it."""
    monkeypatch.chdir(tmp_path)
    os.mkdir("root")
    yield Path("root")
    subprocess.run(["rm", "-rf", "root"], check=True)


def test_folders_of_any_depth_are_walked_or_counted(empty_root):
    descriptor = os.open("root", os.O_RDONLY)
    for _ in range(2500):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    (empty_root / Path(*["d"] * 1200) / "deep.mid").write_text("")
    reasons = found(empty_root)
    assert reasons.pop("/".join(["d"] * 1200 + ["deep.mid"])) is None
    assert list(reasons.values()) == [PATH_TOO_LONG]
