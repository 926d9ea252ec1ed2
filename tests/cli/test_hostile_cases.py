"""Hostile bundles and inputs end in one short sentence, or cost only themselves."""

from __future__ import annotations

import subprocess
import sys

import pytest
from commands import error_sentence
from hostile_cases import CASES, MAX_SENTENCE_LENGTH, Case


@pytest.fixture
def hostile_folder(tmp_path):
    """A folder that is removed afterwards, because pytest cannot remove very deep folders."""
    yield tmp_path
    subprocess.run(["rm", "-rf", "--", tmp_path], check=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_refused_in_one_short_sentence_or_costs_itself(case: Case, run_cli, hostile_folder, monkeypatch):
    monkeypatch.chdir(hostile_folder)
    (hostile_folder / "case").mkdir()
    case.make(hostile_folder / "case")
    modules = set(sys.modules)
    code, out, err = run_cli(*(argument.format(case="case", out="out") for argument in case.arguments))
    assert code == case.code, err
    if code:
        sentence = error_sentence(err)
        assert case.words in sentence
        assert len(sentence) < MAX_SENTENCE_LENGTH
        assert "bug" not in sentence
        assert not (hostile_folder / "out").exists()
    else:
        assert case.words in out
    assert "\x1b" not in out + err
    assert "tensorflow" in modules or "tensorflow" not in sys.modules
