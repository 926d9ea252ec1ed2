"""The tests mirror the tree: each module with logic has a test file of its own.

The test file of `seqgen/corpus/storage/store.py` is `tests/corpus/storage/test_store.py`, the one of a plugin's module
`seqgen_midi/music/keys.py` is `tests/midi/music/test_keys.py`. A command has `tests/cli/test_<command>.py`. A plugin
that is a distribution of its own has its tests in its own folder, because they belong to that distribution.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = {"seqgen": ROOT / "seqgen", **{path.name: path for path in (ROOT / "plugins").glob("*/seqgen_*")}}
NO_LOGIC = ("__init__.py", "__main__.py")
WITHOUT_TEST_FILE = {
    "seqgen/contract/oracle.py": "a protocol; tests/workflows/test_oracle.py tests what implements it",
    "seqgen/engine/exporting/operator_graph.py": "dataclasses",
    "seqgen/grammar/special_tokens.py": "two constants",
    "seqgen_midi/io/music21_library.py": "one import",
    "seqgen_midi/music/voices.py": "constants",
}
"""Each module that needs no test file of its own, and why."""


def place_of_test(package: str, module: Path) -> Path:
    """Returns the place of the test file of a module, whose path is relative to its package."""
    folder = module.parent
    if module.is_relative_to("cli/commands"):
        folder = Path("cli")
    plugin = package.removeprefix("seqgen").removeprefix("_")
    own_tests = PACKAGES[package].parent / "tests"
    if package != "seqgen" and own_tests.is_dir():
        return own_tests / folder / f"test_{module.stem}.py"
    return ROOT / "tests" / plugin / folder / f"test_{module.stem}.py"


def test_every_module_with_logic_has_its_test_file():
    missing = {
        f"{package}/{module}"
        for package, folder in PACKAGES.items()
        for path in folder.rglob("*.py")
        if path.name not in NO_LOGIC
        for module in [path.relative_to(folder)]
        if not place_of_test(package, module).is_file()
    }
    assert missing - WITHOUT_TEST_FILE.keys() == set(), "write the test file, or give the reason why there is none"
    assert WITHOUT_TEST_FILE.keys() <= missing, "has a test file now, or is gone"
