"""seqgen check-plugin: each law is named, and the first broken one is shown with its smallest example."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture
def plugin(run_cli, tmp_path, monkeypatch):
    """Returns the folder of a new plugin. Its modules are forgotten when the test ends."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    run_cli("new-plugin", "shingle", tmp_path / "shingle", "--with", "prediction")
    yield tmp_path / "shingle"
    for module in set(sys.modules) - before:
        del sys.modules[module]


def test_a_good_plugin_keeps_every_law(run_cli, plugin):
    words = plugin / "examples" / "words.shingle"
    code, out, err = run_cli(
        "--plugin", plugin / "seqgen_shingle", "check-plugin", "shingle", words, "--documents", "5"
    )
    assert (code, err) == (0, "")
    assert out.splitlines()[:4] == [
        f"{law}: kept" for law in ("vocabulary", "settings", "items of the files", "short documents")
    ]
    assert "prompting: kept" in out
    assert out.splitlines()[-2:] == ["prediction: kept", "prediction by a tiny model: kept"]


def test_a_broken_law_is_shown_with_the_smallest_example(run_cli, plugin):
    source = plugin / "seqgen_shingle" / "domain.py"
    source.write_text(source.read_text().replace('return "".join(', 'return "a" + "".join('))
    code, out, err = run_cli("--plugin", plugin / "seqgen_shingle", "check-plugin", "shingle")
    assert code == 1
    assert out == "vocabulary: kept\nsettings: kept\nitems of the files: kept\n"
    assert "The plugin 'shingle' of seqgen_shingle breaks a law of the contract (short documents)" in err
    assert "turns <bos> <eos> into <bos> a <eos>" in err
