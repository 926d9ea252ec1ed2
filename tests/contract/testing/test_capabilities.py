"""The conformance kit finds every broken law of a capability."""

from __future__ import annotations

import numpy as np
import pytest
from complete_domain import (
    Complete,
    CompleteDeduplication,
    CompleteDefaults,
    CompleteDisplay,
    CompleteInference,
    CompleteLearning,
    CompletePrediction,
    CompletePrompting,
    CompleteReading,
)
from letters import Letters

from seqgen import Answer, AuxiliaryTargets, Metrics, Prompt, Record, Training, UnusableFile
from seqgen.contract.testing import check_domain
from seqgen.contract.testing.capabilities import CHECKS, Case


@pytest.fixture
def letters(tmp_path):
    path = tmp_path / "some.letters"
    path.write_text("hello\nworld\nabc\n")
    return path


class _Shortening(Training):
    def augment(self, ids, rng):
        return ids[:-1]


class _Random(Training):
    def augment(self, ids, rng):
        return np.where(ids > 1, np.random.default_rng().integers(2, 28, len(ids)), ids).astype(np.int32)


class _LateTargets(Training):
    def auxiliary_targets(self, ids, rng):
        return AuxiliaryTargets(np.array([len(ids) - 1]), ids[-1:], np.ones(1, np.float32), np.zeros(1, np.int32))


class _UnknownState(Training):
    def auxiliary_targets(self, ids, rng):
        return AuxiliaryTargets(np.array([1]), ids[2:3], np.ones(1, np.float32), np.full(1, 99, np.int32))


class _CountingBos(Metrics):
    def copy_symbols(self, ids):
        return ids


class _Negative(Metrics):
    def sizes(self, item):
        return {"letter": -1.0}


@pytest.mark.parametrize(
    ("attribute", "broken", "sentence"),
    [
        ("training", _Shortening(), "augment makes"),
        ("training", _Random(), "augment is not a pure function"),
        ("training", _LateTargets(), "positions that the document does not have"),
        ("training", _UnknownState(), "names state 99"),
        ("metrics", _CountingBos(), "copy_symbols counts BOS"),
        ("metrics", _Negative(), "a negative size"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, (Training, Metrics)) else "",
)
def test_the_kit_finds_broken_capabilities_of_letters(attribute, broken, sentence, letters, monkeypatch):
    monkeypatch.setattr(Letters, attribute, broken)
    with pytest.raises(AssertionError, match=sentence):
        check_domain(Letters(), [letters], walks=5)


class _EndedPrompting(CompletePrompting):
    def prompt(self, item=None, constraints=None):
        prompt = super().prompt(item, constraints)
        return Prompt(np.append(prompt.ids, 1), prompt.grammar)


class _RefusingPrompting(CompletePrompting):
    def read(self, path):
        raise UnusableFile("no prompt")


class _MissingDisplay(CompleteDisplay):
    def render(self, item, rendering, path, prompt_item=None):
        return path


class _OnlineDisplay(CompleteDisplay):
    def html(self, item, prompt_item=None):
        return '<img src="https://example.org/a.png">'


class _ShortPrediction(CompletePrediction):
    def predict(self, records, oracle):
        return iter(())


class _NumpyPrediction(CompletePrediction):
    def predict(self, records, oracle):
        return (Answer("", {"value": np.float32(1)}) for _ in records)


class _OpenInference(CompleteInference):
    def infer(self, findings):
        return Complete.Settings()


class _SetLearning(CompleteLearning):
    def observe(self, item):
        return set(item)


class _OutsideReading(CompleteReading):
    def companions(self, path):
        return ("../other.ab",)


class _WarmDefaults(CompleteDefaults):
    def sampling(self):
        return {"temperature": "warm"}


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "some.ab"
    path.write_text("ab aab b\n")
    return path


def test_each_capability_has_its_check():
    assert CHECKS.keys() == Complete().capabilities().keys()


@pytest.mark.parametrize(
    ("attribute", "broken", "error"),
    [
        ("prompting", _EndedPrompting(Complete()), "a prompt ends with EOS"),
        ("prompting", _RefusingPrompting(Complete()), "refuses a training file"),
        ("display", _MissingDisplay(), "render names"),
        ("display", _OnlineDisplay(), "a page of samples loads nothing"),
        ("prediction", _ShortPrediction(), "gives 0 answers about"),
        ("prediction", _NumpyPrediction(), "not JSON serializable"),
        ("inference", _OpenInference(Complete.Settings()), "still open after infer"),
        ("defaults", _WarmDefaults(), "which is no number"),
        ("learning", _SetLearning(), "not JSON serializable"),
        ("reading", _OutsideReading(), "leads to another folder"),
    ],
    ids=lambda value: "" if isinstance(value, str) else type(value).__name__,
)
def test_the_kit_finds_broken_capabilities(attribute, broken, error, lines, tmp_path):
    domain = Complete()
    setattr(domain, attribute, broken)
    records = list(domain.read(lines))
    with pytest.raises((AssertionError, TypeError), match=error):
        CHECKS[attribute](Case(domain, [lines], records, tmp_path, np.random.default_rng(0)))


def test_a_key_that_is_never_equal_is_found(lines, tmp_path):
    domain, calls = Complete(), iter(range(100))

    class Counting(CompleteDeduplication):
        def key(self, item):
            return next(calls)

    domain.deduplication = Counting()
    with pytest.raises(AssertionError, match="another deduplication key"):
        CHECKS["deduplication"](Case(domain, [lines], list(domain.read(lines)), tmp_path, np.random.default_rng(0)))


@pytest.mark.parametrize("attribute", CHECKS)
def test_the_complete_domain_passes_every_check(attribute, lines, tmp_path):
    domain = Complete()
    records = [Record(record.item, {**record.metadata, "row": 1}) for record in domain.read(lines)]
    CHECKS[attribute](Case(domain, [lines], records, tmp_path, np.random.default_rng(0)))
