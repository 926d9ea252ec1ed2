"""A model is loaded only if its bundle fits its domain."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import seqgen
from seqgen import BundleError, InvalidValue
from seqgen.workflows.loaded_model import MAX_COUNT, LoadedModel, check_arguments


@pytest.mark.parametrize("config", [{}, {"model": {"hidden_size": "wide"}}, {"model": {"no_such_setting": 1}}], ids=str)
def test_a_damaged_configuration_is_named_with_its_file(trained, config):
    bundle = SimpleNamespace(path="some/bundle", config=config)
    with pytest.raises(BundleError, match=r"some/bundle/config\.json is damaged"):
        LoadedModel(bundle, trained.domain)


def test_a_bundle_of_another_grammar_names_the_plugin_to_install(trained):
    bundle = SimpleNamespace(
        path="some/bundle", config=trained.bundle.config, class_examples=lambda: [],
        domain=SimpleNamespace(distribution="seqgen-chess 1.2"),
    )  # fmt: skip
    with pytest.raises(BundleError, match=r"another grammar .*seqgen-chess 1\.2; install that version"):
        LoadedModel(bundle, trained.domain)


def test_drawing_and_searching_have_the_precision_that_is_asked_for(run):
    model = seqgen.load(run, precision="bfloat16")
    assert model._sampler.decoder.precision == "bfloat16"
    assert model._beam_search._decoder.precision == "bfloat16"


def test_counts_and_seeds_have_limits():
    check_arguments(0, count=1, max_new_tokens=MAX_COUNT)
    for seed, count in ((-1, 1), (2**63, 1), (0, 0), (0, MAX_COUNT + 1)):
        with pytest.raises(InvalidValue, match="must be between"):
            check_arguments(seed, count=count)
