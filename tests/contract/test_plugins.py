"""Plugins are found without being imported, and a broken one breaks nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seqgen import PluginError, UnusableFile
from seqgen.contract.plugins import (
    bundled_plugins_only,
    call_hook,
    faults_of_announcements,
    guard,
    hook_results,
    installed_plugins,
    report_broken_plugins,
    unique,
)

HOOK = "seqgen_recipes"
GROUP = "seqgen.recipes"
GOOD = """
    import pathlib
    import pluggy

    @pluggy.HookimplMarker("seqgen")
    def seqgen_recipes():
        return [pathlib.Path("one"), pathlib.Path("two")]
"""
BROKEN = {
    "import there_is_no_such_module": "ModuleNotFoundError: No module named",
    "raise SystemExit(3)": "SystemExit: 3",
    GOOD.replace("return", "1 / 0; return"): "fails in the hook seqgen_recipes: ZeroDivisionError: division by zero",
    GOOD.replace("return [", "return pathlib.Path(), ["): "which is no list of Path",
    GOOD.replace('return [pathlib.Path("one"), pathlib.Path("two")]', "return 7"): "returns 7 from seqgen_recipes",
    GOOD.replace("seqgen_recipes()", "seqgen_recipies()"): "unknown hook",
    GOOD.replace("seqgen_recipes()", "seqgen_recipes(folder)"): "folder",
}


@pytest.fixture(autouse=True)
def _no_bundled_recipes(monkeypatch):
    """Leaves only what a test installs."""
    found = installed_plugins
    monkeypatch.setattr(
        "seqgen.contract.plugins.installed_plugins",
        lambda hook: [plugin for plugin in found(hook) if not plugin.is_bundled],
    )


def results() -> list[tuple[str, str]]:
    return [(plugin.name, path.name) for plugin, path in hook_results(HOOK, Path)]


def test_the_results_of_all_plugins_come_with_their_plugins(install):
    install("b", GOOD, group=GROUP)
    install("a", GOOD.replace("one", "three"), group=GROUP)
    assert results() == [("a", "three"), ("a", "two"), ("b", "one"), ("b", "two")]


def test_a_plugin_is_only_asked_for_what_its_entry_point_announces(install):
    install("domain", "raise SystemExit('imported')", group="seqgen")
    install("silent", "import pluggy", group=GROUP)
    assert results() == []
    assert call_hook(next(one for one in installed_plugins(HOOK) if one.name == "silent"), HOOK) == []


@pytest.mark.parametrize(("body", "sentence"), BROKEN.items(), ids=BROKEN.values())
def test_a_broken_plugin_is_named_once_and_breaks_nothing_else(install, capsys, body, sentence):
    install("bad", body, group=GROUP)
    install("good", GOOD, group=GROUP)
    for _ in range(2):
        assert results() == [("good", "one"), ("good", "two")]
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert line.startswith("seqgen: The plugin 'bad' of seqgen-bad 2.5 ")
    assert sentence in line
    assert out == ""


@pytest.mark.parametrize("body", BROKEN, ids=BROKEN.values())
def test_strict_raises_at_a_broken_one(install, monkeypatch, body):
    install("bad", body, group=GROUP)
    monkeypatch.setenv("SEQGEN_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match="'bad' of seqgen-bad"):
        results()


def test_one_module_may_implement_several_hooks(install):
    folder = install(
        "both", GOOD + GOOD.replace("seqgen_recipes", "seqgen_renderers").replace("import", "#"), group=GROUP
    )
    (points,) = folder.glob("*/entry_points.txt")
    points.write_text(f"[{GROUP}]\nboth = seqgen_both_fake\n[seqgen.renderers]\nboth = seqgen_both_fake\n")
    assert len(results()) == len(hook_results("seqgen_renderers", Path)) == 2


def test_of_two_results_with_one_name_the_first_is_used(install, capsys):
    install("a", GOOD, group=GROUP)
    install("b", GOOD, group=GROUP)
    named = [(path.name, plugin, path) for plugin, path in hook_results(HOOK, Path)]
    found = unique(named, "recipe", reserved=["two"])
    assert {name: plugin.name for name, (plugin, _) in found.items()} == {"one": "a"}
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("of the plugin")[0] for line in lines] == [
        "seqgen: The recipe 'two' ",
        "seqgen: The recipe 'one' ",
        "seqgen: The recipe 'two' ",
    ]
    assert "'b' of seqgen-b 2.5 is not used, because there is another; rename it." in lines[1]


def test_what_a_plugin_raises_later_is_a_plugin_error_too(install):
    install("late", GOOD, group=GROUP)
    (plugin,) = installed_plugins(HOOK)[-1:]
    sentence = r"'late' of seqgen-late 2\.5 fails in the test: KeyError: 'x'; update"
    with pytest.raises(PluginError, match=sentence), guard(plugin, "the test"):
        {}["x"]
    with pytest.raises(PluginError, match="SystemExit: 3"), guard(plugin, "the test"):
        sys.exit(3)
    for error in (KeyboardInterrupt(), UnusableFile("empty")):
        with pytest.raises(type(error)), guard(plugin, "the test"):
            raise error


def test_only_errors_of_plugins_are_reported():
    with pytest.raises(UnusableFile), report_broken_plugins():
        raise UnusableFile("empty")


def test_no_plugins_leaves_strangers_out_here_and_in_child_processes(install):
    install("fake", GOOD, group=GROUP)
    with bundled_plugins_only():
        assert results() == []
        program = (
            "from seqgen.contract.plugins import installed_plugins\n"
            "print([plugin.name for plugin in installed_plugins('seqgen_recipes')])"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        child = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        assert child.stdout.strip() == "['seqgen']"
    assert results()


@pytest.mark.parametrize(("allowed", "used"), [("a", {"a"}), ("Seqgen_B, x", {"b"}), ("", {"a", "b"}), ("x", set())])
def test_an_allow_list_leaves_other_strangers_out(install, monkeypatch, allowed, used):
    install("a", GOOD, group=GROUP)
    install("b", GOOD, group=GROUP)
    monkeypatch.setenv("SEQGEN_PLUGINS", allowed)
    assert {name for name, _ in results()} == used


def test_a_slow_plugin_is_named_and_works(install, monkeypatch, capsys):
    install("slow", GOOD, group=GROUP)
    monkeypatch.setattr("seqgen.contract.plugins.MAX_IMPORT_SECONDS", -1)
    assert results() == [("slow", "one"), ("slow", "two")]
    assert (
        "seqgen: The plugin 'slow' of seqgen-slow 2.5 takes 0 s to import; tell its author" in capsys.readouterr().err
    )


def test_an_entry_point_of_an_unknown_group_is_named(install):
    install("lost", GOOD, group="seqgen.recipe")
    install("other", GOOD, group="pytest11")
    (sentence,) = faults_of_announcements()
    assert sentence.startswith(
        "The plugin 'lost' of seqgen-lost 2.5 is not used, because there is no group 'seqgen.recipe'"
    )
    assert "did you mean 'seqgen.recipes'?" in sentence
