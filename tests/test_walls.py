"""Who may import whom (DESIGN.md), read from the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import seqgen

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "seqgen"
OPEN_TO_PLUGINS = {"seqgen", "seqgen.grammar", "seqgen.tables", "seqgen.testing", "seqgen.textfile"}


def imports(path: Path) -> Iterator[str]:
    """The full name of every module that a file imports, and of every name that it imports from one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who imports whom"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def test_the_engine_knows_no_domain():
    open_to_it = ("seqgen.engine", "seqgen.errors", "seqgen.grammar", "seqgen.atomic")
    for path in python_files(PACKAGE / "engine"):
        for name in imports(path):
            assert not within(name, "seqgen") or within(name, *open_to_it), f"{path} imports {name}"


def test_plugins_import_what_is_open_to_strangers():
    for path in python_files(ROOT / "plugins"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and within(node.module or "", "seqgen"):
                modules = [node.module]
                if node.module == "seqgen":
                    assert {alias.name for alias in node.names} <= {*seqgen.__all__, "grammar", "tables", "textfile"}
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names if within(alias.name, "seqgen")]
            else:
                modules = []
            assert set(modules) <= OPEN_TO_PLUGINS, f"{path} imports {modules}"


def test_only_the_engine_and_the_project_know_tensorflow():
    allowed = {PACKAGE / "project.py", *python_files(PACKAGE / "engine")}
    for path in {*python_files(PACKAGE), *python_files(ROOT / "plugins")} - allowed:
        for name in imports(path):
            assert not within(name, "tensorflow", "keras"), f"{path} imports {name}"


def test_the_corpus_knows_neither_engine_nor_commands():
    for path in python_files(PACKAGE / "corpus"):
        for name in imports(path):
            above = [f"seqgen.{part}" for part in ("engine", "project", "building", "trained", "evaluating", "cli")]
            assert not within(name, *above), f"{path} imports {name}"


@pytest.mark.parametrize("module", ["seqgen", "seqgen.plugins", "seqgen.building", "seqgen.testing"])
def test_importing_is_light(module):
    heavy = ["tensorflow", "keras", "music21", "seqgen_midi", "symusic", "matplotlib", "rich"]
    program = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
