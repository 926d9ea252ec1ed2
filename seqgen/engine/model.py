"""The model: embedding, recurrent layers with residual connections, one attention layer, a tied softmax.

    x = E[token] + S[state of the grammar]
    N times:  x = x + dropout(recurrence(norm(x)))         the first one reads norm(E[token]) + norm(S[state])
    once:     x = x + dropout(attention(norm(x)))          where attention_window > 0
    once:     x = x + dropout(feed_forward(norm(x)))       where feed_forward > 0
    logits = norm(x) Eᵀ + b, illegal tokens masked

norm is RMSNorm (Zhang & Sennrich 2019); tied embeddings are Press & Wolf (2017). What is carried from one segment to
the next stands in `Memory`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.cells.registry import CELLS
from seqgen.engine.compiling import compiled
from seqgen.engine.layers import cudnn
from seqgen.engine.layers.attention import BLOCKED, window_attention
from seqgen.engine.layers.embedding import Lookup, embedded, normalised, projected
from seqgen.engine.layers.products import linear
from seqgen.engine.layers.recurrence import one_step, recurrence
from seqgen.engine.layers.regularization import Regularisation
from seqgen.engine.layers.rms_norm import normalise
from seqgen.engine.settings import ModelSettings
from seqgen.engine.weights import first_weights, is_learned
from seqgen.grammar import BOS, Budget, Grammar


class Memory(NamedTuple):
    """What a segment leaves to the next one; N layers, width H, the last M positions of attention width A."""

    hidden: tf.Tensor  # [N, B, H]
    carried: tf.Tensor  # [N, B, C·H], what the cells carry beside: the cell state, or nothing
    keys: tf.Tensor  # [M, B, A]
    values: tf.Tensor  # [M, B, A]
    documents: tf.Tensor  # int32[M, B], which document each remembered position belongs to; -1 is none
    document: tf.Tensor  # int32[B], how many documents have begun


BATCH_AXIS = Memory(hidden=1, carried=1, keys=1, values=1, documents=1, document=0)
"""Which axis of each part of a memory counts the sequences of a batch."""


class Seen:
    """What a forward pass comes by and does not give; `Model.forward` fills it in for those who look inside."""

    def __init__(self) -> None:
        self.layers: list[tuple] = []
        """What each recurrent layer reads: the arguments of `recurrence` after the cell."""
        self.attention: tf.Tensor | None = None
        """Attention weights as `window_attention` gives them, where the model attends."""


class BudgetTables(NamedTuple):
    """A grammar's budget as the compiled functions read it."""

    cost: tf.Tensor  # int32[V]
    slack: tf.Tensor  # int32, scalar
    ends: tf.Tensor  # bool[V], the end token

    @classmethod
    def of(cls, budget: Budget) -> BudgetTables:
        ends = np.arange(len(budget.cost)) == budget.end_token
        return cls(tf.constant(budget.cost, tf.int32), tf.constant(budget.slack, tf.int32), tf.constant(ends))


class Tables(NamedTuple):
    """A grammar as the compiled functions read it; S states, vocabulary V."""

    allowed: tf.Tensor  # bool[S, V]
    next_state: tf.Tensor  # int32[S, V]
    state_class: tf.Tensor  # int32[S]
    budget: BudgetTables | None = None

    @classmethod
    def of(cls, grammar: Grammar) -> Tables:
        allowed, next_state, state_class = map(tf.constant, (grammar.allowed, grammar.next_state, grammar.state_class))
        return cls(allowed, next_state, state_class, BudgetTables.of(grammar.budget) if grammar.budget else None)


