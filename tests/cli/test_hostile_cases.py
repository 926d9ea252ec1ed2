"""Hostile bundles and inputs end in one short sentence, or cost only themselves."""

from __future__ import annotations

import sys

import pytest
from commands import error_sentence
from hostile_cases import CASES, MAX_SENTENCE_LENGTH, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_refused_in_one_short_sentence_or_costs_itself(case: Case, run_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "case").mkdir()
    case.make(tmp_path / "case")
    modules = set(sys.modules)
    code, out, err = run_cli(*(argument.format(case="case", out="out") for argument in case.arguments))
    assert code == case.code, err
    if code:
        sentence = error_sentence(err)
        assert case.words in sentence
        assert len(sentence) < MAX_SENTENCE_LENGTH
        assert "bug" not in sentence
        assert not (tmp_path / "out").exists()
    else:
        assert case.words in out
    assert "\x1b" not in out + err
    assert "tensorflow" in modules or "tensorflow" not in sys.modules
