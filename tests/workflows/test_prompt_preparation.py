"""The prompts of a call: one for each document, with seeds of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqgen import UsageError
from seqgen.workflows.prompt_preparation import (
    PromptPreparation,
    check_no_function,
    only_prompt,
    seed_of_prompt,
    without_given,
)


def test_each_item_has_a_prompt_and_nothing_has_one(trained, pieces):
    preparation = PromptPreparation(trained.domain, trained.model)
    (nothing,) = preparation.prompts(None, {"bars": 8})
    assert len(nothing.ids) == 1
    items = trained.read_prompts(pieces / "piece-00.mid")
    (from_file,) = preparation.prompts(pieces / "piece-00.mid", {"bars": 8})
    assert len(from_file.ids) > 1
    for prompt in preparation.prompts([*items, *items], {"bars": 8}):
        assert prompt.ids.tolist() == from_file.ids.tolist()
    with pytest.raises(UsageError, match="The list of prompts is empty"):
        preparation.prompts([], None)


def test_a_grammar_under_constraints_is_made_once(trained, monkeypatch):
    made = []
    preparation = PromptPreparation(trained.domain, trained.model)
    checked = trained.domain.checked_prompt
    monkeypatch.setattr(trained.domain, "checked_prompt", lambda *given: made.append(given) or checked(*given))
    for bars in (3, 3, 4, 5, 6, 3, 7, 3):
        preparation.prompts(None, {"bars": bars, "time_signature": "2/4"})
    assert [constraints.bars for _, constraints in made] == [3, 4, 5, 6, 7, 3]


def test_a_domain_that_needs_a_prompt_says_so(trained, monkeypatch):
    monkeypatch.setattr(trained.domain.prompting, "needs_prompt", True)
    with pytest.raises(UsageError, match="continues something that is given; name it by --prompt"):
        PromptPreparation(trained.domain, trained.model).prompts(None, None)


def test_each_prompt_has_a_seed_of_its_own():
    assert seed_of_prompt(7, 0) == 7
    seeds = [seed_of_prompt(seed, number) for seed in (0, 7, 2**62) for number in range(4)]
    assert len({*seeds}) == 12
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_callers_that_cannot_do_everything_say_so(trained):
    prompt = trained.domain.checked_prompt()
    assert only_prompt([prompt], "A stream") is prompt
    with pytest.raises(UsageError, match="A stream continues one document, and the prompt has 2"):
        only_prompt([prompt] * 2, "A stream")
    with pytest.raises(UsageError, match="A stream only continues a prompt"):
        without_given(replace(prompt, given=np.array([-1])), "A stream")
    check_no_function(prompt, "A stream")
    with pytest.raises(UsageError, match="A stream cannot ask this domain"):
        check_no_function(replace(prompt, accepts=bool), "A stream")
