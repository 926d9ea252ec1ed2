"""What a model makes of many documents at once: they lie end to end in parallel streams, each begun by its BOS.

Reading is what costs; the softmax over the vocabulary is worked out only at the places that are asked about.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.data_parallel import join_memory, lanes_of, split_memory, split_streams
from seqgen.engine.model import Memory, Model
from seqgen.grammar import BOS

STEPS = 32
PLACES = 256
"""How many places are asked about at once: the compiled functions keep one shape."""


class Reader:
    """Reads streams inputs int32[L, B] with the states int32[L, B] of the model's own grammar, without dropout."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._read = tf.function(self._read_segment, autograph=False)
        self._read_part = compiled(self._read_lane)
        self._cost = tf.function(self._cost_segment, autograph=False)
        self._cost_part = compiled(self._cost_lane)
        self._ask = compiled(self._ask_places)

    def log_probabilities(
        self, inputs: np.ndarray, states: np.ndarray, places: np.ndarray, among: np.ndarray
    ) -> np.ndarray:
        """float32[n, k]: ln p of each token among int32[k] right after places int[n, 2], each a step and a stream."""
        found = np.empty((len(places), len(among)), np.float32)
        segment_of = places[:, 0] // STEPS
        for number, (outputs, before) in enumerate(self._outputs(inputs, states)):
            here = np.flatnonzero(segment_of == number)
            for some in (here[begin : begin + PLACES] for begin in range(0, len(here), PLACES)):
                rows = np.zeros((PLACES, 2), np.int32)
                rows[: len(some)] = places[some] - [number * STEPS, 0]
                found[some] = self._ask(outputs, before, rows, among).numpy()[: len(some)]
        return found

    def nats(self, inputs: np.ndarray, states: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """float32[L, B]: -ln p of targets int32[L, B] right after each input."""
        costs = []
        for begin, (outputs, before) in enumerate(self._outputs(inputs, states)):
            wanted = targets[begin * STEPS : (begin + 1) * STEPS]
            missing = STEPS - len(wanted)
            found = self._cost(outputs, before, np.pad(wanted, ((0, missing), (0, 0)))).numpy()
            costs.append(found[: len(wanted)])
        return np.concatenate(costs)

    def _outputs(self, inputs: np.ndarray, states: np.ndarray) -> Iterator[tuple[tf.Tensor, np.ndarray]]:
        """The last layer's outputs [STEPS, B, H] and the states int32[STEPS, B], segment by segment."""
        memory = self.model.empty_memory(inputs.shape[1])
        for begin in range(0, len(inputs), STEPS):
            window, before = (part[begin : begin + STEPS] for part in (inputs, states))
            missing = ((0, STEPS - len(window)), (0, 0))
            window, before = np.pad(window, missing, constant_values=BOS), np.pad(before, missing)
            outputs, memory = self._read(window, before, memory)
            yield outputs, before

    def _read_segment(self, inputs: tf.Tensor, states: tf.Tensor, memory: Memory) -> tuple[tf.Tensor, Memory]:
        lanes = lanes_of(inputs.shape[1], self.model.settings.hidden_size)
        parts = split_streams([inputs, states], lanes)
        made = [self._read_part(*part, before) for part, before in zip(parts, split_memory(memory, lanes), strict=True)]
        return tf.concat([outputs for outputs, _ in made], 1), join_memory([after for _, after in made])

    def _read_lane(self, inputs: tf.Tensor, states: tf.Tensor, memory: Memory) -> tuple[tf.Tensor, Memory]:
        return self.model.forward(inputs, tf.gather(self.model.tables.state_class, states), memory)

    def _cost_segment(self, outputs: tf.Tensor, states: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        lanes = lanes_of(outputs.shape[1], self.model.settings.hidden_size)
        parts = split_streams([outputs, states, targets], lanes)
        return tf.concat([self._cost_part(*part) for part in parts], 1)

    def _cost_lane(self, outputs: tf.Tensor, states: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        logits = self.model.logits(outputs, tf.gather(self.model.tables.allowed, states))
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)

    def _ask_places(self, outputs: tf.Tensor, states: tf.Tensor, rows: tf.Tensor, among: tf.Tensor) -> tf.Tensor:
        allowed = tf.gather(self.model.tables.allowed, tf.gather_nd(states, rows))
        logits = self.model.logits(tf.gather_nd(outputs, rows)[None], allowed[None])[0]
        return tf.gather(tf.nn.log_softmax(logits), among, axis=-1)
