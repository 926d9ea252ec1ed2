"""Runs exported steps along documents, beside the engine's own steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import tensorflow as tf

from engine import toys
from seqgen.engine.cells.registry import cell_names
from seqgen.engine.compiling import uncompiled
from seqgen.engine.exporting.step_functions import HEAR, STEP, NamedFunction, hear_inputs, step_functions, step_inputs
from seqgen.engine.model import Model

Run = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
"""Carries out one exported function: takes its inputs by name and returns its outputs."""

FULL = "every part"
SHAPES: dict[str, dict] = {
    **{cell: {"cell": cell, "num_layers": 1, "attention_window": 0, "feed_forward_size": 0} for cell in cell_names()},
    "without state embedding": {"state_embedding": False, "num_layers": 1, "attention_window": 0},
    FULL: {"attention_window": 3, "conditions": toys.ahead(), "registers": toys.repeating()},
}
"""Settings of models by what is special about them."""
DOCUMENT = toys.documents(1, seed=3)[0][:6]
"""Longer than the window of attention."""
SHORT_DOCUMENT = DOCUMENT[:3]


@cache
def model_of(shape: str) -> Model:
    """Returns the model of one of the shapes."""
    return toys.model(**SHAPES[shape])


@cache
def functions_of(shape: str) -> dict[str, NamedFunction]:
    """Returns the functions of the model of one of the shapes."""
    return step_functions(model_of(shape))


def check_logits(shape: str, runs: Mapping[str, Run]) -> None:
    """Asserts that exported functions of a model give the engine's logits at each token of a document."""
    model, conditions = model_of(shape), conditions_of(shape)
    exported = exported_logits(model, runs[STEP], document_of(shape), runs.get(HEAR), conditions)
    np.testing.assert_allclose(exported, logits_of(shape), atol=1e-4)


@cache
def logits_of(shape: str) -> np.ndarray:
    """Returns the engine's logits of one of the shapes."""
    logits = engine_logits(model_of(shape), document_of(shape), conditions_of(shape))
    assert np.abs(logits[:, 2:]).max() > 0.5
    return logits


def document_of(shape: str) -> np.ndarray:
    """Returns the document that a model reads."""
    return DOCUMENT if shape == FULL else SHORT_DOCUMENT


def conditions_of(shape: str) -> np.ndarray | None:
    """Returns what is known ahead of the document, if the model has conditions."""
    return toys.known_ahead(DOCUMENT, np.random.default_rng(1)) if model_of(shape).conditions else None


def engine_logits(model: Model, ids: np.ndarray, conditions: np.ndarray | None = None) -> np.ndarray:
    """Returns the engine's logits [n, V] after each of ids, step by step. `conditions` are int32[C, J]."""
    states, memory, logits = model.grammar.unroll(ids), model.initial_memory(1), []
    allowed = np.ones((1, 1, model.grammar.vocabulary_size), bool)
    with uncompiled():
        heard = heard_along(model, ids, conditions)
        for position, (token, state) in enumerate(zip(ids, states, strict=True)):
            state_class = tf.constant([[model.grammar.state_class[state]]])
            here = None if heard is None else heard[position][None, None]
            output, memory = model.forward(tf.constant([[token]], tf.int32), state_class, memory, heard=here)
            logits.append(model.logits(output, allowed).numpy()[0, 0])
    return np.stack(logits)


def heard_along(model: Model, ids: np.ndarray, conditions: np.ndarray | None) -> np.ndarray | None:
    """Returns what the model hears [n, D] at each of ids; nothing at step 0 and after the last step."""
    if conditions is None:
        return None
    heard = model.hear_conditions(conditions[:, None], np.zeros((len(conditions), 1), bool)).numpy()[:, 0]
    steps = model.conditions.steps(ids, model.grammar.state_class[model.grammar.unroll(ids)])
    heard = np.concatenate([np.zeros_like(heard[:1]), heard[1:], np.zeros_like(heard[:1])])
    return heard[np.minimum(steps, len(conditions))]


def exported_logits(
    model: Model, step: Run, ids: np.ndarray, hear: Run | None = None, conditions: np.ndarray | None = None
) -> np.ndarray:
    """Returns the logits [n, V] of exported functions after each of ids."""
    states, logits = model.grammar.unroll(ids), []
    inputs = {name: np.zeros(spec.shape, spec.dtype.as_numpy_dtype) for name, spec in step_inputs(model).items()}
    heard = None if hear is None else exported_heard(model, hear, conditions)
    steps = model.conditions.steps(ids, model.grammar.state_class[states]) if model.conditions else None
    for position, (token, state) in enumerate(zip(ids, states, strict=True)):
        inputs |= {
            "token": np.array([token], np.int32),
            "state_class": np.array([model.grammar.state_class[state]], np.int32),
        }
        if heard is not None:
            inputs["heard"] = heard[min(steps[position], len(heard) - 1)][None]
        outputs = step(inputs)
        logits.append(outputs["logits"][0])
        inputs |= {name.removeprefix("new_"): value for name, value in outputs.items() if name.startswith("new_")}
    return np.stack(logits)


def exported_heard(model: Model, hear: Run, conditions: np.ndarray) -> np.ndarray:
    """Returns what the exported function hears [C + 1, D], from right to left; nothing at step 0 and after the last."""
    inputs = {name: np.zeros(spec.shape, spec.dtype.as_numpy_dtype) for name, spec in hear_inputs(model).items()}
    heard = np.zeros((len(conditions) + 1, inputs["hidden"].shape[1]), np.float32)
    for step in reversed(range(1, len(conditions))):
        outputs = hear({**inputs, "values": conditions[step][None]})
        heard[step] = outputs["heard"][0]
        inputs |= {name: outputs["new_" + name] for name in ("hidden", "cell_state")}
    return heard
