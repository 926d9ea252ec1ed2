"""The functions that are exported: which inputs and outputs they have, and that TensorFlow runs them as they are."""

from __future__ import annotations

import numpy as np

from engine import toys
from engine.exporting import runs
from seqgen.engine.exporting.step_functions import HEAR, STEP, step_functions


def test_each_step_has_the_logits_of_the_engine():
    functions = runs.functions_of(runs.FULL)

    def run(name):
        read = functions[name].inputs
        return lambda inputs: {
            key: value.numpy() for key, value in functions[name](**{one: inputs[one] for one in read}).items()
        }

    runs.check_logits(runs.FULL, {name: run(name) for name in functions})


def test_a_model_is_asked_only_for_the_memory_that_it_has():
    plain = runs.functions_of("rnn")
    assert list(plain) == [STEP]
    assert set(plain[STEP].inputs) == {"token", "state_class", "hidden"}
    assert set(plain[STEP].outputs) == {"logits", "new_hidden"}
    full = runs.functions_of(runs.FULL)
    memory = {"hidden", "cell_state", "keys", "values", "key_documents", "document", "registers"}
    assert set(full[STEP].inputs) == {"token", "state_class", "heard", *memory}
    assert set(full[STEP].outputs) == {"logits", *(f"new_{part}" for part in memory)}
    assert set(full[HEAR].inputs) == {"values", "hidden", "cell_state"}


def test_bos_forgets_what_was_before():
    (step,) = step_functions(toys.model(num_layers=1, attention_window=3)).values()
    random = np.random.default_rng(0)
    zeros = {name: np.zeros(tensor.shape, tensor.dtype.as_numpy_dtype) for name, tensor in step.inputs.items()}
    used = {**zeros, "hidden": random.normal(size=zeros["hidden"].shape).astype(np.float32)}
    used["keys"], used["values"] = random.normal(size=(2, *zeros["keys"].shape)).astype(np.float32)
    np.testing.assert_allclose(step(**used)["logits"], step(**zeros)["logits"], atol=1e-6)