class Model:
    """Weights and the forward pass. Compiled functions elsewhere call `forward` and `logits`."""

    def __init__(self, settings: ModelSettings, weights: dict[str, np.ndarray], grammar: Grammar) -> None:
        """`grammar` is the domain's own, the one that the model is trained with."""
        self.settings = settings
        self.cell = CELLS[settings.cell]
        self.grammar = grammar
        self.tables = Tables.of(grammar)
        self.weights: dict[str, tf.Variable] = {
            name: tf.Variable(value, name=name, dtype=tf.float32, trainable=is_learned(name, settings))
            for name, value in weights.items()
        }

    @classmethod
    def new(cls, settings: ModelSettings, grammar: Grammar, seed: int) -> Model:
        return cls(settings, first_weights(settings, grammar.vocabulary_size, grammar.class_count, seed), grammar)

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return sum(int(np.prod(weight.shape)) for weight in self.weights.values() if weight.trainable)

    def numpy(self) -> dict[str, np.ndarray]:
        """A copy of the weights, by name."""
        return {name: weight.numpy() for name, weight in self.weights.items()}

    def empty_memory(self, batch: int) -> Memory:
        """The memory before any document."""
        settings = self.settings
        hidden = tf.zeros((settings.num_layers, batch, settings.hidden_size))
        carried = tf.zeros((settings.num_layers, batch, self.cell.carried * settings.hidden_size))
        past = tf.zeros((settings.attention_window, batch, settings.attention_size))
        nothing = tf.fill((settings.attention_window, batch), -1)
        return Memory(hidden, carried, past, past, nothing, tf.zeros(batch, tf.int32))

    def forward(
        self,
        inputs: tf.Tensor,
        classes: tf.Tensor,
        memory: Memory,
        regularisation: Regularisation | None = None,
        precision: tf.DType = tf.float32,
        seen: Seen | None = None,
    ) -> tuple[tf.Tensor, Memory]:
        """The last layer's output [T, B, H] for ids int32[T, B] and state classes int32[T, B], and the memory after.

        In training, `regularisation` leaves out what its seed says; nothing else is random. precision is that of the
        products over all steps. `seen` is filled in.
        """
        settings = self.settings
        weights = regularisation.thin(self.weights) if regularisation else self.weights

        def drop(x: tf.Tensor, place: int) -> tf.Tensor:
            return regularisation.drop(x, place) if regularisation else x

        resets = inputs == BOS
        # A segment leaves the same numbers out of a token's embedding wherever it stands (Gal & Ghahramani 2016).
        tokens = Lookup(drop(weights["embedding"], 0), inputs)
        if regularisation and regularisation.hides:
            nothing = tf.zeros((1, settings.hidden_size))
            tokens = Lookup(tf.concat([tokens.rows, nothing], 0), regularisation.hide(inputs, tokens.rows.shape[0]))
        lookups = [tokens]
        if "state_embedding" in weights:
            lookups.append(Lookup(drop(weights["state_embedding"], 1), classes))
        x = embedded(lookups)
        last_hidden, last_carried = [], []
        for layer in range(settings.num_layers):
            states = memory.hidden[layer], memory.carried[layer]
            hiddens, carried = self._recur(layer, x, lookups, resets, states, weights, precision, seen)
            last_hidden.append(hiddens[-1])
            last_carried.append(carried)
            dropped = drop(hiddens, 2 + layer)
            x += dropped
        if regularisation:
            regularisation.penalise(hiddens, dropped, resets)
        documents = memory.document + tf.cumsum(tf.cast(resets, tf.int32))
        memory = memory._replace(hidden=tf.stack(last_hidden), carried=tf.stack(last_carried), document=documents[-1])
        if settings.attention_window:
            mixed, attention, memory = self._attend(normalise(x, weights["attention/norm"]), documents, memory)
            if seen is not None:
                seen.attention = attention
            x += drop(mixed, 2 + settings.num_layers)
        if settings.feed_forward_size:
            up = linear(normalise(x, weights["feed_forward/norm"]), weights["feed_forward/up"])
            down = linear(tf.nn.relu(up + weights["feed_forward/up_bias"]), weights["feed_forward/down"])
            x += drop(down, 3 + settings.num_layers)
        return x, memory

    def _recur(self, number: int, x: tf.Tensor, lookups: list[Lookup], resets: tf.Tensor,
               states: tuple[tf.Tensor, tf.Tensor], weights: Mapping[str, tf.Tensor], precision: tf.DType,
               seen: Seen | None) -> tuple[tf.Tensor, tf.Tensor]:  # fmt: skip
        """A recurrent layer's hidden states [T, B, H], and what it carries on [B, C·H]; by the kernel that suits."""
        gain, own = weights[f"recurrence_{number}/norm"], self.cell.weights(self.layer(number, weights))

        def read() -> tf.Tensor:
            return normalised(lookups, gain) if number == 0 else normalise(x, gain)

        if resets.shape[0] == 1 and seen is None:
            hidden, carried = one_step(self.cell, read()[0], own, resets[0], *states)
            return hidden[None], carried
        if cudnn.is_for(self.cell, precision) and seen is None:
            return cudnn.cudnn_lstm(read(), own, resets, *states)
        first = number == 0
        from_input = projected(lookups, gain, own.input, precision) if first else linear(read(), own.input, precision)
        if seen is not None:
            seen.layers.append((from_input, own, resets, *states))
        return recurrence(self.cell, from_input, own, resets, *states, precision)

    def layer(self, number: int, weights: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Those of the weights that are a recurrent layer's, by the names that its cell gives them."""
        return {part: weights[f"recurrence_{number}/{part}"] for part in self.cell.shapes(self.settings.hidden_size)}

    def _attend(self, x: tf.Tensor, documents: tf.Tensor, memory: Memory) -> tuple[tf.Tensor, tf.Tensor, Memory]:
        """What attention adds [T, B, H], its weights, and the memory after."""
        weights, remembered = self.weights, self.settings.attention_window
        query, key, value = tf.split(linear(x, weights["attention/query_key_value"]), 3, -1)
        keys, values = tf.concat([memory.keys, key], 0), tf.concat([memory.values, value], 0)
        key_documents = tf.concat([memory.documents, documents], 0)
        mixed, attention = window_attention(
            query, keys, values, weights["attention/distance_bias"], documents, key_documents
        )
        memory = memory._replace(
            keys=tf.stop_gradient(keys[-remembered:]),
            values=tf.stop_gradient(values[-remembered:]),
            documents=key_documents[-remembered:],
        )
        return linear(mixed, weights["attention/output"]), attention, memory

    def logits(self, x: tf.Tensor, allowed: tf.Tensor) -> tf.Tensor:
        """Scores [T, B, V] of the next token after output x [T, B, H]; those not in allowed bool[T, B, V] are -1e9."""
        output = self.weights["output/weights" if "output/weights" in self.weights else "embedding"]
        return scores(x, self.weights["output/norm"], output, self.weights["output/bias"], allowed)

    def nats(self, inputs: tf.Tensor, targets: tf.Tensor, states: tf.Tensor, memory: Memory,
             regularisation: Regularisation | None = None, precision: tf.DType = tf.float32
             ) -> tuple[tf.Tensor, Memory]:  # fmt: skip
        """-ln p(target) [T, B] under the domain's grammar, in states int32[T, B]; and the memory after."""
        classes = tf.gather(self.tables.state_class, states)
        x, memory = self.forward(inputs, classes, memory, regularisation, precision)
        logits = self.logits(x, tf.gather(self.tables.allowed, states))
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits), memory


@compiled
def scores(x: tf.Tensor, gain: tf.Tensor, output: tf.Tensor, bias: tf.Tensor, allowed: tf.Tensor) -> tf.Tensor:
    """The logits [T, B, V] of outputs x [T, B, H], -1e9 where not allowed bool[T, B, V]."""
    return tf.where(allowed, linear(normalise(x, gain), tf.transpose(output)) + bias, BLOCKED)
