"""The prose in Python files: docstrings, and the texts in dictionaries, read from the source without running it."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from seqgen.files import write_text

Prose = Literal["docstrings", "dictionaries"]
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def write_prose(files: Iterable[Path], what: Prose, target: Path) -> Path:
    """Writes JSON Lines with one `text` a docstring, or a dictionary's value; raises OutputError."""
    texts = (text for file in files for text in prose(file, what))
    write_text(target, "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts))
    return target


def prose(file: Path, what: Prose) -> Iterator[str]:
    """Yields the texts of one file in its order; of one that is no Python, none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if what == "docstrings" and isinstance(node, DOCUMENTED):
            yield from filter(None, [ast.get_docstring(node)])
        elif what == "dictionaries" and isinstance(node, ast.Dict):
            values = (value.value for value in node.values if isinstance(value, ast.Constant))
            yield from (value for value in values if isinstance(value, str))
