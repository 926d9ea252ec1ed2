"""Text from outside is harmless in each medium."""

from __future__ import annotations

import json
import os
from html.parser import HTMLParser
from pathlib import Path

import pytest

from seqgen.contract.escaping import file_name, html_text, json_text, picture_text, terminal_lines, terminal_text

HOSTILE = [
    "[live] [/INST] :smile:",
    "\x1b[31mred\x1b]0;title\x07",
    "\x9b31m C1",
    "two\nlines\r\tand a tab",
    "../../up",
    "<script>alert('x')</script> \" & '",
    "$\\frac{$ and $x$",
    "\u202egnp.exe \u2066 \u2028",
    os.fsdecode(b"not UTF-8 \xff\xfe"),
    "\ud83d half a pair",
    "\0",
    "é" * 500,
    "...",
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_gets_one_line_without_control_characters(text: str) -> None:
    shown = terminal_text(text)
    assert len(shown.splitlines()) <= 1
    assert all(ord(letter) >= 32 and not 0x7F <= ord(letter) < 0xA0 for letter in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def test_printable_text_in_any_script_stays_as_it_is() -> None:
    text = "Ж «é» いろは 😀 a\u200db \u00a0 क्ष [x] $y$"
    assert terminal_text(text) == text
    assert terminal_lines("a\n\tb\x1b") == "a\n\tb\\x1b"


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_json_comes_back_and_is_utf8(text: str, ascii_only: bool) -> None:
    shown = json_text({text: [text]}, ascii_only=ascii_only)
    assert json.loads(shown.encode("ascii" if ascii_only else "utf-8")) == {text: [text]}
    assert terminal_text(shown) == shown


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.append(tag)


@pytest.mark.parametrize("text", HOSTILE)
def test_html_has_no_element_of_the_text(text: str) -> None:
    parser = Elements()
    parser.feed(f'<p title="{html_text(text)}">{html_text(text)}</p>')
    assert parser.names == ["p"]
    html_text(text).encode("utf-8")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_picture_can_show_it(text: str, tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.suptitle(picture_text(text))
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size


@pytest.mark.parametrize("text", HOSTILE)
def test_a_file_name_stays_in_its_folder(text: str, tmp_path: Path) -> None:
    path = tmp_path / file_name(text)
    assert path.parent == tmp_path
    path.with_name(path.name + "-12.musicxml").write_text("x")
    assert [found.resolve().parent for found in tmp_path.iterdir()] == [tmp_path.resolve()]
    assert not path.name.startswith(".")
