"""The activations and gradients inside a model, beside the same model in float64 and beside numerical derivatives.

Nothing is compiled here, which would take longer than all the rest. tests/workflows/test_trained.py looks into a
compiled model.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine import reference, toys
from seqgen.engine.scoring import introspection
from seqgen.engine.scoring.introspection import Introspector
from seqgen.engine.scoring.scorer import Scorer

SEGMENT_LENGTH = 16
EPSILON = 1e-5


pytestmark = pytest.mark.usefixtures("without_compiler")


@pytest.fixture(scope="module")
def model():
    return toys.model()


@pytest.fixture(scope="module")
def ids():
    """A document of several segments, the last of them not full."""
    made = toys.documents(1, seed=5)[0][:40]
    assert 2 * SEGMENT_LENGTH < len(made) < 3 * SEGMENT_LENGTH
    return made


@pytest.fixture(scope="module")
def activity(model, ids):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(introspection, "SEGMENT_LENGTH", SEGMENT_LENGTH)
        return Introspector(model).activations(ids)


def test_states_and_gates_are_those_of_the_equations_in_float64(model, ids, activity):
    expected = reference.hidden_states(model, ids)
    np.testing.assert_allclose(activity.hidden_states, expected, atol=1e-4)
    for layer in range(model.settings.num_layers):
        x = reference.layer_input(model, ids, expected[:, :layer])
        parts = {name: value.numpy().astype(float) for name, value in model.layer_weights(layer, model.weights).items()}
        h = c = np.zeros((1, model.settings.hidden_size))
        for t in range(len(ids)):
            h, c, gates = reference.lstm_gates(x[t : t + 1], h, c, parts)
            h, c = (h, c) if t else (0 * h, 0 * c)
            np.testing.assert_allclose(activity.cell_states[t, layer], c[0], atol=1e-4)
            for name, gate in zip(("input_gate", "forget_gate", "output_gate"), gates, strict=True):
                np.testing.assert_allclose(activity.gates[name][t, layer], gate[0], atol=1e-4)


def test_the_last_attention_is_the_last_row_of_all(model, ids, activity, monkeypatch):
    monkeypatch.setattr(introspection, "SEGMENT_LENGTH", SEGMENT_LENGTH)
    introspector = Introspector(model)
    np.testing.assert_allclose(introspector.last_attention(ids), activity.attention[-1, 0], atol=1e-6)
    np.testing.assert_allclose(introspector.last_attention(ids[:32]), activity.attention[31, 0], atol=1e-6)
    with pytest.raises(ValueError, match="one id"):
        introspector.last_attention(ids[:0])


def test_the_states_seen_are_those_that_probabilities_come_from(model, ids, activity):
    assert not activity.hidden_states[0].any()
    assert not activity.cell_states[0].any()
    rebuilt = reference.probabilities(model, ids, activity.hidden_states)
    np.testing.assert_allclose(rebuilt, Scorer(model).probabilities(ids), atol=1e-5)


def test_attention_is_shared_out_among_the_positions_of_the_document(model, ids, activity):
    attention, memory = activity.attention, model.settings.attention_window
    assert attention.shape == (len(ids), 1, memory + 1)
    np.testing.assert_allclose(attention.sum(-1), 1, atol=1e-5)
    back = np.arange(memory + 1)[None] <= np.arange(len(ids))[:, None]
    assert (attention[:, 0][back] > 0).all()
    assert (attention[:, 0][~back] == 0).all()
    # What is taken from each distance, as the scores of query and key say it.
    weights = {name: value.astype(float) for name, value in model.numpy_weights().items()}
    x = sum(reference.embeddings(model, ids)) + reference.hidden_states(model, ids).sum(1)
    projected = reference.rms_norm(x, weights["attention/norm"]) @ weights["attention/query_key_value"]
    query, key, _ = np.split(projected, 3, -1)
    for t in (0, 3, SEGMENT_LENGTH - 1, SEGMENT_LENGTH + 2):
        distances = np.arange(min(t, memory) + 1)
        scores = (
            key[t - distances] @ query[t] / np.sqrt(query.shape[-1]) + weights["attention/distance_bias"][distances]
        )
        expected = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(attention[t, 0, : len(distances)], expected, atol=1e-4)


@pytest.mark.parametrize(
    "shape", [{}, *({"cell": name, "num_layers": 1, "attention_window": 0} for name in ("gru", "fgr"))]
)
def test_gradient_norms_are_those_of_numerical_differences(shape):
    model = toys.model(hidden_size=8, feed_forward_size=0, **shape)
    ids = toys.documents(1, seed=3)[0][:7]
    made = Introspector(model).gradient_norms(ids, max_distance=2)
    steps, layers, width = len(ids) - 1, model.settings.num_layers, 8
    expected = np.zeros((3, layers))
    for k, layer in np.ndindex(*expected.shape):
        gradient = np.zeros(width)
        for unit in range(width):
            perturbations = np.zeros((steps, layers, width))
            perturbations[steps - 1 - k, layer, unit] = EPSILON
            ahead, behind = (cost(model, ids, sign * perturbations) for sign in (1, -1))
            gradient[unit] = (ahead - behind) / (2 * EPSILON)
        expected[k, layer] = np.linalg.norm(gradient)
    np.testing.assert_allclose(made, expected, rtol=1e-3, atol=1e-6)


def cost(model, ids, perturbations):
    """-ln p of the last id, in float64."""
    hiddens = reference.hidden_states(model, ids[:-1], perturbations)
    return -np.log(reference.probabilities(model, ids[:-1], hiddens)[-1, ids[-1]])


def test_gradient_norms_go_back_to_the_beginning_and_no_further():
    model = toys.model(hidden_size=8, num_layers=1, attention_window=0)
    ids, introspector = toys.documents(1, seed=3)[0][:9], Introspector(model)
    norms = introspector.gradient_norms(ids, max_distance=20)
    assert norms.shape == (8, 1)
    assert (norms[:-1] > 0).all()
    assert norms[-1] == 0
    # The distance looked at changes nothing in what is nearer.
    np.testing.assert_allclose(introspector.gradient_norms(ids, max_distance=3), norms[:4], rtol=1e-5)
    with pytest.raises(ValueError, match="two ids"):
        introspector.gradient_norms(ids[:1], max_distance=2)
