"""The model: embedding, LSTM layers with residual connections, one attention layer, a softmax tied to the embedding.

    x = E[token] + S[state of the grammar]
    N times:  x = x + dropout(LSTM(norm(x)))
    once:     x = x + dropout(attention(norm(x)))          where attention_memory > 0
    once:     x = x + dropout(feed_forward(norm(x)))       where feed_forward > 0
    logits = norm(x) Eᵀ + b, illegal tokens masked

norm is RMSNorm (Zhang & Sennrich 2019); tied embeddings are Press & Wolf (2017). What is carried from one segment to
the next stands in `Memory`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.attention import BLOCKED, window_attention
from seqgen.engine.recurrence import lstm
from seqgen.engine.regularisation import Regularisation
from seqgen.engine.settings import ModelSettings
from seqgen.grammar import BOS, Grammar


class Memory(NamedTuple):
    """What a segment leaves to the next one; N layers, width H, the last M positions of attention width A."""

    hidden_state: tf.Tensor  # [N, B, H]
    cell_state: tf.Tensor  # [N, B, H]
    keys: tf.Tensor  # [M, B, A]
    values: tf.Tensor  # [M, B, A]
    documents: tf.Tensor  # int32[M, B], which document each remembered position belongs to; -1 is none
    document: tf.Tensor  # int32[B], how many documents have begun


class Tables(NamedTuple):
    """A grammar as the compiled functions read it; S states, vocabulary V."""

    allowed: tf.Tensor  # bool[S, V]
    next_state: tf.Tensor  # int32[S, V]
    observed: tf.Tensor  # int32[S]

    @classmethod
    def of(cls, grammar: Grammar) -> Tables:
        return cls(tf.constant(grammar.allowed), tf.constant(grammar.next_state), tf.constant(grammar.observed))


def weight_shapes(settings: ModelSettings, vocabulary: int, classes: int) -> dict[str, tuple[int, ...]]:
    """The shape of every weight by name; what a bundle's file must hold, no more and no less."""
    width, attention, hidden = settings.width, settings.attention_width, settings.feed_forward
    shapes: dict[str, tuple[int, ...]] = {"embedding": (vocabulary, width)}
    if settings.grammar_state and classes > 1:
        shapes["state_embedding"] = (classes, width)
    for layer in range(settings.layers):
        shapes[f"lstm_{layer}/norm"] = (width,)
        shapes[f"lstm_{layer}/input_weights"] = (width, 4 * width)
        shapes[f"lstm_{layer}/recurrent_weights"] = (width, 4 * width)
        shapes[f"lstm_{layer}/bias"] = (4 * width,)
    if settings.attention_memory:
        shapes["attention/norm"] = (width,)
        shapes["attention/query_key_value"] = (width, 3 * attention)
        shapes["attention/output"] = (attention, width)
        shapes["attention/distance_bias"] = (settings.attention_memory + 1,)
    if hidden:
        shapes["feed_forward/norm"] = (width,)
        shapes["feed_forward/up"] = (width, hidden)
        shapes["feed_forward/up_bias"] = (hidden,)
        shapes["feed_forward/down"] = (hidden, width)
    shapes["output/norm"] = (width,)
    shapes["output/bias"] = (vocabulary,)
    return shapes


