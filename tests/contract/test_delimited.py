"""Rows of CSV and TSV files: one damaged row costs that row, and its line is known."""

from __future__ import annotations

import pytest

from seqgen.contract import delimited
from seqgen.contract.delimited import MISPLACED, UNCLOSED, delimited_rows, has_quoted_cells


def rows(text: str, delimiter: str = ",", **options):
    return list(delimited_rows(text.splitlines(keepends=True), delimiter, **options))


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a,b\n\nc,d", [["a", "b"], ["c", "d"]]),
        ('"a, b","c ""d"""\r\n', [["a, b", 'c "d"']]),
        ('"a\nb",c\n', [["a\nb", "c"]]),
        ('5" pipe,c\n', [['5" pipe', "c"]]),
        (r'"he said \"no\"",c' + "\n", [['he said "no"', "c"]]),
        (r'"say \"no\", please",c' + "\n", [['say "no", please', "c"]]),
        (r'"C:\",c' + "\n", [["C:\\", "c"]]),
    ],
)
def test_legal_rows(text, cells):
    assert [row.cells for row in rows(text)] == cells


def test_a_carriage_return_within_a_line_is_text():
    assert [row.cells for row in delimited_rows(["a,b\n", "c\rd,e\n"], ",")] == [["a", "b"], ["c\rd", "e"]]


@pytest.mark.parametrize("count", [0, 1, 50])
def test_a_quotation_mark_that_is_never_closed_costs_its_row(count):
    found = rows("a,b\n" + '"c,d\n' + "e,f\n" * count)
    assert [(row.line, row.problem) for row in found if row.problem] == [(2, UNCLOSED)]
    assert len(found) == 2 + count


def test_two_stray_quotation_marks_cost_two_rows():
    found = rows("a,b\n" * 10 + '"c,d\n' + "a,b\n" * 10 + 'e",f\n' + '"g,h\n' + "a,b\n")
    assert [(row.line, row.problem) for row in found if row.problem] == [(11, UNCLOSED), (23, UNCLOSED)]
    found = rows('"a" b,c\nd,e\n')
    assert [(row.line, row.problem) for row in found] == [(1, MISPLACED), (2, "")]


def test_an_open_cell_has_a_limit(monkeypatch):
    monkeypatch.setattr(delimited, "MAX_ROW_LINES", 3)
    found = rows('"a\nb\nc\nd\ne",f\ng,h\n')
    assert (found[0].line, found[0].problem) == (1, UNCLOSED)
    assert found[-1].cells == ["g", "h"]


def test_quoting_of_tab_separated_cells_is_found_out():
    def quoted(text: str) -> bool:
        return has_quoted_cells(text.splitlines(keepends=True), "\t")

    assert quoted('"text"\t"label"\n"a film"\t"pos"\n"a ""bad"" one"\t"neg"\n')
    assert quoted('text\tlabel\n"a film"\tpos\n"a\tbad one"\tneg\n')
    assert not quoted('text\tlabel\n" a film\tpos\na "bad" one\tneg\n')
    assert not quoted('text\tlabel\n"a film" is it\tpos\n"bad"\tneg\n')
    assert rows('"a\tb\n', "\t", quoted=False)[0].cells == ['"a', "b"]
