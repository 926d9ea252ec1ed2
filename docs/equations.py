"""Turns the blocks of equations in a page into MathML, which browsers draw without a script and without a network.

A line is an equation and, after two or more spaces, what people should know about it:

    c_t = f · c_{t-1} + i · g        what is kept, and what is added

`_` sets below, `^` sets above; braces hold more than one sign together, and a backslash a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

BLOCK = re.compile(r"^```equations\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TOKEN = re.compile(r"(?P<space>\\ )|(?P<number>\d+(?:\.\d+)?)|(?P<name>[^\W\d_]+)|(?P<script>[_^])|(?P<other>\S)")
LARGE = {"Σ": "∑", "Π": "∏"}
"""Letters that stand for the large operators, which are easier to type."""


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Returns the page with its equations drawn. MkDocs calls it for each page."""
    return BLOCK.sub(lambda match: table(match[1]), markdown)


def table(block: str) -> str:
    """Returns a block of equations as HTML: a row for each line, with its remark."""
    rows = []
    for line in filter(str.strip, block.splitlines()):
        equation, _, remark = line.strip().partition("  ")
        rows.append(f"<tr><td>{mathml(equation)}</td><td>{escape(remark.strip())}</td></tr>")
    return f'<table class="equations">{"".join(rows)}</table>'


def mathml(equation: str) -> str:
    """Returns one equation as MathML. Raises ValueError for braces that do not match."""
    tokens = [(str(match.lastgroup), match[0]) for match in TOKEN.finditer(equation)]
    return f"<math>{row(iter(tokens), is_group=False)}</math>"


def row(tokens: Iterator[tuple[str, str]], *, is_group: bool) -> str:
    """Returns what stands side by side, up to the closing brace of a group or to the end."""
    parts: list[str] = []
    for kind, text in tokens:
        if text == "}":
            if is_group:
                return f"<mrow>{''.join(parts)}</mrow>"
            raise ValueError("a closing brace without an opening one")
        if kind != "script":
            parts.append(element(kind, text, tokens))
            continue
        base, script = parts.pop(), element(*next(tokens), tokens)
        # A base that has one script already gets the other one beside it.
        name = "msub" if text == "_" else "msup"
        parts.append(f"<{name}>{base}{script}</{name}>")
    if is_group:
        raise ValueError("an opening brace without a closing one")
    return "".join(parts)


def element(kind: str, text: str, tokens: Iterator[tuple[str, str]]) -> str:
    """Returns one sign, or the group that an opening brace begins."""
    if text == "{":
        return row(tokens, is_group=True)
    if kind == "space":
        return '<mspace width="1em"/>'
    if text in LARGE:
        return f"<mo>{LARGE[text]}</mo>"
    tag = {"number": "mn", "name": "mi"}.get(kind, "mo")
    return f"<{tag}>{escape(text)}</{tag}>"