def first_weights(settings: ModelSettings, vocabulary: int, classes: int, seed: int) -> dict[str, np.ndarray]:
    """Untrained weights, float32 by name; a pure function of its arguments.

    Orthogonal recurrent matrices (Saxe et al. 2014) and a forget bias of 1 (Jozefowicz et al. 2015) unless set.
    """
    weights = {}
    for number, (name, shape) in enumerate(weight_shapes(settings, vocabulary, classes).items()):
        part, random = name.split("/")[-1], np.random.default_rng([seed, number])
        if part == "norm":
            value = np.ones(shape)
        elif name.startswith("lstm") and part == "bias":
            value = np.repeat([0.0, settings.forget_bias, 0.0, 0.0], settings.width)
        elif len(shape) == 1:
            value = np.zeros(shape)
        elif part == "recurrent_weights" and settings.recurrent_start == "orthogonal":
            value = np.concatenate([orthogonal(shape[0], random) for _gate in range(4)], 1)
        else:
            # The attention's way back into x starts small: that was gentler at first than a full-sized one.
            scale = {"embedding": 0.5, "state_embedding": 0.5, "output": 0.1}.get(part, 1.0)
            fan_in = settings.width if part in {"embedding", "state_embedding"} else shape[0]
            value = random.standard_normal(shape) * scale * fan_in**-0.5
        weights[name] = np.asarray(value, np.float32)
    return weights


def orthogonal(units: int, random: np.random.Generator) -> np.ndarray:
    """A random rotation [units, units], uniform over all of them (Mezzadri 2007)."""
    q, r = np.linalg.qr(random.standard_normal((units, units)))
    return q * np.sign(np.diag(r))


class Model:
    """Weights and the forward pass. Compiled functions elsewhere call `forward` and `logits`."""

    def __init__(self, settings: ModelSettings, weights: dict[str, np.ndarray], grammar: Grammar) -> None:
        """`grammar` is the domain's own, the one that the model is trained with."""
        self.settings = settings
        self.grammar = grammar
        self.tables = Tables.of(grammar)
        self.weights: dict[str, tf.Variable] = {
            name: tf.Variable(value, name=name, dtype=tf.float32) for name, value in weights.items()
        }

    @classmethod
    def new(cls, settings: ModelSettings, grammar: Grammar, seed: int) -> Model:
        return cls(settings, first_weights(settings, grammar.vocabulary_size, grammar.classes, seed), grammar)

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return sum(int(np.prod(weight.shape)) for weight in self.weights.values())

    def numpy(self) -> dict[str, np.ndarray]:
        """A copy of the weights, by name."""
        return {name: weight.numpy() for name, weight in self.weights.items()}

    def empty_memory(self, batch: int) -> Memory:
        """The memory before any document."""
        settings = self.settings
        states = tf.zeros((settings.layers, batch, settings.width))
        past = tf.zeros((settings.attention_memory, batch, settings.attention_width))
        nothing = tf.fill((settings.attention_memory, batch), -1)
        return Memory(states, states, past, past, nothing, tf.zeros(batch, tf.int32))

    def forward(
        self,
        inputs: tf.Tensor,
        classes: tf.Tensor,
        memory: Memory,
        regularisation: Regularisation | None = None,
    ) -> tuple[tf.Tensor, Memory]:
        """The last layer's output [T, B, H] for ids int32[T, B] and observed classes int32[T, B], and the memory after.

        In training, `regularisation` leaves out what its seed says; nothing else is random.
        """
        settings = self.settings
        weights = regularisation.thin(self.weights) if regularisation else self.weights

        def drop(x: tf.Tensor, layer: int) -> tf.Tensor:
            return regularisation.drop(x, layer) if regularisation else x

        resets = inputs == BOS
        x = tf.gather(weights["embedding"], inputs)
        if "state_embedding" in weights:
            x += tf.gather(weights["state_embedding"], classes)
        x = drop(x, 0)
        hidden_states, cell_states = [], []
        for layer in range(settings.layers):
            hiddens, cells = lstm(
                normalise(x, weights[f"lstm_{layer}/norm"]),
                weights[f"lstm_{layer}/input_weights"],
                weights[f"lstm_{layer}/recurrent_weights"],
                weights[f"lstm_{layer}/bias"],
                resets,
                memory.hidden_state[layer],
                memory.cell_state[layer],
            )
            hidden_states.append(hiddens[-1])
            cell_states.append(cells[-1])
            dropped = drop(hiddens, 1 + layer)
            x += dropped
        if regularisation:
            regularisation.penalise(hiddens, dropped, resets)
        documents = memory.document + tf.cumsum(tf.cast(resets, tf.int32))
        memory = memory._replace(
            hidden_state=tf.stack(hidden_states), cell_state=tf.stack(cell_states), document=documents[-1]
        )
        if settings.attention_memory:
            mixed, memory = self._attend(normalise(x, weights["attention/norm"]), documents, memory)
            x += drop(mixed, 1 + settings.layers)
        if settings.feed_forward:
            up = matmul(normalise(x, weights["feed_forward/norm"]), weights["feed_forward/up"])
            down = matmul(tf.nn.relu(up + weights["feed_forward/up_bias"]), weights["feed_forward/down"])
            x += drop(down, 2 + settings.layers)
        return x, memory

    def _attend(self, x: tf.Tensor, documents: tf.Tensor, memory: Memory) -> tuple[tf.Tensor, Memory]:
        weights, remembered = self.weights, self.settings.attention_memory
        query, key, value = tf.split(matmul(x, weights["attention/query_key_value"]), 3, -1)
        keys, values = tf.concat([memory.keys, key], 0), tf.concat([memory.values, value], 0)
        key_documents = tf.concat([memory.documents, documents], 0)
        mixed, _ = window_attention(query, keys, values, weights["attention/distance_bias"], documents, key_documents)
        memory = memory._replace(
            keys=tf.stop_gradient(keys[-remembered:]),
            values=tf.stop_gradient(values[-remembered:]),
            documents=key_documents[-remembered:],
        )
        return matmul(mixed, weights["attention/output"]), memory

    def logits(self, x: tf.Tensor, allowed: tf.Tensor) -> tf.Tensor:
        """Scores [T, B, V] of the next token after output x [T, B, H]; those not in allowed bool[T, B, V] are -1e9."""
        x = normalise(x, self.weights["output/norm"])
        scores = matmul(x, tf.transpose(self.weights["embedding"])) + self.weights["output/bias"]
        return tf.where(allowed, scores, BLOCKED)

    def nats(self, inputs: tf.Tensor, targets: tf.Tensor, states: tf.Tensor, memory: Memory,
             regularisation: Regularisation | None = None) -> tuple[tf.Tensor, Memory]:  # fmt: skip
        """-ln p(target) [T, B] under the domain's grammar, in states int32[T, B]; and the memory after."""
        x, memory = self.forward(inputs, tf.gather(self.tables.observed, states), memory, regularisation)
        logits = self.logits(x, tf.gather(self.tables.allowed, states))
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits), memory


