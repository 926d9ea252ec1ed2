"""Tables, folders and tables of files: columns are named or guessed, and every fault is one sentence."""

from __future__ import annotations

import gzip
import json
from collections import Counter

import pytest
from complete_domain import CompletePrompting, register
from labelled_texts import learned
from seqgen_sentiment.domain import SentimentDomain
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.reading import is_label

from seqgen import Record, Remark, UnusableFile
from seqgen.corpus.building.build import build
from seqgen.corpus.reading.workers import Limits

BYTES = SentimentDomain.Settings.from_mapping({"base.tokenizer": "byte"})
EXPECTED = [LabelledItem("a good film", "pos"), LabelledItem("a dull, long one", "neg")]


def read(path, domain=None, **settings):
    """Returns the items and the texts of the remarks of a file."""
    found = list((domain or SentimentDomain(SentimentDomain.Settings.from_mapping(settings))).read(path))
    items = [one.item if isinstance(one, Record) else one for one in found if not isinstance(one, Remark)]
    return items, [one.text for one in found if isinstance(one, Remark)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "a good film\tpos\na dull, long one\tneg\n"),
        ("b.tsv", "sentence\tlabel\na good film\tpos\na dull, long one\tneg\n"),
        ("c.csv", 'label,id,review\npos,1,a good film\nneg,2,"a dull, long one"\n'),
        ("d.jsonl", '{"text": "a good film", "label": "pos"}\n{"label": "neg", "text": "a dull, long one"}\n'),
        ("e.jsonl", '{"review": "a good film", "stars": "pos"}\n{"stars": "neg", "review": "a dull, long one"}\n'),
    ],
)
def test_tables_are_read_and_guessed_columns_are_remarked(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    items, remarks = read(tmp_path / name)
    assert items == EXPECTED
    assert len(remarks) == 1
    assert remarks[0].startswith("content is taken from the column")


def test_named_columns_are_used(tmp_path):
    (tmp_path / "a.csv").write_text("note,tag,text\na good film,pos,x\n")
    items, remarks = read(tmp_path / "a.csv", content_column="note", label_column="tag")
    assert (items, remarks) == (EXPECTED[:1], [])


def test_other_files_have_the_label_of_their_folder(tmp_path):
    for label in ("pos", "neg"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "one.txt").write_text("a film\n")
        assert read(tmp_path / label / "one.txt")[0] == [LabelledItem("a film", label)]


def test_a_table_may_name_files_below_it_and_no_others(tmp_path):
    secret, folder = tmp_path / "secret.txt", tmp_path / "below"
    folder.mkdir()
    secret.write_text("nobody's business")
    (folder / "one.txt").write_text("a good film\n")
    lines = ["one.txt,pos"] * 100 + ["../secret.txt,neg", f"{secret},neg", "gone.txt,neg"]
    (folder / "labels.csv").write_text("\n".join(["file,label", *lines]))
    items, remarks = read(folder / "labels.csv")
    assert items == EXPECTED[:1] * 100
    assert remarks.count("a row that names no file below the table's folder") == 3


def test_content_with_a_missing_or_unknown_label_is_kept(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nthe film,\nthe dog,odd\n ,pos\nthe story," + "x" * 101 + "\n")
    domain = learned()
    items, remarks = read(tmp_path / "a.csv", domain)
    assert items == [LabelledItem("the film"), LabelledItem("the dog", "odd"), LabelledItem("the story", "x" * 101)]
    assert len(remarks) == 5
    assert any("does not have" in remark for remark in remarks)
    (tmp_path / "b.jsonl").write_text('{"text": "the film", "label": null}\n')
    assert read(tmp_path / "b.jsonl", domain)[0] == [LabelledItem("the film")]
    assert domain.decode(domain.encode(items[1]).ids) == LabelledItem("the dog")


def test_text_that_cannot_be_printed_on_a_line_is_no_label(tmp_path):
    labels = ["pos", "x" * 101, "two\nlines", "\x1b[2J", "\ud800"]
    lines = [json.dumps({"text": f"film {number}", "label": label}) for number, label in enumerate(labels)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    items, remarks = read(tmp_path / "a.jsonl", SentimentDomain())
    assert items == [LabelledItem("film 0", "pos")]
    assert sum("a label that is longer" in remark for remark in remarks) == 3
    assert "line 5: no JSON object" in remarks
    folder = tmp_path / ("y" * 101)
    folder.mkdir()
    (folder / "a.txt").write_text("the film")
    with pytest.raises(UnusableFile, match="in a folder that is named with"):
        read(folder / "a.txt", SentimentDomain())


def test_inputs_of_a_prediction_need_no_label(tmp_path):
    (tmp_path / "a.csv").write_text("text,year\nthe film,1999\n")
    found = list(learned(label_column="gold", content_column="text").prediction.read(tmp_path / "a.csv"))
    assert found == [Record(LabelledItem("the film"), {"row": 1, "text": "the film"})]
    (tmp_path / "b.jsonl").write_text('{"text": "the film"}\n')
    assert read(tmp_path / "b.jsonl", learned())[0] == [LabelledItem("the film")]
    (tmp_path / "c.txt").write_text("the film\n")
    found = list(learned().prediction.read(tmp_path / "c.txt"))
    assert found == [Record(LabelledItem("the film"), {"row": 1, "text": "the film"})]


def test_the_label_of_an_input_is_not_looked_at(tmp_path):
    (tmp_path / "a.csv").write_text("id,text,label\nx7,the film,pos\nx8,,neg\nx9,the dog,odd\n")
    found = list(learned(content_column="text").prediction.read(tmp_path / "a.csv"))
    assert found == [
        Record(LabelledItem("the film"), {"row": 1, "text": "the film", "id": "x7"}),
        Remark("row 2: without content", dropped=True),
        Record(LabelledItem("the dog"), {"row": 3, "text": "the dog", "id": "x9"}),
    ]


@pytest.mark.parametrize(
    ("content", "settings", "sentence"),
    [
        (b"text,label\na film,pos\n", {"label_column": "text"}, "without a column for labels beside the text"),
        (b"text,label\na film,pos\n", {"label_column": "gold"}, "without a column 'gold'"),
        (
            b"id,text,shop,mood\n1,a film,A,sad\n2,a dog,B,gay\n3,a cat,A,sad\n4,b,B,gay\n",
            {},
            "several columns may hold the labels: 'shop', 'mood'; name one with label_column=",
        ),
        (b"text,label,label\na film,pos,x\n", {}, r"'label', 'label \(3\)'; name one with label_column="),
        (b"", {}, "empty"),
        (
            b"text,label\nun caf\xe9,pos\n",
            {},
            r"not UTF-8 \(byte 0xE9 at offset 17; encoding=… names another, ",
        ),
        (b"text,label\na film,pos\n", {"base": "midi"}, "neither files below it nor what the domain 'midi' reads"),
    ],
)
def test_trouble_is_one_sentence(tmp_path, content, settings, sentence):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(UnusableFile, match=sentence):
        read(tmp_path / "a.csv", **settings)


@pytest.fixture
def complete(tmp_path, monkeypatch) -> SentimentDomain:
    """Labels over a domain that reads files named .long in parts, and files named .ab into memory."""
    register(tmp_path / "installed", monkeypatch)
    return SentimentDomain(SentimentDomain.Settings.from_mapping({"base": "complete", "base.case": "lower"}))


def lines_of_letters(path, first, last):
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(f"{number:010b}".translate({48: "a", 49: "b"}) for number in range(first, last)))


def test_files_that_a_table_names_have_a_limited_size_unless_they_are_read_in_parts(tmp_path, complete, monkeypatch):
    monkeypatch.setattr("seqgen_sentiment.reading.MAX_FILE_BYTES", 1000)
    for name, count in (("short.ab", 3), ("long.ab", 300), ("parts.long", 300)):
        lines_of_letters(tmp_path / name, 0, count)
    (tmp_path / "a.csv").write_text("file,label\nshort.ab,x\nlong.ab,y\nparts.long,z\n")
    items, remarks = read(tmp_path / "a.csv", complete)
    assert Counter(item.label for item in items) == {"x": 3, "z": 300}
    assert remarks[1:] == ["a file that a table names: larger than 0.000953674 MiB"]


def test_tables_have_any_size_and_the_base_decides_for_other_files(tmp_path, complete):
    limits, domain = Limits(file_bytes=1000), SentimentDomain(BYTES)
    rows = [f"film {number},{'ab'[number % 2]}\n" for number in range(200)]
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(rows))
    assert documents_of(build(domain, [tmp_path / "a.csv"], tmp_path / "texts", limits=limits)) == 200
    lines_of_letters(tmp_path / "x" / "a.long", 0, 300)
    lines_of_letters(tmp_path / "y" / "b.long", 300, 500)
    lines_of_letters(tmp_path / "z" / "c.ab", 500, 900)
    corpus = build(complete, [tmp_path / name for name in "xyz"], tmp_path / "letters", limits=limits)
    assert documents_of(corpus) == 500
    assert corpus.examples["larger than 0.000953674 MiB"] == ["c.ab"]


def documents_of(corpus) -> int:
    return sum(split["documents"] for split in corpus.manifest["splits"].values())


def test_rows_of_a_group_are_in_one_split(tmp_path):
    rows = [f"film {number},{'ab'[number % 2]},author {number % 20}\n" for number in range(400)]
    (tmp_path / "a.csv").write_text("text,label,author\n" + "".join(rows))
    settings = BYTES.model_copy(update={"group_column": "author"})
    corpus = build(SentimentDomain(settings), [tmp_path / "a.csv"], tmp_path / "corpus")
    groups = {}
    for split in ("train", "valid", "test"):
        documents = corpus.documents(split)
        groups[split] = {documents.metadata(number)["group"] for number in range(len(documents))}
    assert sum(map(len, groups.values())) == len(set().union(*groups.values())) == 20
    assert min(map(len, groups.values())) > 0


def test_a_cell_that_the_base_cannot_read_costs_its_row(tmp_path, complete, monkeypatch):
    def from_text(self, text):
        if text == "bad":
            raise UnusableFile("a bad text")
        return text

    monkeypatch.setattr(CompletePrompting, "from_text", from_text)
    (tmp_path / "a.csv").write_text("text,label\nab,x\nbad,y\nb,y\n")
    items, remarks = read(tmp_path / "a.csv", complete)
    assert items == [LabelledItem("ab", "x"), LabelledItem("b", "y")]
    assert remarks[-1] == "a bad text"


def test_a_header_of_unusual_names_is_remarked(tmp_path):
    rows = "".join(f"film number {number},{'gay' if number % 2 else 'sad'}\n" for number in range(10))
    (tmp_path / "a.csv").write_text("opinion,mood\n" + rows)
    items, remarks = read(tmp_path / "a.csv")
    assert {item.label for item in items} == {"gay", "sad"}
    assert remarks[0] == "the first row is taken for the names of the columns: opinion, mood"
    assert "'mood' (the only other column)" in remarks[1]


def test_each_line_of_an_input_has_an_answer_or_a_reason(tmp_path):
    (tmp_path / "a.txt").write_text("the film\n\nthe dog\n")
    found = list(learned().prediction.read(tmp_path / "a.txt"))
    assert [one.text if isinstance(one, Remark) else one.metadata["row"] for one in found] == [
        1, "row 2: without content", 3,
    ]  # fmt: skip


def test_fasttext_and_compressed_and_encoded_files_are_labelled(tmp_path):
    (tmp_path / "a.txt").write_text("__label__pos a good film\n__label__neg a dull, long one\n")
    assert read(tmp_path / "a.txt")[0] == EXPECTED
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(b"a good film\tpos\na dull, long one\tneg\n"))
    assert read(tmp_path / "a.tsv.gz")[0] == EXPECTED
    (tmp_path / "a.tsv").write_bytes("a good film\tpos\na dull, long one\tneg\n".encode("utf-16"))
    assert read(tmp_path / "a.tsv", encoding="utf-16")[0] == EXPECTED


