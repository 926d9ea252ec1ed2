"""The web page of a run of `sample`: whole, closed to the network, and true to the files beside it."""

from __future__ import annotations

import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
from seqgen_midi.domain import MidiDomain
from seqgen_text.domain import TextDomain

from seqgen.workflows.reports.web_page import PageEntry, write_page

VOID = {"meta", "br", "link", "img", "input"}
HOSTILE = '</pre><script src="https://example.org/x.js">alert(1)</script> & "quotes"'


class Page(HTMLParser):
    """Every element with its attributes, and the text in it; asserts that all are closed in order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open:
            self.text[self._open[-1]] = self.text.get(self._open[-1], "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def closed(path: Path) -> Page:
    """A page that nothing outside is named in, but for files beside it."""
    page = Page(path)
    for tag, attributes in page.elements:
        assert "src" not in attributes
        assert attributes.get("href", "./").startswith("./"), (tag, attributes)
    assert "default-src 'none'" in page.all("meta")[2]["content"]
    # A namespace is only a name: nothing is loaded from there.
    text = path.read_text(encoding="utf-8").replace(HOSTILE, "").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?://", text)
    return page


def test_hostile_text_is_only_text(tmp_path):
    domain, path = TextDomain(), tmp_path / "page.html"
    entry = PageEntry(HOSTILE, domain.display.html("given " + HOSTILE, "given "), [Path("a&b.txt")])
    write_page(path, HOSTILE, {HOSTILE: HOSTILE}, [entry], domain.display.script())
    page = Page(path)
    assert len(page.all("script")) == 1
    assert page.text["mark"] == "given "
    assert page.text["pre"].endswith(HOSTILE)
    assert page.text["dd"] == page.text["dt"] == page.text["h1"] == HOSTILE
    assert page.all("a") == [{"href": "./a%26b.txt"}]


@pytest.mark.parametrize("encoding", ["chorale", "melody", "drums", "score", "performance"])
def test_the_notes_that_are_played_are_those_of_the_file(encoding, tmp_path):
    domain = MidiDomain(MidiDomain.Settings(encoding=encoding))
    grammar = domain.grammar()
    items = [domain.decode(grammar.walk(np.random.default_rng(seed), 200)) for seed in range(3)]
    for item in items:
        (file,) = domain.write(item, tmp_path / "piece")
        write_page(
            tmp_path / "page.html",
            "a piece",
            {},
            [PageEntry("one", domain.display.html(item), [])],
            domain.display.script(),
        )
        page = closed(tmp_path / "page.html")
        (figure,) = page.all("figure")
        instruments = pretty_midi.PrettyMIDI(str(file)).instruments
        heard = sorted(
            (note.start, note.end - note.start, note.pitch, round(note.velocity / 127, 2), int(one.is_drum))
            for one in instruments
            for note in one.notes
        )
        shown = sorted(map(tuple, json.loads(figure["data-notes"])))
        assert len(shown) == len(heard)
        np.testing.assert_allclose(np.array(shown), np.array(heard), atol=0.003)
        time = json.loads(figure["data-time"])
        assert all(earlier < later for earlier, later in itertools.pairwise(time))


def test_what_was_given_is_shaded():
    domain = MidiDomain(MidiDomain.Settings(encoding="melody"))
    item = domain.decode(domain.grammar().walk(np.random.default_rng(1), 200))
    assert 'class="given"' in domain.display.html(item, item)
    assert 'class="given"' not in domain.display.html(item)
