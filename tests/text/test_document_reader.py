"""Documents are files, lines, paragraphs and rows; long ones are cut, and every fault is one sentence."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from seqgen_text.chunking import chunks
from seqgen_text.document_reader import read_documents
from seqgen_text.domain import TextDomain
from seqgen_text.settings import TextSettings

from seqgen import CorpusError, Record, Remark, UnusableFile
from seqgen.contract import textfile
from seqgen.corpus.building.build import build


@pytest.fixture
def read(tmp_path):
    def do(content, document="file", name="a.txt", **settings):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        settings = TextSettings(document=document, **{"max_document_length": 100, **settings})
        return list(read_documents(path, settings))

    return do


def texts_of(found):
    return [one.item for one in found if isinstance(one, Record)]


def test_the_documents_of_a_file(read):
    text = "one\r\ntwo\n \n\n  three\nfour\n\n"
    assert read(text) == [text]
    assert read(text, "line") == ["one", "two", "  three", "four"]
    assert read(text, "paragraph") == ["one\r\ntwo", "  three\nfour"]
    table = 'text,label\n"a\nb",1\n,2\nc,3\n'
    assert texts_of(read(table, "row", "a.csv", text_column="text")) == ["a\nb", "c"]
    assert texts_of(read(table, "row", "a.csv", text_column="label")) == ["1", "2", "3"]


def test_a_guessed_column_is_remarked(read):
    assert read("text,label\na,b\n", "row", "a.csv") == [
        Remark("the text is taken from the column 'text' of text, label; text_column=… names another"),
        Record("a", {"row": 1}),
    ]
    assert read('{"words": "a"}\n', "row", "a.jsonl") == [Record("a", {"row": 1})]


def test_rows_have_their_number_their_id_and_their_group(read):
    table = "ID,text,author\nx7,one,ann\nx8,,bob\nx9,three,ann\n"
    found = read(table, "row", "a.csv", text_column="text", group_column="author")
    assert found == [
        Record("one", {"row": 1, "id": "x7", "group": "ann"}),
        Record("three", {"row": 3, "id": "x9", "group": "ann"}),
    ]
    domain = TextDomain(TextDomain.Settings(document="row", group_column="author"))
    assert [domain.deduplication.group(record) for record in found] == ["ann", "ann"]
    with pytest.raises(UnusableFile, match="without a column 'writer'"):
        read(table, "row", "a.csv", group_column="writer")


def test_a_table_is_read_row_by_row_unless_a_setting_says_otherwise(read):
    lines = '{"text": "a"}\n' + '{"text": ' + "[" * 5000 + '\n{"text": "b"}\n'
    for name in ("a.jsonl", "A.NDJSON"):
        found = read(lines, None, name)
        assert texts_of(found) == ["a", "b"]
        assert [one.text for one in found if isinstance(one, Remark)] == [
            "a table is read row by row; document=file reads it as running text",
            "line 2: no JSON object",
        ]
    assert texts_of(read("text,label\na,1\n", None, "a.csv")) == ["a"]
    for document, name in (("file", "a.jsonl"), (None, "a.txt")):
        assert "".join(one for one in read(lines, document, name) if isinstance(one, str)) == lines


@pytest.mark.parametrize("document", ["file", "line", "paragraph"])
def test_the_documents_do_not_depend_on_the_size_of_pieces(read, monkeypatch, document):
    text = "\n".join(["a b", "", "c. d", "", "", "😀" * 30, "e" * 2250, "f\r", "\r", "g"])
    whole = read(text, document)
    for size in (1, 3, 50):
        monkeypatch.setattr(textfile, "PIECE_BYTES", size)
        assert read(text, document) == whole


def test_long_documents_are_cut_at_a_boundary_and_counted(read):
    text = "One sentence. Another one here. " * 10
    found = read(text)
    parts = [part for part in found if isinstance(part, str)]
    assert "".join(parts) == text
    assert all(len(part) <= 100 and part.endswith(". ") for part in parts)
    assert found.count(Remark("cut in two: longer than 100 characters")) == len(parts) - 1
    assert [len(part) for part in chunks("x" * 250, 100)] == [100, 100, 50]
    assert [part for part in read("a\n" + "b" * 250 + "\nc", "line") if isinstance(part, str)][-1] == "c"
    assert "".join(texts_of(read("text\n" + "x" * 250, "row", "a.csv"))) == "x" * 250


def test_normalisation_is_a_setting(read):
    assert read("e\u0301 ﬁ") == ["e\u0301 ﬁ"]
    assert read("e\u0301 ﬁ", normalisation="NFC") == ["é ﬁ"]
    assert read("e\u0301 ﬁ", normalisation="NFKC") == ["é fi"]
    assert max(len(part) for part in read("ﷺ" * 90, normalisation="NFKC") if isinstance(part, str)) <= 100
    settings = TextDomain.Settings(normalisation="NFC")
    assert TextDomain(settings).prompting.from_text("e\u0301") == "é"


@pytest.mark.parametrize(
    ("content", "document", "sentence"),
    [
        (b"", "file", "empty"),
        (b" \n\n", "line", "empty"),
        (b"caf\xe9", "file", "not UTF-8 .byte 0xE9 at offset 3"),
        (b"a\0b", "line", "NUL bytes .the first at offset 1"),
        (b"text\na\n", "row", "without a column 'b'"),
    ],
)
def test_trouble_is_one_sentence(read, content, document, sentence):
    with pytest.raises(UnusableFile, match=sentence):
        read(content, document, "a.csv", text_column="b")


def test_one_bad_file_is_named_and_costs_itself_alone(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.txt").write_text(f"text number {number} " * 20)
    (folder / "latin.txt").write_bytes("café".encode("latin-1"))
    (folder / "empty.txt").write_bytes(b"")
    domain = TextDomain(TextDomain.Settings(max_document_length=100))
    corpus = build(domain, [folder], tmp_path / "corpus")
    assert corpus.dropped["not UTF-8"] == corpus.dropped["empty"] == 1
    assert corpus.examples["not UTF-8"] == [
        "latin.txt: byte 0xE9 at offset 3; encoding=… names another, such as cp1252"
    ]
    assert corpus.examples["empty"] == ["empty.txt"]
    assert corpus.remarks == {"cut in two: longer than 100 characters": 12}
    with pytest.raises(CorpusError, match=r"1 × not UTF-8 .latin.txt: byte 0xE9 at offset 3"):
        build(TextDomain(), [folder / "latin.txt"], tmp_path / "none")


PROGRAM = """
    import resource, sys
    from pathlib import Path
    from seqgen_text.document_reader import read_documents
    from seqgen_text.settings import TextSettings
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    documents = read_documents(Path(sys.argv[1]), TextSettings(document="line"))
    print(sum(len(part) for part in documents if isinstance(part, str)))
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_line_larger_than_memory_is_cut(tmp_path):
    """A line of 200 MB is read in pieces of 1 MB, so that memory grows by a few MB."""
    path = tmp_path / "long.txt"
    with open(path, "wb") as file:
        for _ in range(200):
            file.write(b"x" * 1_000_000)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), path], capture_output=True, text=True, check=True
    )
    length, megabytes = map(int, done.stdout.split())
    assert length == 200_000_000
    assert megabytes < 60