@pytest.mark.parametrize(
    "label", ["[neg]", "[/INST]", "می\u200cخواهم", "10\u202f000", "très\u00a0bien", "क्\u200dष", "京 都"]
)
def test_labels_are_printable_text_of_any_script(label):
    assert is_label(label)
    assert not any(is_label(f"{label}{mark}") for mark in "\n\r\t\x1b\u2028\u202e\ufeff")


def test_files_of_spans_are_known_by_their_names(tmp_path):
    for name in ("train.tsv", "train_phrases.tsv"):
        (tmp_path / name).write_text("a good film\tpos\na bad film\tneg\n")
    domain = SentimentDomain(SentimentDomain.Settings.from_mapping({"span_files": "*_phrases.tsv"}))
    documents, spans = (
        [one.item for one in domain.read(tmp_path / name) if isinstance(one, Record)]
        for name in ("train.tsv", "train_phrases.tsv")
    )
    assert documents == [LabelledItem("a good film", "pos"), LabelledItem("a bad film", "neg")]
    assert spans == [LabelledItem(one.content, one.label, is_span=True) for one in documents]
    assert not any(
        one.item.is_span for one in domain.prediction.read(tmp_path / "train_phrases.tsv") if isinstance(one, Record)
    )


def test_a_span_stays_in_the_split_of_its_document(tmp_path):
    (tmp_path / "train.csv").write_text("id,text,label\n7,a good film,pos\n8,a bad film,neg\n")
    (tmp_path / "phrases.csv").write_text("id,text,label\n8,bad,neg\n7,good,pos\n")
    settings = {"span_files": "phrases.*", "group_column": "id"}
    domain = SentimentDomain(SentimentDomain.Settings.from_mapping(settings))
    groups = {
        one.item.content: domain.deduplication.group(one)
        for name in ("train.csv", "phrases.csv")
        for one in domain.read(tmp_path / name)
        if isinstance(one, Record)
    }
    assert groups["good"] == groups["a good film"] != groups["bad"] == groups["a bad film"]
