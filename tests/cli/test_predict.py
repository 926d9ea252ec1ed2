"""seqgen predict: its refusals. Its answers are tested with the domains that give them."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from seqgen import Answer
from seqgen.cli.commands import predict


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["predict", "{run}"], 2, "nothing to predict for"),
        (["predict", "{run}", "{pieces}/piece-00.mid"], 2, "'midi'"),
    ],
    ids=["no document", "a domain without answers"],
)
def test_trouble_is_one_sentence_and_leaves_nothing_behind(check_refusal, arguments, code, sentence):
    check_refusal(arguments, code, sentence)


class Shouting:
    """A stand-in for a trained model whose answer about a text is the text in capitals."""

    def __init__(self, answers_are_texts: bool) -> None:
        self.domain = SimpleNamespace(prediction=SimpleNamespace(answers_are_texts=answers_are_texts))

    def predict_texts(self, texts, *, explain):
        return (Answer(text.upper(), {"answer": text.upper()}, text) for text in texts)

    def predict_text(self, text, *, explain):
        return next(self.predict_texts([text], explain=explain))

    def predict(self, file, *, explain, on_remark):
        for row, answer in enumerate(self.predict_texts(file.read_text().split(), explain=explain), 1):
            answer.values["row"] = row
            yield answer

    def write_answer(self, answer, number, folder):
        return [folder / f"{number}-{answer.item}.txt"]


@pytest.fixture
def call(monkeypatch):
    """Returns a function that calls `predict` with a stand-in for the model and returns standard output."""

    def do(*arguments, answers_are_texts=True, stdin=None):
        monkeypatch.setattr("seqgen.workflows.load.load", lambda run: Shouting(answers_are_texts))
        result = CliRunner().invoke(predict.command, ["run", *map(str, arguments)], input=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    return do


def test_a_text_as_answer_is_printed_alone_and_a_line_in_is_a_line_out(call, tmp_path):
    assert call("-", stdin=b"a\n\nc\xff\nd") == "A\n\n\nD\n"
    (tmp_path / "some.txt").write_text("a b")
    assert call(tmp_path / "some.txt") == "A\nB\n"


def test_any_other_answer_says_its_place_and_a_line_without_answer_is_left_out(call):
    assert call("-", stdin=b"a\n\nd", answers_are_texts=False) == "A\trow 1\ta\nD\trow 3\td\n"


def test_answers_are_written_to_a_folder_and_numbered(call):
    printed = call("--text", "a", "--text", "b", "-o", "out", "--json")
    assert [json.loads(line) for line in printed.splitlines()] == [
        {"text": "a", "answer": "A", "files": ["out/1-a.txt"]},
        {"text": "b", "answer": "B", "files": ["out/2-b.txt"]},
    ]
