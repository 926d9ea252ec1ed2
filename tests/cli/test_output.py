"""Tables show text from data as it is."""

from __future__ import annotations

import json

import pytest

from seqgen.cli.output import print_json, print_table

TEXTS = ["song [live].txt", "[neg]", "[/INST]", "[bold red]x", r"a\[b]", "\\", "a:smile:b", "[link=https://x.org]y"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_from_data_is_neither_markup_nor_emoji(text, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    print_table(f"title {text}", ["name", f"column {text}"], [[text, f"cell {text}"]])
    title, _, header, _, row, _ = capsys.readouterr().out.splitlines()
    assert title.strip() == f"title {text}"
    assert [cell.strip() for cell in header.strip("┃").split("┃")] == ["name", f"column {text}"]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [text, f"cell {text}"]


def test_json_is_one_line_in_any_script(capsys):
    print_json({"name": "京 [live]"})
    line = capsys.readouterr().out
    assert line == '{"name": "京 [live]"}\n'
    assert json.loads(line) == {"name": "京 [live]"}
