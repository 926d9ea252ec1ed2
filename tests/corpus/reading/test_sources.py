"""The walk over files, fingerprints of items, and recipes."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from seqgen import CorpusError, PluginError, SeqgenError, UnknownName
from seqgen.contract.fingerprint import fingerprint
from seqgen.corpus.reading.sources import walk
from seqgen.corpus.recipes import recipes as recipes_module
from seqgen.corpus.recipes.recipes import find_recipe, recipes


def names(*sources: Path, endings: tuple[str, ...] = (".mid",)) -> list[str]:
    return [source.name for source in walk(sources, endings)]


def test_the_walk_is_sorted_and_leaves_out_what_is_hidden(tmp_path):
    for name in ["b.mid", "a/z.MID", "a/y.txt", ".hidden.mid", ".folder/x.mid", "c/d/e.mid"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert names(tmp_path) == ["a/z.MID", "b.mid", "c/d/e.mid"]
    assert names(tmp_path, endings=()) == ["a/y.txt", "a/z.MID", "b.mid", "c/d/e.mid"]
    assert names(tmp_path / "a" / "y.txt") == ["y.txt"]


def test_links_in_a_circle_end(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.mid").write_text("")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "nowhere.mid").symlink_to(tmp_path / "nothing")
    assert names(tmp_path) == ["a/x.mid"]


def test_what_is_no_file_is_an_error(tmp_path):
    with pytest.raises(CorpusError, match="does not exist"):
        names(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CorpusError, match="neither a file nor a folder"):
        names(tmp_path / "pipe")
    assert names(tmp_path, endings=()) == []


@dataclass(frozen=True)
class Note:
    pitch: int
    title: str = field(default="", compare=False)


def test_equal_content_has_equal_fingerprints():
    assert fingerprint(Note(3, "one")) == fingerprint(Note(3, "two"))
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint(np.arange(6)[::2]) == fingerprint(np.array([0, 2, 4]))
    assert fingerprint(np.int64(5)) == fingerprint(5)


def test_different_content_has_different_fingerprints():
    different = [
        None, True, False, 0, 1, 0.0, 1.0, "", "0", b"", b"0", (), [], {}, ((),), ([],), ("ab", "c"), ("a", "bc"),
        ["a"], ["a", "b"], [["a"], "b"], {"a": 1}, {"a": 2}, {"b": 1}, {1: "a"}, Note(0), Note(1), float("nan"),
        np.zeros(2), np.zeros(2, np.float32), np.zeros((2, 1)), np.zeros((1, 2)), np.arange(2), "\ud800",
    ]  # fmt: skip
    assert len({fingerprint(value) for value in different}) == len(different)


@pytest.mark.parametrize("value", [object(), {1, 2}, [lambda: 0], np.array([None]), Note])
def test_what_has_no_fingerprint_is_a_plugin_error(value):
    with pytest.raises(PluginError, match="no fingerprint"):
        fingerprint(value)


RECIPE = """
name = "few"
domain = "letters"
description = "A few letters."
licence = "CC0-1.0"
[settings]
half = true
[source]
package = "a_package_of_letters"
pattern = "data/*.letters"
[split]
train = 0.5
valid = 0.25
test = 0.25
"""


@pytest.fixture
def recipe_folder(tmp_path, monkeypatch):
    folder = tmp_path / "corpora"
    folder.mkdir()
    (folder / "few.toml").write_text(RECIPE)
    monkeypatch.setattr(recipes_module, "folder", lambda: folder)
    return folder


def test_a_recipe_finds_its_files_without_importing(recipe_folder, tmp_path, monkeypatch):
    data = tmp_path / "site" / "a_package_of_letters" / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").write_text("raise SystemExit('imported')")
    for name in ("b.letters", "a.letters", "c.txt"):
        (data / name).write_text("")
    recipe = find_recipe("few")
    with pytest.raises(SeqgenError, match="pip install a_package_of_letters"):
        recipe.files()
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert recipe.files() == [data / "a.letters", data / "b.letters"]
    assert "a_package_of_letters" not in sys.modules
    assert (recipe.settings, recipe.split.train) == ({"half": True}, 0.5)
    (data / "a.letters").unlink()
    (data / "b.letters").unlink()
    with pytest.raises(CorpusError, match="has no files"):
        recipe.files()


def test_an_unknown_recipe_suggests_the_nearest(recipe_folder):
    with pytest.raises(UnknownName, match="did you mean 'few'"):
        find_recipe("fwe")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("train = 0.5", "train = 0.9", "wrong at 'split'"),
        ('licence = "CC0-1.0"', "", "wrong at 'licence'"),
        ("a_package_of_letters", "os.path", "wrong at 'source.package.package'"),
        ('name = "few"', "name = ", "cannot be read"),
    ],
)
def test_a_recipe_that_is_wrong_says_where(recipe_folder, old, new, sentence):
    (recipe_folder / "few.toml").write_text(RECIPE.replace(old, new))
    with pytest.raises(CorpusError, match=sentence):
        recipes()


def test_the_recipes_of_the_project_can_be_read():
    for name, recipe in recipes().items():
        assert recipe.name == name
        assert recipe.licence
