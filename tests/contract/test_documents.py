"""The values that a domain and the rest of seqgen exchange."""

from __future__ import annotations

import numpy as np

from seqgen import (
    Example,
    Prompt,
    Record,
)
from seqgen.grammar import unconstrained


def test_example_document_weighs_everything_but_bos():
    example = Example.document([5, 6])
    assert example.ids.tolist() == [0, 5, 6, 1]
    assert example.weights.tolist() == [0, 1, 1, 1]
    assert Example.document([5], ends=False).ids.tolist() == [0, 5]


def test_a_prompt_has_a_default_guidance_that_a_request_replaces():
    prompt = Prompt(np.array([0]), unconstrained(3), guidance=2.0)
    assert prompt.guidance_strength(None) == 2
    assert prompt.guidance_strength(1) == 1


def test_a_record_has_no_metadata_unless_it_is_given():
    assert Record("item").metadata == {}
