"""Turns the argument lists of seqgen's docstrings into Markdown lists, for the reference on the site.

A docstring lists arguments or fields as `name:` and a description, which may go on in indented lines:

    ids:     int32[n], starting with BOS
    weights: float32[n], how much the prediction of each id counts
             in the loss
"""

from __future__ import annotations

import re
from typing import Any

import griffe

ENTRY = re.compile(r"^(?P<names>\w+(?:, \w+)*):\s+(?P<description>\S.*)$")
CONTINUATION = re.compile(r"^\s+\S")


def with_lists(docstring: str) -> str:
    """Returns the docstring with each argument list as a Markdown list. Other paragraphs stay as they are."""
    return "\n\n".join(_as_list(paragraph) or paragraph for paragraph in docstring.split("\n\n"))


def _as_list(paragraph: str) -> str | None:
    """Returns a paragraph that is an argument list as a Markdown list; None for any other paragraph."""
    entries: list[str] = []
    for line in paragraph.splitlines():
        if entry := ENTRY.match(line):
            names = ", ".join(f"`{name}`" for name in entry["names"].split(", "))
            entries.append(f"- {names}: {entry['description']}")
        elif entries and CONTINUATION.match(line):
            entries[-1] += " " + line.strip()
        else:
            return None
    return "\n".join(entries)


class ArgumentLists(griffe.Extension):
    """Changes the docstring of every object that the reference shows."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = with_lists(obj.docstring.value)
