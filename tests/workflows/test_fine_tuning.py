"""Beginning with a trained model: rows follow the names of their tokens; everything else is kept or begins anew."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from letters import Letters

from seqgen import UsageError, Vocabulary
from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings
from seqgen.engine.weights import initial_weights
from seqgen.grammar import unconstrained
from seqgen.workflows import fine_tuning
from seqgen.workflows.fine_tuning import PretrainedModel, transfer_weights

SETTINGS = ModelSettings(hidden_size=8, num_layers=1, attention_window=3, attention_size=4)


def weights(tokens, classes, seed):
    made = initial_weights(SETTINGS, len(tokens), classes, seed)
    return {name: value + np.float32(seed) for name, value in made.items()}


def test_rows_follow_their_tokens_new_ones_are_fresh_and_lost_ones_are_dropped():
    before, now = Vocabulary("abcd"), Vocabulary("xdbyz")
    old, fresh = weights(before, 3, 1), weights(now, 3, 2)
    made = transfer_weights(old, before, fresh, now)
    assert {name: value.shape for name, value in made.items()} == {name: v.shape for name, v in fresh.items()}
    for name in ("embedding", "output/bias"):
        for token in now:
            origin = old[name][before.ids[token]] if token in before.ids else fresh[name][now.ids[token]]
            np.testing.assert_array_equal(made[name][now.ids[token]], origin, err_msg=f"{name} of {token}")
    for name in set(made) - {"embedding", "output/bias"}:
        np.testing.assert_array_equal(made[name], old[name], err_msg=name)


@pytest.mark.parametrize("classes", [2, 4, 1])
def test_classes_of_another_number_begin_anew(classes):
    tokens = Vocabulary("abc")
    old, fresh = weights(tokens, 3, 1), weights(tokens, classes, 2)
    made = transfer_weights(old, tokens, fresh, tokens)
    assert set(made) == set(fresh)
    if classes > 1:
        np.testing.assert_array_equal(made["state_embedding"], fresh["state_embedding"])
    np.testing.assert_array_equal(made["embedding"], old["embedding"])


class Words(Letters):
    name = "words"


@pytest.fixture
def trained(monkeypatch):
    """A model of the letters, as `load` would give it."""
    domain = Letters()
    model = Model.new(SETTINGS, domain.grammar(), 1)
    monkeypatch.setattr(fine_tuning, "load", lambda path: SimpleNamespace(domain=domain, model=model))
    return model


def test_a_model_for_a_larger_vocabulary_is_a_new_one_but_for_what_the_old_one_knew(trained):
    start = PretrainedModel("some", Letters())
    larger = Vocabulary([*start.learned.vocabulary.names[2:], "new"])
    made = start.model(unconstrained(len(larger)), larger, seed=5).numpy_weights()
    np.testing.assert_array_equal(made["embedding"][:-1], trained.numpy_weights()["embedding"])
    np.testing.assert_array_equal(made["embedding"][-1], initial_weights(SETTINGS, len(larger), 1, 5)["embedding"][-1])


def test_a_model_of_another_domain_or_of_another_shape_is_refused(trained):
    with pytest.raises(UsageError, match="'letters', not 'words'"):
        PretrainedModel("some", Words())
    start = PretrainedModel("some", Letters())
    start.check_settings({"hidden_size": 8, "dropout": 0.5}, None)
    with pytest.raises(UsageError, match="hidden_size=8, not 16"):
        start.check_settings({"hidden_size": 16}, None)
    with pytest.raises(UsageError, match="not 64"):
        start.check_settings({}, "tiny")


def test_classes_that_are_told_several_times_over_all_begin_as_they_were():
    tokens = Vocabulary(["a"])
    old = {"state_embedding": np.arange(6, dtype=np.float32).reshape(3, 2)}
    for rows, expected in ((3, old["state_embedding"]), (9, np.concatenate(3 * [old["state_embedding"]])), (4, None)):
        fresh = {"state_embedding": np.full((rows, 2), 7, np.float32)}
        begun = transfer_weights(old, tokens, fresh, tokens)["state_embedding"]
        np.testing.assert_array_equal(begun, fresh["state_embedding"] if expected is None else expected)
