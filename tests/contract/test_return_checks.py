"""What the contract asks of returned values beyond their types."""

from __future__ import annotations

import numpy as np
import pytest
from complete_domain import CompletePrediction

from seqgen import BOS, Answer, Options, Prompt, Record, Remark
from seqgen.contract.return_checks import count_fault, value_fault
from seqgen.grammar import unconstrained

IDS = np.array([BOS, 2, 1], np.int32)


class _Settings(Options):
    pass


@pytest.mark.parametrize(
    ("method", "value", "fault"),
    [
        ("decode", 7, None),
        ("read", Remark("a"), None),
        ("read", Remark(7), "a remark that has no text"),
        ("read", Remark("a", count=0), "a remark that has no text or no count"),
        ("prompting.read", Record("a", {"id": 1}), None),
        ("prompting.prompt", Prompt(IDS, unconstrained(4)), None),
        ("prompting.prompt", Prompt([0], unconstrained(4)), "no row of integers"),
        ("prompting.prompt", Prompt(IDS[1:], unconstrained(4)), "does not begin with BOS"),
        ("prompting.without_prompt", IDS, None),
        ("prompting.without_prompt", IDS[1:], "do not begin with BOS"),
        ("prompting.without_prompt", IDS.astype(float), "no row of integers"),
        ("metrics.copy_symbols", IDS, None),
        ("metrics.copy_symbols", IDS.astype(float), "symbols that are no integers"),
        ("prediction.predict", Answer("a", {"p": 1.0}), None),
        ("prediction.explain", Answer("a", {"p": {1}}), "not JSON"),
        ("prediction.explain", Answer(1, {}), "no text"),
        ("prediction.calibrate", CompletePrediction.Calibration(), None),
        ("prediction.calibrate", {}, "its Calibration was expected"),
        ("inference.infer", _Settings(), None),
        ("inference.infer", {"a": 1}, "its Settings were expected"),
    ],
)
def test_a_wrong_value_has_a_fault_in_words(method, value, fault):
    found = value_fault(method)(CompletePrediction(), (IDS,), value)
    assert found is None if fault is None else fault in found


def test_answers_are_as_many_as_records():
    assert count_fault("prediction.predict", (["a", "b"],), 2) is None
    assert count_fault("prediction.predict", (["a", "b"],), 1) == "1 answers about 2 records"
    assert count_fault("read", (["a", "b"],), 1) is None
