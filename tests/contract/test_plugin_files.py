"""A plugin in a file is tried without being installed."""

from __future__ import annotations

import os
import sys
import textwrap

import pytest

from seqgen import PluginError, UsageError
from seqgen.contract.discovery import installed_plugin, load_domain
from seqgen.contract.plugin_files import PLUGIN_FILES, plugin_files
from seqgen.contract.plugins import installed_plugins

DOMAIN = """
    import pluggy
    from seqgen import Domain

    class Tried(Domain):
        name = "tried"
        interface_version = 2

    @pluggy.HookimplMarker("seqgen")
    def seqgen_domain():
        return Tried
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Returns a function that writes a module, and forgets the module when the test ends."""
    before = set(sys.modules)

    def write_module(name, body):
        path = tmp_path / name
        path.write_text(textwrap.dedent(body))
        return path

    monkeypatch.setattr(sys, "path", list(sys.path))
    yield write_module
    for module in set(sys.modules) - before:
        del sys.modules[module]


def test_a_domain_in_a_file_is_found_by_its_name(write):
    path = write("tried_words.py", DOMAIN)
    with plugin_files((path,)):
        assert load_domain("tried").name == "tried"
        assert str(load_domain("tried").plugin) == "'tried' of tried_words.py"
        assert installed_plugin("tried") == {"distribution": "tried_words.py", "version": ""}
        assert os.environ[PLUGIN_FILES] == str(path)
    assert PLUGIN_FILES not in os.environ
    sentence = r"comes with the file tried_words.py; use it: 'seqgen --plugin tried_words.py"
    with pytest.raises(PluginError, match=sentence):
        load_domain("tried", {"distribution": "tried_words.py", "version": ""})


def test_a_file_hides_an_installed_plugin_of_its_name(write, install):
    install("tried", DOMAIN)
    with plugin_files((write("tried_again.py", DOMAIN),)):
        assert [one.distribution for one in installed_plugins("seqgen_domain") if one.name == "tried"] == [
            "tried_again.py"
        ]


@pytest.mark.parametrize(
    ("name", "body", "error", "sentence"),
    [
        (
            "fails.py",
            "1 / 0",
            PluginError,
            "fails.py cannot be loaded: ZeroDivisionError: division by zero; correct it",
        ),
        ("ends.py", "raise SystemExit(3)", PluginError, "SystemExit: 3"),
        ("empty_plugin.py", "", UsageError, "it has no hook; define one of seqgen_domain"),
        ("json.py", DOMAIN, UsageError, "has the name of another module, json; rename the file"),
        ("no-name.py", DOMAIN, UsageError, "give a Python file that exists"),
        ("hook.py", "def seqgen_domain():\n    return None.a", PluginError, "fails in the hook seqgen_domain"),
    ],
)
def test_a_file_that_is_no_plugin_is_one_sentence(write, name, body, error, sentence):
    with pytest.raises(error, match=sentence), plugin_files((write(name, body),)):
        pass
    assert PLUGIN_FILES not in os.environ


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match="give a Python file that exists"), plugin_files((tmp_path / "a.py",)):
        pass
