"""Makes text from outside harmless, with one function for each medium in which it is shown.

Labels, tokens, file names and messages that quote them can contain anything: codes that drive a terminal, line breaks,
HTML, TeX, and bytes that are not UTF-8. Python keeps such a byte as half of a surrogate pair (PEP 383).
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

MAX_FILE_NAME_BYTES = 100
"""A name this short stays a valid name when a number and an ending are added."""

_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
_SEPARATORS_AND_DIRECTIONS = r"\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"
_UNSAFE = re.compile(f"[{_CONTROL}{_SEPARATORS_AND_DIRECTIONS}]")
_LINE_BREAK_OR_TAB = re.compile(r"[\t\n]")
_UNSAFE_IN_JSON = re.compile(f"[\\x7f-\\x9f{_SEPARATORS_AND_DIRECTIONS}\\ud800-\\udfff]")
_UNSAFE_IN_FILE_NAME = re.compile(r"[^\w .+-]")


def terminal_text(text: object) -> str:
    """Returns text as one line for a terminal. Control characters and marks of direction become escapes such as \\x1b.

    A byte that is not UTF-8 stays, so that the name of a file can be copied or piped into another program.
    """
    return _LINE_BREAK_OR_TAB.sub(_escape, terminal_lines(text))


def terminal_lines(text: object) -> str:
    """Returns the same as `terminal_text`, but line breaks and tabs stay."""
    return _UNSAFE.sub(_escape, str(text))


def json_text(value: Any, *, ascii_only: bool = False) -> str:
    """Returns a value as one line of JSON. A byte that is not UTF-8 becomes an escape, \\udc80 to \\udcff."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def html_text(text: object) -> str:
    """Returns text for HTML, within elements and within quoted attributes."""
    return html.escape(_without_surrogates(str(text)))


def picture_text(text: object) -> str:
    """Returns text for matplotlib, which reads what stands between two dollar signs as TeX."""
    return terminal_text(_without_surrogates(str(text))).replace("$", r"\$")


def file_name(text: str) -> str:
    """Returns a short file name that every file system takes. It is never empty, hidden, or a path."""
    name = _UNSAFE_IN_FILE_NAME.sub("_", text).encode()[:MAX_FILE_NAME_BYTES].decode(errors="ignore")
    return name.strip(". ") or "_"


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
