"""JSON Lines and JSON arrays: each object has its line, and damage costs a line."""

from __future__ import annotations

import json

from seqgen.contract.json_rows import DAMAGED_ARRAY, NO_OBJECT, json_array_rows, json_line_rows


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def test_a_damaged_line_costs_itself():
    deep = '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"
    found = list(json_line_rows(lines(f'{{"a": 1}}\n\n{deep}\n[1]\n{{"a"\n{{"a": "\\ud800"}}\n{{"a": null}}\n')))
    assert [(row.line, row.problem) for row in found if row.problem] == [(line, NO_OBJECT) for line in (3, 4, 5, 6)]
    assert [row.cells for row in found if row.cells is not None] == [{"a": "1"}, {"a": ""}]


def test_an_array_is_read_object_by_object():
    values = [{"a": str(number), "b": "x\ny] , [{"} for number in range(500)]
    for indent in (None, 0, 2):
        found = list(json_array_rows(lines(json.dumps(values, indent=indent))))
        assert [row.cells for row in found] == values
    assert [row.line for row in json_array_rows(lines('[\n{"a": 1},\n\n{"a": 2}\n]'))] == [2, 4]
    assert list(json_array_rows(lines("[]"))) == []


def test_damage_in_an_array_is_named_with_its_line():
    found = list(json_array_rows(lines('[\n{"a": 1},\n3,\n{"a" 2},\n{"a": 3}\n]')))
    assert [(row.line, row.problem) for row in found] == [(2, ""), (3, NO_OBJECT), (4, DAMAGED_ARRAY)]
    assert next(iter(json_array_rows(lines("[" + "[" * 100_000)))).problem.startswith("nested too deeply")
    assert list(json_array_rows(lines('[\n{"a": 1},\n')))[-1].problem == "an array that is cut off"
