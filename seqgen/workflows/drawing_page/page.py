"""Writes the page that draws new documents in a browser, without a server and without a network.

A content security policy in the page forbids it to load anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from seqgen.contract.escaping import html_text
from seqgen.engine.exporting.operator_graph import OperatorGraph
from seqgen.errors import UsageError
from seqgen.files import write_text
from seqgen.workflows.drawing_page.page_data import page_data

SCRIPTS = ("operators.js", "sampling.js")


def write_drawing_page(
    path: Path,
    about: Mapping[str, Any],
    tables: Mapping[str, np.ndarray],
    graphs: Mapping[str, OperatorGraph],
    script: str | None,
) -> None:
    """Writes the page. Raises OutputError, and UsageError for sampling options that the page does not know.

    about:  the description of the export (`export.json`)
    script: JavaScript that shows a document (`BrowserDisplay.script`); None shows tokens by name
    """
    check_sampling(about)
    asked = ", ".join(f"{name} = {value}" for name, value in about["constraints"].items())
    values = {
        "title": html_text(f"Draw with a model of {about['domain']}"),
        "about": html_text(
            "The model is in this page, which draws without a network."
            + (f" Every result has {asked}." if asked else "")
        ),
        "temperature": about["sampling"]["temperature"],
        "min_p": about["sampling"]["min_p"],
        "data": page_data(about, tables, graphs),
        "script": "\n".join([*map(_source, SCRIPTS), script or _source("tokens.js"), _source("page.js")]),
    }
    write_text(path, Template(_source("page.html")).substitute(values))


def check_sampling(about: Mapping[str, Any]) -> None:
    """Raises UsageError for sampling options of the domain that the page does not know."""
    off = {"repetition_penalty": 1, "no_repeat_ngram_size": 0}
    sampling = about["sampling"]
    unknown = [name for name, value in off.items() if sampling[name] != value] + sorted(about["filters"])
    if unknown:
        raise UsageError(
            f"The domain {about['domain']!r} is sampled with {unknown[0]}, which a page cannot do; export to another "
            "format."
        )


def _source(name: str) -> str:
    return files("seqgen.workflows.drawing_page").joinpath(name).read_text(encoding="utf-8")
