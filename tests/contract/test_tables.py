"""Tables from outside: columns are named or guessed, and every fault is one sentence."""

from __future__ import annotations

import gzip
import json

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
    assert (found.text_column(), found.guess_label(["1"], "label_column").column) == ("1", "2")
    assert cells(found)[0] == ['a good film with "quotes', "1"]
    assert len(cells(found)) == 3


def test_a_header_is_known_by_its_names(table):
    found = table("a.csv", 'id,Label,Review\n7,pos,"two\nlines, one ""cell"""\n8,neg,x\n')
    assert found.columns == ("id", "Label", "Review")
    assert (found.text_column(), found.guess_label(["Review"], "label_column").column) == ("Review", "Label")
    assert cells(found)[0] == ["7", "pos", 'two\nlines, one "cell"']
    assert table("b.csv", "mood,words\nsad,no\n", known=["mood"]).columns == ("mood", "words")
    assert table("c.csv", "text;label\na;b\n").columns == ("text", "label")


def test_json_lines_are_rows_of_text(table):
    found = table("a.jsonl", '{"text": "one", "stars": 5}\n\n[1]\n{"text": "two", "more": null}\n{"text\n' + "[" * 9999)
    assert found.columns == ("text", "stars", "more")
    assert cells(found) == [["one", "5", ""], ["two", "", ""]]
    assert [row for row in found.head if isinstance(row, Remark)] == []
    assert found.guess_label(["text"], "label_column").column == "stars"
    remarks = [row.text for row in found.rows() if isinstance(row, Remark)]
    assert remarks == [f"line {number}: no JSON object" for number in (3, 5, 6)]


def test_what_is_left_out_is_told(table):
    found = table("a.csv", "text,label\na,b\na\n\na,b,c\nx,y\n")
    rows = list(found.rows())
    assert [row for row in rows if isinstance(row, Remark)] == [
        Remark("line 3: 1 cells where the table has 2 columns", dropped=True),
        Remark("line 5: 3 cells where the table has 2 columns", dropped=True),
    ]
    rows = list(table("b.jsonl", '{"text": "a"}\nno\n').rows())
    assert rows[1] == Remark("line 2: no JSON object", dropped=True)


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
        ("a.csv", 'text\n"' + "a" * 100, r"without rows .line 2: a quotation mark that is never closed"),
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
    assert found.guess_label(["text", "label"], "label_column") is None
    assert table("b.csv", "text\na\n").guess_label(["text"], "label_column") is None


def test_many_damaged_rows_are_counted_and_the_first_are_named(table):
    remarks = [row.text for row in table("a.csv", "text,label\na,b\n" + "c\n" * 50).rows() if isinstance(row, Remark)]
    assert remarks[0].startswith("line 3: ")
    assert len(remarks) == 50
    assert len(set(remarks)) == 6


def test_a_comma_at_the_end_of_each_row_is_no_column(table):
    for header in ("text,label", "text,label,"):
        found = table("a.csv", f"{header}\na,b,\nc,d,\n")
        assert (found.columns, cells(found)) == (("text", "label"), [["a", "b"], ["c", "d"]])


def test_a_key_that_appears_late_is_a_column(table):
    found = table("a.jsonl", '{"text": "a"}\n' * 200 + '{"text": "b", "label": "pos"}\n')
    assert found.columns == ("text", "label")
    assert cells(found)[-1] == ["b", "pos"]


def test_an_array_is_a_table(table):
    rows = [{"text": f"film {number}", "label": "pos"} for number in range(300)]
    for indent in (None, 1):
        found = table("a.json", json.dumps(rows, indent=indent))
        assert cells(found) == [list(row.values()) for row in rows]


def test_fasttext_files_are_tables(table):
    found = table("a.txt", "__label__pos a good film\n\n__label__neg a bad one\n__label__a __label__b x\nnone\n")
    assert cells(found) == [["pos", "a good film"], ["neg", "a bad one"], ["", "none"]]
    assert Remark("line 4: more than one label", dropped=True) in found.rows()


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_table_is_in_the_encoding_that_is_named(table, encoding):
    content = "text,label\nun café,pos\n".encode(encoding)
    assert cells(table("a.csv", content, encoding=encoding)) == [["un café", "pos"]]


def test_a_compressed_table_is_read(table):
    assert cells(table("a.csv.gz", gzip.compress(b"text,label\na,b\n"))) == [["a", "b"]]
    with pytest.raises(UnusableFile, match="a damaged gzip file"):
        table("a.csv.gz", gzip.compress(b"text,label\na,b\n" * 100)[:-20])


def test_carriage_returns_alone_end_lines(table):
    assert cells(table("a.csv", "text,label\ra,b\rc,d\r")) == [["a", "b"], ["c", "d"]]


def test_metadata_of_a_row_are_its_number_its_id_and_its_group():
    row = {"text": "a film", "ID": "x7", "author": "ann"}
    assert row_metadata(3, row) == {"row": 3, "id": "x7"}
    assert row_metadata(3, row, "author") == {"row": 3, "id": "x7", "group": "ann"}
    assert row_metadata(3, {"text": "a film"}) == {"row": 3}
    groups = GroupedRows()
    assert groups.group(Record("a film", row_metadata(3, row, "author"))) == "ann"
    assert groups.group(Record("a film", row_metadata(3, row))) is None
