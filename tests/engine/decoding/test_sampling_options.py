"""Settings of the sampling filters."""

from __future__ import annotations

import pytest

from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.errors import InvalidValue


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1},
        {"temperature": float("nan")},
        {"top_k": -1},
        {"top_p": 0},
        {"top_p": 1.1},
        {"min_p": 1.1},
        {"repetition_penalty": 0.5},
        {"no_repeat_ngram_size": -1},
        {"no_repeat_ngram_size": 101},
    ],
    ids=str,
)
def test_options_that_leave_nothing_to_draw_from_are_refused(wrong):
    with pytest.raises(InvalidValue, match=r"cannot be .*must be"):
        SamplingOptions(**wrong)
