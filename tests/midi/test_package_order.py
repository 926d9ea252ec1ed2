"""Packages of the plugin import only what stands before them."""

from __future__ import annotations

import ast
from pathlib import Path

import seqgen_midi

ORDER = (
    "music", "io", "encodings", "settings", "inference", "constraints", "prompts", "display", "metrics", "domain",
    "__init__",
)  # fmt: skip
FOLDER = Path(seqgen_midi.__file__).parent


def test_packages_import_only_what_stands_before_them() -> None:
    for path in FOLDER.rglob("*.py"):
        place = ORDER.index(path.relative_to(FOLDER).with_suffix("").parts[0])
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("seqgen_midi."):
                imported = str(node.module).split(".")[1]
                assert ORDER.index(imported) <= place, f"{path} imports {node.module}"
