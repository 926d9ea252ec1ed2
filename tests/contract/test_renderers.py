"""Plugins add renderings to a domain, which does not know of them."""

from __future__ import annotations

import numpy as np
import pytest
from complete_domain import Complete
from letters import Letters

from seqgen import PluginError
from seqgen.contract.renderers import render_all, with_renderers

GROUP = "seqgen.renderers"
GOOD = """
    import pluggy
    from seqgen.contract.hooks import Renderer

    def write_upper(item, path):
        target = path.with_name(path.name + ".upper")
        target.write_text(str(item).upper())
        return target

    @pluggy.HookimplMarker("seqgen")
    def seqgen_renderers():
        return [Renderer("complete", "upper", write_upper), Renderer("other", "lower", write_upper)]
"""
BROKEN = {
    "import there_is_no_such_module": "ModuleNotFoundError",
    GOOD.replace("return [", "1 / 0; return ["): "ZeroDivisionError",
    GOOD.replace("return [", "return 7, ["): "no list of Renderer",
}
BROKEN_LATE = {
    GOOD.replace("target.write", "1 / 0; target.write"): "fails in the rendering 'upper': ZeroDivisionError",
    GOOD.replace("return target", "return 7"): "returns 7 from the rendering 'upper', which is no path",
}


def test_a_plugins_rendering_is_one_of_the_domains(install, tmp_path):
    install("good", GOOD, group=GROUP)
    display = with_renderers(Complete()).display
    assert display.renderings == ("txt", "upper")
    files = render_all(display, "ab", tmp_path / "sample", "a")
    assert [(file.name, file.read_text()) for file in files] == [("sample.txt", "ab a"), ("sample.upper", "AB")]


def test_everything_else_is_the_domains_own(install):
    install("good", GOOD, group=GROUP)
    domain, own = with_renderers(Complete()), Complete()
    assert domain.capabilities() == own.capabilities()
    assert domain.display.html("ab", "a") == own.display.html("ab", "a")
    assert domain.display.script() == own.display.script()
    assert domain.display.piano_roll("ab", np.array([0, 2, 3, 1])).title == "ab"


def test_a_domain_without_display_gets_one_only_for_a_plugin(install):
    assert with_renderers(Letters()).display is None
    install("good", GOOD.replace("other", "letters"), group=GROUP)
    domain = with_renderers(Letters())
    assert domain.display.renderings == ("lower",)
    assert domain.capabilities()["display"] == ["render"]


def test_a_renderer_does_not_replace_a_rendering_of_the_domain(install, capsys, tmp_path):
    install("good", GOOD.replace('"upper"', '"txt"'), group=GROUP)
    display = with_renderers(Complete()).display
    assert [file.read_text() for file in render_all(display, "ab", tmp_path / "sample")] == ["ab None"]
    assert "The rendering of 'complete' 'txt' of the plugin 'good' of seqgen-good 2.5" in capsys.readouterr().err


@pytest.mark.parametrize(("body", "sentence"), BROKEN.items(), ids=BROKEN.values())
def test_a_broken_plugin_adds_nothing(install, capsys, body, sentence):
    install("bad", body, group=GROUP)
    install("good", GOOD.replace("upper", "fine"), group=GROUP)
    assert with_renderers(Complete()).display.renderings == ("txt", "fine")
    (line,) = capsys.readouterr().err.splitlines()
    assert "'bad' of seqgen-bad 2.5" in line
    assert sentence in line


@pytest.mark.parametrize(("body", "sentence"), BROKEN_LATE.items(), ids=BROKEN_LATE.values())
def test_a_rendering_that_fails_leaves_the_others(install, capsys, tmp_path, monkeypatch, body, sentence):
    install("bad", body, group=GROUP)
    display = with_renderers(Complete()).display
    for number in range(2):
        assert [file.suffix for file in render_all(display, "ab", tmp_path / str(number))] == [".txt"]
    (line,) = capsys.readouterr().err.splitlines()
    assert "'bad' of seqgen-bad 2.5" in line
    assert sentence in line
    monkeypatch.setenv("SEQGEN_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match="'bad' of seqgen-bad"):
        render_all(display, "ab", tmp_path / "strict")
