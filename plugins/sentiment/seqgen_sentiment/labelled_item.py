"""An item of labelled content, and where it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqgen.contract.escaping import file_name


@dataclass(frozen=True)
class LabelledItem:
    """An item of the base domain and its label, or None if the label is not known."""

    content: Any
    label: str | None = None


def labelled_path(item: LabelledItem, path: Path) -> Path:
    """Returns `path` moved into a folder that is named after the label, in characters that any file system takes."""
    return path.parent / file_name(item.label or "unlabelled") / path.name
