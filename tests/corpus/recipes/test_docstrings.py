"""Texts from the docstrings of Python source, which is parsed and never run."""

from __future__ import annotations

from seqgen.corpus.recipes import recipes as recipes_module
from seqgen.corpus.recipes.docstrings import prose
from seqgen.corpus.recipes.recipes import find_recipe
from seqgen.workflows.build import build

SOURCE = '''
"""Of the module."""
class A:
    """Of a class.

        Indented."""
    def f(self):
        "Of a function."
        x = "no docstring"
TOPICS = {"key": "a text " "in two parts", "other": 3, 5: "another"}
'''


def test_prose_is_read_without_running_anything(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(SOURCE + "raise SystemExit\n")
    assert list(prose(path, "docstrings")) == ["Of the module.", "Of a class.\n\nIndented.", "Of a function."]
    assert list(prose(path, "dictionaries")) == ["a text in two parts", "another"]
    path.write_bytes(b"def (\xff")
    assert list(prose(path, "docstrings")) == []


def test_the_recipes_that_need_no_network_have_texts(tmp_path, monkeypatch):
    monkeypatch.setattr(recipes_module, "cache_folder", lambda: tmp_path)
    (path,) = find_recipe("python-topics").files()
    corpus = build(["python-topics"], tmp_path / "corpus")
    assert corpus.settings["document"] == "row"
    assert path.read_text(encoding="utf-8").count("\n") > 50
    assert sum(part["documents"] for part in corpus.manifest["splits"].values()) > 50