@tf.custom_gradient
def _rms_norm(x: tf.Tensor, gain: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
    """RMSNorm of rows x [R, D], and its gradient written out.

    Every sum is a product with ones: XLA adds up floats one by one on a CPU, which cost 3 % of a training step.
    """
    rows, width = x.shape

    def mean(values: tf.Tensor) -> tf.Tensor:
        return tf.matmul(values, tf.fill((width, 1), 1.0 / width))

    scale = tf.math.rsqrt(mean(tf.square(x)) + 1e-6)
    unit = x * scale

    def gradient(d_out: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        d_unit = d_out * gain
        d_gain = tf.matmul(tf.ones((1, rows)), d_out * unit)[0]
        return scale * (d_unit - unit * mean(d_unit * unit)), d_gain

    return unit * gain, gradient


def normalise(x: tf.Tensor, gain: tf.Tensor) -> tf.Tensor:
    """RMSNorm over the last axis of x [T, B, D]."""
    return tf.reshape(_rms_norm(tf.reshape(x, (-1, x.shape[-1])), tf.convert_to_tensor(gain)), x.shape)


def matmul(x: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """x [T, B, D] times weights [D, E] as one product over all T * B rows."""
    steps, batch, width = x.shape
    return tf.reshape(tf.matmul(tf.reshape(x, (-1, width)), weights), (steps, batch, weights.shape[1]))
