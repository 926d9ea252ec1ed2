"""A domain recommends sampling options; what the user chooses wins."""

from __future__ import annotations

import pytest
from letters import Letters

from seqgen import Defaults, InvalidValue, PluginError, SamplingOptions
from seqgen.workflows.default_sampling import sampling_options


class CautiousDefaults(Defaults[str]):
    def sampling(self):
        return {"temperature": 0.5, "min_p": 0.1}


def cautious() -> Letters:
    domain = Letters()
    domain.defaults = CautiousDefaults()
    return domain


def test_without_a_recommendation_the_model_is_sampled_as_it_is():
    assert sampling_options(Letters()) == SamplingOptions()


def test_what_is_chosen_replaces_one_recommendation_and_leaves_the_others():
    assert sampling_options(cautious()) == SamplingOptions(temperature=0.5, min_p=0.1)
    assert sampling_options(cautious(), temperature=1.0, top_k=3) == SamplingOptions(min_p=0.1, top_k=3)
    with pytest.raises(InvalidValue, match="min-p"):
        sampling_options(cautious(), min_p=2.0)


@pytest.mark.parametrize("wrong", [{"temperature": -1.0}, {"warmth": 1.0}], ids=str)
def test_wrong_recommendations_are_the_plugins_fault(wrong, monkeypatch):
    monkeypatch.setattr(CautiousDefaults, "sampling", lambda self: wrong)
    with pytest.raises(PluginError, match="default sampling of the domain 'letters'"):
        sampling_options(cautious())
