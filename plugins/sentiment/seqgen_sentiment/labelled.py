"""What an item is: content of another domain, and its label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Labelled:
    """Content with its label; None where nobody has said it."""

    content: Any
    label: str | None = None
