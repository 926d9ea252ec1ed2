"""A new plugin keeps the laws at once, whatever stubs it has."""

from __future__ import annotations

import ast
import sys
import tomllib

import pytest

from seqgen import OutputError, UnknownName, UsageError
from seqgen.contract.discovery import load_domain
from seqgen.contract.plugin_files import plugin_files
from seqgen.contract.testing import check_domain
from seqgen.workflows.new_plugin import STUBS, new_plugin


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Returns a function that writes a plugin, and forgets its modules when the test ends."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield lambda name, stubs=(): new_plugin(name, tmp_path / name, stubs)
    for module in set(sys.modules) - before:
        del sys.modules[module]


@pytest.mark.parametrize(
    "stubs", [(), STUBS, *((stub,) for stub in STUBS)], ids=lambda stubs: "+".join(stubs) or "core"
)
def test_a_new_plugin_keeps_the_laws(written, tmp_path, stubs):
    name = f"pebbles_{STUBS.index(stubs[0]) if stubs else 'core'}{len(stubs)}"
    files = written(name, stubs)
    with plugin_files((tmp_path / name / f"seqgen_{name}",)):
        kind = load_domain(name)
        check_domain(kind(), [tmp_path / name / "examples" / f"words.{name}"], walks=5)
        offered = kind().capabilities()
        assert {stub for stub in stubs if stub != "constraints"} <= offered.keys()
        assert ("letters" in kind.Constraints.model_fields) == ("constraints" in stubs)
    assert all(len(line) <= 120 for file in files if file.suffix == ".py" for line in file.read_text().splitlines())


def test_the_core_is_short_and_the_project_can_be_installed(written, tmp_path):
    written("pebbles")
    source = (tmp_path / "pebbles" / "seqgen_pebbles" / "domain.py").read_text()
    (domain,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    assert domain.end_lineno - domain.lineno < 45
    project = tomllib.loads((tmp_path / "pebbles" / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["seqgen"] == {"pebbles": "seqgen_pebbles"}
    assert (tmp_path / "pebbles" / "seqgen_pebbles" / "py.typed").is_file()


@pytest.mark.parametrize(
    ("name", "stubs", "error", "sentence"),
    [
        ("My-Domain", (), UsageError, "cannot be called 'My-Domain'; take lower-case letters"),
        ("class", (), UsageError, "cannot be called 'class'"),
        ("midi", (), UsageError, "A domain 'midi' is installed already"),
        ("pebbles", ("predictions",), UnknownName, "no stub 'predictions'; did you mean 'prediction'"),
    ],
)
def test_a_wrong_call_is_one_sentence(written, tmp_path, name, stubs, error, sentence):
    with pytest.raises(error, match=sentence):
        written(name, stubs)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(written, tmp_path):
    written("pebbles")
    with pytest.raises(OutputError, match="is not an empty folder"):
        written("pebbles")
