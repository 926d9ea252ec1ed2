"""Which columns of a table are text and label, and whether the first row names them."""

from __future__ import annotations

import pytest

from seqgen import UnusableFile
from seqgen.contract.columns import column_names, guess_label, guess_text, is_header

ROWS = [["a fine film", "pos"], ["a dull one", "neg"], ["a long film", "pos"], ["a short one", "neg"]]


def head(columns: str, *rows: str):
    return [dict(zip(columns.split(), row.split(), strict=True)) for row in rows]


def test_a_header_is_known_by_its_names_or_its_looks():
    assert is_header(["Label", "x 1"], [], ("label",))
    assert is_header(["opinion", "mood"], ROWS, ())
    assert is_header(["words", "grade"], [["a", "1"], ["b", "2"], ["c", "1"], ["d", "2"]], ())
    assert not is_header(["a bad film", "neg"], ROWS, ())
    assert not is_header(["a film, at 7", "mood"], ROWS, ())
    assert not is_header(["a", "b"], [["c", "d"], ["e", "f"]], ())


def test_names_are_distinct_and_not_empty():
    assert column_names(["text", "", "label", "label", " "]) == ["text", "2", "label", "label (4)", "5"]


def test_the_text_has_a_usual_name_or_the_longest_cells():
    assert guess_text(["a", "Review"], head("a Review", "longest x")).column == "Review"
    assert guess_text(["a", "b"], head("a b", "longest x")).column == "a"


def test_a_label_is_named_so_or_the_only_column_that_may_be_one():
    def guess(columns: str, *rows: str) -> str | None:
        found = guess_label(columns.split(), head(columns, *rows), ["text"], "label_column")
        return found and found.column

    assert guess("text year Category", "a 1 x") == "Category"
    assert guess("id text mood", "1 a x") == "mood"
    assert guess("id text", "1 a") is None
    assert guess("text date mood", "a 1 x", "b 2 y", "c 3 x", "d 4 y") == "mood"
    assert guess("text label rating", "a x 1") == "label"
    for columns in ("text shop mood", "text rating emotion"):
        with pytest.raises(UnusableFile, match=r"several columns may hold the labels.*label_column="):
            guess(columns, "a 1 x", "b 1 y", "c 2 x", "d 2 y")
