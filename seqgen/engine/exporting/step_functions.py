"""One step of a model as functions of named tensors, for one sequence.

`step` reads a token and gives the logits of the next one:

    token         int32[1]
    state_class   int32[1], the class of the grammar's state after the token
    heard         float32[1, D], what the model hears of what is known ahead; zeros for nothing. Only with conditions
    hidden, …     the model's memory after all tokens before (`Memory` in model.py), without the parts that it lacks
    → logits      float32[1, V]. The grammar is not applied: its tables stand beside the model
    → new_hidden, …  the memory after the token

`hear` reads the conditions of one step, from the last step to the first (layers/conditions.py):

    values        int32[1, J], by channel
    hidden, cell_state   float32[1, D], zeros after the last step
    → heard       float32[1, D]
    → new_hidden, new_cell_state

Both come from the forward pass that everything else uses. Before BOS, all parts of the memory are 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from seqgen.engine.compiling import uncompiled
from seqgen.engine.layers.conditions import read_condition_step
from seqgen.engine.model import Memory, Model

STEP, HEAR = "step", "hear"
NEW = "new_"
"""What stands before the name of a part of the memory after a step."""
ATTENTION_PARTS = ("keys", "values", "key_documents", "document")
"""The parts of a memory that only attention reads."""

Tensors = dict[str, tf.Tensor]


class NamedFunction(NamedTuple):
    """A concrete function of TensorFlow without variables, and its tensors by name."""

    function: Any
    inputs: dict[str, tf.Tensor]
    outputs: dict[str, tf.Tensor]

    def __call__(self, **inputs: Any) -> Tensors:
        """Carries the function out for tensors or arrays by name."""
        arguments = (tf.convert_to_tensor(inputs[name]) for name in self.inputs)
        return dict(zip(self.outputs, self.function(*arguments), strict=True))


def step_functions(model: Model) -> dict[str, NamedFunction]:
    """Returns the functions by name. Weights are constants in them."""
    functions = {STEP: _freeze(_step_of(model), step_inputs(model))}
    if model.conditions is not None:
        functions[HEAR] = _freeze(_hear_of(model), hear_inputs(model))
    return functions


def step_inputs(model: Model) -> dict[str, tf.TensorSpec]:
    """Returns the shapes and types of the inputs of `step`, by name."""
    inputs = {"token": tf.TensorSpec((1,), tf.int32), "state_class": tf.TensorSpec((1,), tf.int32)}
    if model.conditions is not None:
        inputs["heard"] = tf.TensorSpec((1, model.settings.condition_size), tf.float32)
    memory = model.initial_memory(1)
    return {**inputs, **{name: tf.TensorSpec(part.shape, part.dtype) for name, part in _parts(model, memory).items()}}


def hear_inputs(model: Model) -> dict[str, tf.TensorSpec]:
    """Returns the shapes and types of the inputs of `hear`, by name. Only for a model with conditions."""
    assert model.conditions is not None
    state = tf.TensorSpec((1, model.settings.condition_size), tf.float32)
    values = tf.TensorSpec((1, len(model.conditions.channel_sizes)), tf.int32)
    return {"values": values, "hidden": state, "cell_state": state}


def _parts(model: Model, memory: Memory) -> Tensors:
    """Returns the parts of a memory that the model has, by name."""
    has_attention = model.settings.attention_window > 0
    return {
        name: part
        for name, part in memory._asdict().items()
        if tf.size(part) > 0 and (has_attention or name not in ATTENTION_PARTS)
    }


def _step_of(model: Model) -> Callable[..., Tensors]:
    def step(**inputs: tf.Tensor) -> Tensors:
        token, state_class, heard = inputs["token"], inputs["state_class"], inputs.get("heard")
        before = model.initial_memory(1)
        before = before._replace(**{name: inputs[name] for name in before._fields if name in inputs})
        output, after = model.forward(
            token[None], state_class[None], before, heard=None if heard is None else heard[None]
        )
        logits = model.logits(output, tf.ones((1, 1, model.tables.vocabulary_size), tf.bool))[0]
        return {"logits": logits, **{NEW + name: part for name, part in after._asdict().items() if name in inputs}}

    return step


def _hear_of(model: Model) -> Callable[..., Tensors]:
    assert model.conditions is not None
    sizes = model.conditions.channel_sizes

    def hear(values: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor) -> Tensors:
        heard, hidden, cell_state = read_condition_step(model.weights, sizes, values, hidden, cell_state)
        return {"heard": heard, "new_hidden": hidden, "new_cell_state": cell_state}

    return hear


def _freeze(function: Callable[..., Tensors], inputs: Mapping[str, tf.TensorSpec]) -> NamedFunction:
    """Returns the function of named tensors, in which variables are constants."""
    named = {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in inputs.items()}
    with uncompiled():
        concrete = tf.function(function, autograph=False).get_concrete_function(**named)
    frozen = convert_variables_to_constants_v2(concrete)
    # TensorFlow flattens a dictionary in the order of its sorted names.
    outputs = dict(zip(sorted(concrete.structured_outputs), frozen.outputs, strict=True))
    return NamedFunction(frozen, {tensor.op.name: tensor for tensor in frozen.inputs}, outputs)
