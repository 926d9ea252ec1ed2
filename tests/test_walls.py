"""Which module may import which: the order of the packages in DESIGN.md, read from the source of the whole tree.

Imports inside functions and under `TYPE_CHECKING` count like all others.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import seqgen

ROOT = Path(__file__).parent.parent
PACKAGE_FOLDERS = {
    "seqgen": ROOT / "seqgen",
    **{folder.name: folder for folder in sorted((ROOT / "plugins").glob("*/seqgen_*")) if folder.is_dir()},
}
ORDER = (
    "errors",
    "files",
    "grammar",
    "contract",
    "corpus",
    "engine",
    "models",
    "workflows",
    "studio",
    "cli",
)
"""A package of seqgen imports only what stands before it."""
CORPUS_ORDER = ("reading", "storage", "recipes", "building")
REPORT_IMPORTS = ("workflows.reports", "errors", "files", "grammar", "contract", "corpus", "engine", "models")
ENGINE_IMPORTS = ("engine", "errors", "files", "grammar")
PLUGIN_IMPORTS = ("seqgen", "seqgen.contract", "seqgen.grammar")
MAX_ENTRIES = 12


def python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def module_name(path: Path, package: str) -> str:
    parts = [package, *path.relative_to(PACKAGE_FOLDERS[package]).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path, package): path for package, folder in PACKAGE_FOLDERS.items() for path in python_files(folder)
}


def imported_names(path: Path) -> Iterator[str]:
    """Yields the full name of every module that a file imports: `a.b` for `from a import b` where `a.b` is a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who imports whom"
            assert node.module is not None
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else node.module


GRAPH = {name: {target for target in imported_names(path) if target in MODULES} for name, path in MODULES.items()}


def is_within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def strongly_connected(graph: dict[str, set[str]]) -> list[set[str]]:
    """Returns the groups of modules that import each other, directly or by way of others (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[set[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph[node]):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group: set[str] = set()
            while node not in group:
                group.add(stack.pop())
            groups.append(group)

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return [group for group in groups if len(group) > 1]


def test_no_modules_import_each_other():
    assert strongly_connected(GRAPH) == []


def test_a_circle_is_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    assert strongly_connected(graph) == [{"b", "c"}]


def test_packages_import_only_what_stands_before_them():
    def position(name: str) -> int:
        return ORDER.index(name.split(".")[1])

    for name, targets in GRAPH.items():
        if name.startswith("seqgen.") and not is_within(name, "seqgen.cli"):
            for target in targets:
                assert target.startswith("seqgen."), f"{name} imports {target}"
                assert position(target) <= position(name), f"{name} imports {target}, which stands after it"


def test_the_parts_of_the_corpus_import_only_what_stands_before_them():
    def position(name: str) -> int:
        part = name.split(".")[2:3]
        return CORPUS_ORDER.index(part[0]) if part else -1

    for name, targets in GRAPH.items():
        for target in targets:
            if is_within(name, "seqgen.corpus") and is_within(target, "seqgen.corpus"):
                assert position(target) <= position(name), f"{name} imports {target}, which stands after it"


def test_reports_import_nothing_of_the_workflows_that_write_them():
    allowed = [f"seqgen.{part}" for part in REPORT_IMPORTS]
    for name, targets in GRAPH.items():
        if is_within(name, "seqgen.workflows.reports"):
            assert all(is_within(target, *allowed) for target in targets), f"{name} imports {sorted(targets)}"


def test_the_engine_knows_no_domain():
    allowed = [f"seqgen.{part}" for part in ENGINE_IMPORTS]
    for name, targets in GRAPH.items():
        if is_within(name, "seqgen.engine"):
            assert all(is_within(target, *allowed) for target in targets), f"{name} imports {sorted(targets)}"


def test_plugins_import_what_is_open_to_strangers():
    for package, folder in PACKAGE_FOLDERS.items():
        if package == "seqgen":
            continue
        for path in python_files(folder):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module == "seqgen":
                    assert {alias.name for alias in node.names} <= set(seqgen.__all__), f"{path}: {ast.unparse(node)}"
            for target in imported_names(path):
                foreign = target in MODULES and not is_within(target, package)
                is_open = target == "seqgen" or is_within(target, *PLUGIN_IMPORTS[1:])
                assert not foreign or is_open, f"{path} imports {target}"


def test_only_the_engine_knows_tensorflow():
    for name, path in MODULES.items():
        if not is_within(name, "seqgen.engine"):
            for target in imported_names(path):
                assert not is_within(target, "tensorflow", "keras"), f"{path} imports {target}"


@pytest.mark.parametrize("package", ["seqgen", "seqgen_midi"])
def test_the_top_of_a_package_can_be_seen_at_once(package):
    entries = [entry.name for entry in PACKAGE_FOLDERS[package].iterdir() if entry.name != "__pycache__"]
    assert len(entries) <= MAX_ENTRIES, sorted(entries)


@pytest.mark.parametrize(
    "module", ["seqgen", "seqgen.contract.discovery", "seqgen.workflows.build", "seqgen.contract.testing"]
)
def test_importing_is_light(module):
    heavy = ["tensorflow", "keras", "music21", "seqgen_midi", "symusic", "matplotlib", "rich"]
    program = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
