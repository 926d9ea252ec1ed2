"""An item of labelled content, and where it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqgen.contract.escaping import file_name


@dataclass(frozen=True)
class LabelledItem:
    """An item of the base domain and its label, or None if the label is not known.

    is_span: whether the content is a part of a document, such as a phrase, and not a whole one
    """

    content: Any
    label: str | None = None
    is_span: bool = False


def labelled_path(item: LabelledItem, path: Path) -> Path:
    """Returns `path` moved into a folder that is named after the label, in characters that any file system takes."""
    return path.parent / file_name(item.label or "unlabelled") / path.name
