"""One page for a run of `sample`, to look at and listen to in any browser; it asks nothing of a network.

Whatever a domain shows stands inside; the files, beside which the page lies, are linked. A content security policy in
the page forbids it to load anything, so that not even a hostile text could make it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import NamedTuple
from urllib.parse import quote

from seqgen.atomic import write_text


class Entry(NamedTuple):
    """One sample on the page: what it is called, the domain's HTML of it, and its files, as seen from the page."""

    title: str
    shown: str
    files: list[Path]

    def html(self) -> str:
        names = [file.as_posix() for file in self.files]
        links = "".join(f'<a href="./{escape(quote(name))}">{escape(name)}</a>' for name in names)
        return f"<article>\n<h2>{escape(self.title)}</h2>\n{self.shown}\n<p>{links}</p>\n</article>"


def write_page(path: Path, title: str, about: Mapping[str, object], entries: Iterable[Entry], script: str) -> None:
    """Writes the page; `about` is what people should know of how it came about. Raises OutputError."""
    told = {
        "title": escape(title),
        "facts": "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in about.items()),
        "entries": "\n".join(entry.html() for entry in entries),
        "script": script,
    }
    template = files("seqgen.reports").joinpath("page.html").read_text(encoding="utf-8")
    page = Template(template).substitute(told)
    # A name that is no UTF-8 comes with surrogates, which no page can hold.
    write_text(path, page.encode("utf-8", "replace").decode("utf-8"))
