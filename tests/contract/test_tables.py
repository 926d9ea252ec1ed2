"""Tables from outside: columns are named or guessed, and every fault is one sentence."""

from __future__ import annotations

import pytest

from seqgen import Record, Remark, UnusableFile
from seqgen.contract.tables import GroupedRows, open_table, row_metadata


@pytest.fixture
def table(tmp_path):
    def do(name: str, content: str | bytes, **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return open_table(path, **options)

    return do


def cells(table) -> list[list[str]]:
    return [list(row.values()) for row in table.rows() if not isinstance(row, Remark)]


def test_a_table_without_a_header_has_numbered_columns_and_is_guessed_from_its_cells(table):
    found = table("a.tsv", 'a good film with "quotes\t1\na bad one , really\t0\nanother of "them"\t1\n')
    assert found.columns == ("1", "2")
    assert (found.text_column(), found.label_column("1")) == ("1", "2")
    assert cells(found)[0] == ['a good film with "quotes', "1"]
    assert len(cells(found)) == 3


def test_a_header_is_known_by_its_names(table):
    found = table("a.csv", 'id,Label,Review\n7,pos,"two\nlines, one ""cell"""\n8,neg,x\n')
    assert found.columns == ("id", "Label", "Review")
    assert (found.text_column(), found.label_column("Review")) == ("Review", "Label")
    assert cells(found)[0] == ["7", "pos", 'two\nlines, one "cell"']
    assert table("b.csv", "mood,words\nsad,no\n", known=["mood"]).columns == ("mood", "words")
    assert table("c.csv", "text;label\na;b\n").columns == ("text", "label")


def test_json_lines_are_rows_of_text(table):
    found = table("a.jsonl", '{"text": "one", "stars": 5}\n\n[1]\n{"text": "two", "more": null}\n{"text\n' + "[" * 9999)
    assert found.columns == ("text", "stars", "more")
    assert cells(found) == [["one", "5", ""], ["two", "", ""]]
    assert [row for row in found.head if isinstance(row, Remark)] == []
    assert found.label_column("text") in ("stars", "more")


def test_what_is_left_out_is_told(table):
    found = table("a.csv", "text,label\na,b\na\n\na,b,c\nx,y\n")
    rows = list(found.rows())
    assert [row for row in rows if isinstance(row, Remark)] == [
        Remark("a row with more or fewer cells than the first", dropped=True)
    ] * 2
    rows = list(table("b.jsonl", '{"text": "a"}\nno\n').rows())
    assert rows[1] == Remark("a line that is no JSON object", dropped=True)


def test_a_large_table_is_read_to_its_end(table):
    found = table("a.csv", "text,label\n" + "".join(f"word{number},{number % 3}\n" for number in range(1000)))
    assert [row["text"] for row in found.rows()] == [f"word{number}" for number in range(1000)]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "", "empty"),
        ("a.csv", "\n\n", "empty"),
        ("a.csv", "text,label\n", "without rows"),
        ("a.jsonl", "[1, 2]\n", "without rows"),
        ("a.csv", 'text\n"' + "a" * 17_000_000, "a line of more than"),
        ("a.csv", 'text\n"' + "aaaaaaaaa\n" * 1_700_000, "no table that can be read"),
        ("a.csv", b"text\ncaf\xe9\n", "not UTF-8 .byte 0xE9 at offset 8"),
        ("a.csv", b"text\na\0b\n", "NUL bytes"),
    ],
)
def test_trouble_is_one_sentence(table, name, content, sentence):
    with pytest.raises(UnusableFile, match=sentence):
        list(table(name, content).rows())


def test_a_column_that_is_not_there_is_told_with_those_that_are(table):
    found = table("a.csv", "text,label\na,b\n")
    with pytest.raises(UnusableFile, match=r"without a column 'words' .columns: text, label"):
        found.text_column("words")
    with pytest.raises(UnusableFile, match="a column for labels"):
        found.label_column("text", "text")
    with pytest.raises(UnusableFile, match="a column for labels"):
        table("b.csv", "text\na\n").label_column("text")


def test_metadata_of_a_row_are_its_number_its_id_and_its_group():
    row = {"text": "a film", "ID": "x7", "author": "ann"}
    assert row_metadata(3, row) == {"row": 3, "id": "x7"}
    assert row_metadata(3, row, "author") == {"row": 3, "id": "x7", "group": "ann"}
    assert row_metadata(3, {"text": "a film"}) == {"row": 3}
    groups = GroupedRows()
    assert groups.group(Record("a film", row_metadata(3, row, "author"))) == "ann"
    assert groups.group(Record("a film", row_metadata(3, row))) is None
