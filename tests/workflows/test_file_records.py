"""What a user gives to a trained model: a file, a text, or something that is neither."""

from __future__ import annotations

import pytest
from letters import Letters, Line, NumberedLetters
from seqgen_text.domain import TextDomain

from seqgen import Record, SeqgenWarning, UnusableFile
from seqgen.workflows.file_records import PromptItem, looks_like_path, read_file, read_prompts, read_records


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "some.letters"
    path.write_text("abc\ndrop\nbcd\n")
    return path


def test_the_records_of_a_file_come_with_what_was_left_out(lines):
    remarks = []
    records = list(read_records(Letters(), str(lines), "encode", lambda *remark: remarks.append(remark)))
    assert records == [Record(Line("abc")), Record(Line("bcd"))]
    assert remarks == [("the word that is dropped", 1)]


def test_a_text_that_is_no_file_is_read_by_the_domain(tmp_path):
    assert list(read_records(TextDomain(), "once upon a time", "prompt")) == [Record("once upon a time")]
    with pytest.raises(UnusableFile, match="abc is not a file; name one that exists"):
        read_records(Letters(), "abc", "prompt")


def test_a_file_without_documents_says_why(tmp_path):
    path = tmp_path / "bad.letters"
    path.write_text("ABC")
    with pytest.raises(UnusableFile, match=r"bad\.letters cannot be used: not plain letters"):
        list(read_file(Letters(), path, "encode"))
    with pytest.raises(UnusableFile, match="is not a file"):
        list(read_file(Letters(), tmp_path / "none.letters", "encode"))


def test_an_item_is_its_own_prompt_even_if_it_is_the_name_of_a_file(lines):
    item = PromptItem(str(lines))
    assert read_prompts(TextDomain(), item) == [item]
    assert read_prompts(TextDomain(), [item, item]) == [item, item]


def test_a_prompt_comes_with_its_metadata_and_a_warning_of_what_is_left_out(lines):
    with pytest.warns(SeqgenWarning) as warned:
        items = read_prompts(NumberedLetters(), lines)
    assert items[0].item == Line("abcabc")
    assert len(items) > 1
    assert [str(one.message) for one in warned] == [f"{lines}: 1 × the word that is dropped"]


@pytest.mark.parametrize("text", ["nosuch.txt", "a/b.mid", "/tmp/x", "../up", "song.musicxml"])
def test_a_name_of_a_file_that_does_not_exist_is_no_prompt(text):
    assert looks_like_path(text)
    with pytest.raises(UnusableFile, match="There is no file"):
        read_prompts(TextDomain(), text)


@pytest.mark.parametrize("text", ["once upon a time", "3.14", "The end.", "nosuch.txt ", "...", "abc", ""])
def test_other_texts_are_prompts(text):
    assert not looks_like_path(text)
    assert [prompt.item for prompt in read_prompts(TextDomain(), text)] == [text]
