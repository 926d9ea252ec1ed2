"""seqgen predict: its refusals. Its answers are tested with the domains that give them."""

from __future__ import annotations

import pytest


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
