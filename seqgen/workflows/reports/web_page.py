"""Writes the web page of some samples, to look at and to listen to in any browser, without a network.

The page contains the domain's HTML and links the files of the samples, which are beside it. A content security policy
in the page forbids it to load anything, so that not even a hostile text can make it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import NamedTuple
from urllib.parse import quote

from seqgen.contract.escaping import html_text
from seqgen.files import write_text


class PageEntry(NamedTuple):
    """One sample on the page: its title, the domain's HTML of it, and its files, relative to the page."""

    title: str
    content: str
    files: list[Path]

    def html(self) -> str:
        names = [file.as_posix() for file in self.files]
        links = "".join(f'<a href="./{html_text(quote(os.fsencode(name)))}">{html_text(name)}</a>' for name in names)
        return f"<article>\n<h2>{html_text(self.title)}</h2>\n{self.content}\n<p>{links}</p>\n</article>"


def write_page(path: Path, title: str, about: Mapping[str, object], entries: Iterable[PageEntry], script: str) -> None:
    """Writes the page. Raises OutputError.

    about:  how the samples were made, by name
    script: the JavaScript that the HTML of the entries needs
    """
    values = {
        "title": html_text(title),
        "facts": "\n".join(f"<dt>{html_text(name)}</dt><dd>{html_text(value)}</dd>" for name, value in about.items()),
        "entries": "\n".join(entry.html() for entry in entries),
        "script": script,
    }
    template = files("seqgen.workflows.reports").joinpath("page.html").read_text(encoding="utf-8")
    page = Template(template).substitute(values)
    write_text(path, page)
