"""What the distribution declares: every library that is imported, and one version everywhere."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

import seqgen

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn"}
"""Of modules that have another name than their distribution."""
PLUGINS = {
    path.parent.name: tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    for path in (ROOT / "plugins").glob("*/pyproject.toml")
}
"""The plugins that are distributions of their own, by their folder."""
TOOLS = {"flask-cors", "httpx", "hypothesis", "mypy", "playwright", "pytest-cov", "pytest-xdist", "ruff"}
"""Distributions of the test extra that no test imports.

The kit for plugins imports hypothesis, starlette's test client httpx, and moto's server flask-cors. The tests of the
page skip without playwright.
"""
COMMAND_EXTRAS = ("export", "cluster", "studio", "remote")
"""The extras that commands import when they run."""
DRIVERS = {"s3fs"}
"""Distributions of these extras that another library imports: fsspec opens s3:// with s3fs."""
OWN = ("seqgen", *(path.name for path in (ROOT / "plugins").glob("*/seqgen_*")))


def declared(*extras: str) -> set[str]:
    """Returns the normalised names of the dependencies and of those in some extras."""
    lines = list(PROJECT["dependencies"]) if not extras else []
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return {normalised(re.split(r"[\[<>=!~ ]", line)[0]) for line in lines}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(*folders: str) -> set[str]:
    """Returns the normalised names of the distributions that the files of some folders import."""
    names: set[str] = set()
    local = {*OWN, *(path.stem for path in (ROOT / "tests").glob("*.py"))}  # bench shares some modules of the tests
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            local |= {path.stem, path.parent.name}
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names.add(node.module.split(".")[0])
    return {normalised(DISTRIBUTIONS.get(name, name)) for name in names - local - sys.stdlib_module_names}


def test_the_package_declares_exactly_what_it_imports():
    bundled = [str(folder) for folder in (ROOT / "plugins").iterdir() if folder.name not in PLUGINS]
    assert imported("seqgen", *bundled) == declared() | declared("kit", *COMMAND_EXTRAS) - DRIVERS


@pytest.mark.parametrize("plugin", sorted(PLUGINS))
def test_a_plugin_of_its_own_declares_exactly_what_it_imports(plugin):
    requirements = {normalised(re.split(r"[<>=~ ]", line)[0]) for line in PLUGINS[plugin]["dependencies"]}
    (package,) = (ROOT / "plugins" / plugin).glob("seqgen_*")
    assert imported(str(package)) == requirements - {"seqgen-framework"}
    assert "seqgen-framework" in requirements


@pytest.mark.parametrize(("folder", "extra", "tools"), [("tests", "test", TOOLS), ("bench", "bench", set())])
def test_an_extra_declares_exactly_what_its_scripts_import_besides(folder, extra, tools):
    assert imported(folder) - declared() - declared(*COMMAND_EXTRAS) == declared(extra) - tools


def test_the_constraints_pin_every_distribution_that_is_declared():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normalised(line.split("==")[0]) for line in lines if "==" in line}
    assert declared() | declared("test", "bench", *COMMAND_EXTRAS) <= pinned


def test_the_citation_is_of_this_version():
    assert f"\nversion: {seqgen.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
