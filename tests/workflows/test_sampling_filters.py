"""Sampling filters of plugins, asked for by their names."""

from __future__ import annotations

import pytest

from seqgen import InvalidValue, PluginError, SamplingOptions, UnknownName
from seqgen.workflows.sampling_filters import PluginFilters

GROUP = "seqgen.filters"
GOOD = """
    import pluggy
    from seqgen.contract.hooks import SamplingFilter

    def shift(logits, allowed, value):
        return logits + value

    @pluggy.HookimplMarker("seqgen")
    def seqgen_filters():
        return [SamplingFilter("shift", shift, minimum=-1, maximum=2), SamplingFilter("any", shift)]
"""
BROKEN = {
    "import there_is_no_such_module": "ModuleNotFoundError",
    GOOD.replace("return [", "1 / 0; return ["): "ZeroDivisionError",
    GOOD.replace("return [", "return 7, ["): "no list of SamplingFilter",
    GOOD.replace('"shift"', '"typical"').replace('"any"', '"typical"'): "The sampling filter 'typical' of the plugin",
}
BROKEN_LATE = {
    GOOD.replace("return logits", "1 / 0; return logits"): "fails in the sampling filter 'shift': ZeroDivisionError",
    GOOD.replace("return logits + value", "return 7"): "returns int of another shape or type from the sampling filter",
    GOOD.replace("logits + value", "logits[:1, :2]"): "of another shape or type",
    GOOD.replace("logits + value", "logits > value"): "of another shape or type",
}


def sample(trained, **filters):
    return trained.sample(2, options=SamplingOptions(filters=filters), max_new_tokens=12, seed=3)


@pytest.fixture
def fresh(trained, monkeypatch):
    """Returns the trained model as if no filter had been used yet."""
    monkeypatch.setattr(trained._sampler, "find_filter", PluginFilters().find)
    return trained


def test_a_plugins_filter_is_found_by_its_name(install, fresh):
    install("good", GOOD, group=GROUP)
    before = [sample.ids.tolist() for sample in fresh.sample(2, max_new_tokens=12, seed=3)]
    # All logits are shifted alike, so the distribution stays.
    assert [sample.ids.tolist() for sample in sample(fresh, shift=2)] == before
    assert [sample.ids.tolist() for sample in sample(fresh, shift=-1, any=1000)] == before


def test_typical_sampling_comes_with_seqgen(fresh):
    assert sample(fresh, typical=0.5)
    with pytest.raises(InvalidValue, match=r"The filter typical cannot be 1.5; it must be between 0 and 1\."):
        sample(fresh, typical=1.5)


def test_an_unknown_filter_suggests_the_nearest(fresh):
    with pytest.raises(UnknownName, match="no sampling filter 'tipical'; did you mean 'typical'"):
        sample(fresh, tipical=0.5)


@pytest.mark.parametrize(("body", "sentence"), BROKEN.items(), ids=BROKEN.values())
def test_a_broken_plugin_is_named_and_the_other_filters_work(install, capsys, body, sentence):
    install("bad", body, group=GROUP)
    install("good", GOOD, group=GROUP)
    filters = PluginFilters()
    for name in ("typical", "shift"):
        assert filters.find(name, 0.5) is filters.find(name, 1)
    lines = set(capsys.readouterr().err.splitlines())
    assert len(lines) == 1
    (line,) = lines
    assert "'bad' of seqgen-bad 2.5" in line
    assert sentence in line


@pytest.mark.parametrize(("body", "sentence"), BROKEN_LATE.items(), ids=BROKEN_LATE.values())
def test_a_filter_that_fails_names_its_plugin(install, fresh, body, sentence):
    install("bad", body, group=GROUP)
    with pytest.raises(PluginError, match=sentence) as caught:
        sample(fresh, shift=1)
    assert "'bad' of seqgen-bad 2.5" in str(caught.value)
    assert sample(fresh, typical=0.5)
