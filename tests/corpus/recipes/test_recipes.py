"""Recipes: found, checked and resolved to files without importing anything."""

from __future__ import annotations

import sys

import pytest

from seqgen import CorpusError, SeqgenError, UnknownName
from seqgen.corpus.recipes.recipes import find_recipe, read_recipe, recipes

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
def recipe_folder(tmp_path, install_recipes):
    folder = tmp_path / "corpora"
    folder.mkdir()
    (folder / "few.toml").write_text(RECIPE)
    install_recipes(folder)
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
def test_a_recipe_that_is_wrong_says_where(recipe_folder, capsys, old, new, sentence):
    (recipe_folder / "few.toml").write_text(RECIPE.replace(old, new))
    (recipe_folder / "more.toml").write_text(RECIPE.replace("few", "more"))
    with pytest.raises(CorpusError, match=sentence):
        read_recipe(recipe_folder / "few.toml")
    assert {"more", "bach-chorales"} <= recipes().keys()
    with pytest.raises(UnknownName):
        find_recipe("few")
    (line,) = capsys.readouterr().err.splitlines()
    assert "A recipe of the plugin 'corpora' of seqgen-corpora 2.5 is left out." in line
    assert sentence in line


def test_the_recipes_of_the_project_can_be_read():
    for name, recipe in recipes().items():
        assert recipe.name == name
        assert recipe.licence


def test_a_plugin_may_name_files_and_folders(recipe_folder, install_recipes, tmp_path):
    (tmp_path / "own.toml").write_text(RECIPE.replace("few", "own"))
    install_recipes(tmp_path / "own.toml", name="files")
    assert {"few", "own", "bach-chorales"} <= recipes().keys()
    assert recipes()["own"].folder == tmp_path
    assert "folder" not in recipes()["own"].model_dump()


def test_a_bundled_recipe_wins_over_another_of_its_name(recipe_folder, capsys):
    (recipe_folder / "few.toml").write_text(RECIPE.replace("few", "bach-chorales"))
    assert find_recipe("bach-chorales").domain == "midi"
    assert "The recipe 'bach-chorales' of the plugin 'corpora' of seqgen-corpora 2.5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [("1 / 0", "ZeroDivisionError"), ('["few.toml"]', "no list of Path"), ('[Path("nowhere")]', "cannot be read")],
)
def test_a_broken_plugin_is_named_and_leaves_the_other_recipes(recipe_folder, install, capsys, returned, sentence):
    body = f"""
        from pathlib import Path
        import pluggy

        @pluggy.HookimplMarker("seqgen")
        def seqgen_recipes():
            return {returned}
    """
    install("bad", body, group="seqgen.recipes")
    install("worse", "import there_is_no_such_module", group="seqgen.recipes")
    assert {"few", "bach-chorales"} <= recipes().keys()
    first, second = sorted(capsys.readouterr().err.splitlines(), key=lambda line: "worse" in line)
    assert "'bad' of seqgen-bad 2.5" in first
    assert sentence in first
    assert "'worse' of seqgen-worse 2.5" in second
