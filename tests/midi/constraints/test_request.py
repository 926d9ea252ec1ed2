"""What contradicts itself, or needs a prompt, is refused."""

from __future__ import annotations

import pytest
from helpers import prompt_for
from seqgen_midi.domain import MidiDomain

from seqgen import UsageError


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("score", {"seconds": 9}, "ask for one, such as tempo=120"),
        ("score", {"seconds": 9, "tempo": "100-120"}, "ask for one, such as tempo=120"),
        ("melody", {"seconds": 9, "bars": 4}, "bars and seconds both say how long"),
        ("chorale", {"seconds": 9, "bars": 4}, "bars and seconds both say how long"),
    ],
)
def test_constraints_that_contradict_each_other_are_refused(name: str, values: dict, sentence: str) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding=name))
    with pytest.raises(UsageError, match=sentence):
        domain.grammar(domain.Constraints.from_mapping(values, "constraint"))


@pytest.mark.parametrize("values", [{"fill": "1"}, {"variation": 0.5}, {"prompt_bars": 2}, {"harmonise": "S"}])
def test_what_is_asked_of_a_prompt_needs_one(domain: MidiDomain, values: dict) -> None:
    with pytest.raises(UsageError, match="is asked of a prompt; give one with --prompt FILE"):
        prompt_for(domain, None, **values)
