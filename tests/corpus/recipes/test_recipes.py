"""Recipes: found, checked and resolved to files without importing anything."""

from __future__ import annotations

import sys

import pytest

from seqgen import CorpusError, SeqgenError, UnknownName
from seqgen.corpus.recipes import recipes as recipes_module
from seqgen.corpus.recipes.recipes import find_recipe, recipes

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
