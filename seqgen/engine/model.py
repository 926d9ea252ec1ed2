"""The model: embeddings, recurrent layers with residual connections, one attention layer, and a tied softmax.

    x = E[token] + S[class of the grammar's state]
    N times:  x = x + dropout(recurrence(norm(x)))         the first layer reads norm(E[token]) + norm(S[class])
    once:     x = x + dropout(attention(norm(x)))          if attention_window > 0
    once:     x = x + dropout(feed_forward(norm(x)))       if feed_forward_size > 0
    logits = norm(x) Oᵀ + b, -1e9 for tokens that the grammar forbids

With coordinates (layers/coordinates.py), the input has an embedding of differences more, and the logits a term more.
With conditions (layers/conditions.py), the input has an embedding of what is known ahead.
norm is RMSNorm (Zhang & Sennrich 2019). The output weights O are the embeddings E (Press & Wolf 2017), unless the
cell is not trained. `Memory` is what the model carries from one segment of a stream to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.cells.base import CellWeights
from seqgen.engine.cells.registry import find_cell
from seqgen.engine.compiling import compiled
from seqgen.engine.grammar_tables import GrammarTables
from seqgen.engine.layers import cudnn
from seqgen.engine.layers.attention import MASKED_LOGIT, window_attention
from seqgen.engine.layers.conditions import read_conditions, rows_at
from seqgen.engine.layers.coordinates import DifferenceLookup, difference_logits
from seqgen.engine.layers.cross_entropy import cross_entropy
from seqgen.engine.layers.embedding import EmbeddingLookup, InputEmbeddings, LowRankInput
from seqgen.engine.layers.products import linear
from seqgen.engine.layers.recurrence import recurrence, recurrence_step
from seqgen.engine.layers.regularization import (
    CONDITION_DROPOUT_PLACE,
    DIFFERENCE_DROPOUT_PLACE,
    OUTPUT_DROPOUT_PLACE,
    Regularization,
)
from seqgen.engine.layers.rms_norm import rms_norm
from seqgen.engine.layers.step_weights import StepWeights
from seqgen.engine.register_tables import RegisterTables
from seqgen.engine.settings import ModelSettings
from seqgen.engine.weights import initial_weights, is_trainable
from seqgen.grammar import BOS, Conditions, ConditionWindow, Grammar, Registers

MAX_PROJECTED_SIZE = 2**24
"""Embeddings whose product with the input weights is larger, 64 MiB, are not multiplied before decoding begins."""


class Memory(NamedTuple):
    """What a segment leaves to the next one: N layers of H units, attention of size A to the last M positions."""

    hidden: tf.Tensor  # [N, B, H], hidden states
    cell_state: tf.Tensor  # [N, B, C·H], cell states
    keys: tf.Tensor  # [M, B, A]
    values: tf.Tensor  # [M, B, A]
    key_documents: tf.Tensor  # int32[M, B], the number of the document that each key belongs to; -1 for none
    document: tf.Tensor  # int32[B], how many documents have begun
    registers: tf.Tensor  # int32[B, K], the registers after the last token; K = 0 for a model without coordinates


BATCH_AXIS = Memory(hidden=1, cell_state=1, keys=1, values=1, key_documents=1, document=0, registers=0)
"""The axis of each part of a memory that counts the sequences of a batch."""


class Output(NamedTuple):
    """What the logits of the next token are made of."""

    hidden: tf.Tensor  # [T, B, H], the output of the last layer
    registers: tf.Tensor  # int32[T, B, K], the registers after each input

    def at(self, positions: tf.Tensor) -> Output:
        """Returns the outputs [1, n] at positions int32[n, 2], (step, sequence)."""
        steps, batch_size = self.hidden.shape[:2]
        rows = positions[:, 0] * batch_size + positions[:, 1]
        parts = (tf.reshape(part, (steps * batch_size, part.shape[-1])) for part in self)
        return Output(*(tf.gather(part, rows)[None] for part in parts))

    def last(self, steps: int = 1) -> Output:
        """Returns the outputs [steps, B] of the last steps."""
        return Output(*(part[-steps:] for part in self))


class RecurrenceInputs(NamedTuple):
    """What a recurrent layer reads: the arguments of `recurrence` between the cell and the precision."""

    input_projection: tf.Tensor
    weights: CellWeights
    resets: tf.Tensor
    hidden: tf.Tensor
    cell_state: tf.Tensor


class ForwardTrace:
    """What a forward pass computes on its way and does not return. `Model.forward` fills it in (introspection.py)."""

    def __init__(self) -> None:
        self.layers: list[RecurrenceInputs] = []
        self.attention: tf.Tensor | None = None
        """The attention weights of `window_attention`, if the model has attention."""


class Model:
    """Weights and the forward pass. Training, scoring and sampling compile functions around `forward` and `logits`."""

    def __init__(
        self,
        settings: ModelSettings,
        weights: dict[str, np.ndarray],
        grammar: Grammar,
        registers: Registers | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        """`grammar`, `registers` and `conditions` are the domain's own, with which the model is trained."""
        self.settings = settings
        self.cell = find_cell(settings.cell)
        self.grammar = grammar
        self.tables = GrammarTables.from_grammar(grammar)
        self.registers = registers if settings.coordinates else None
        self.register_tables = RegisterTables.from_registers(self.registers) if self.registers else None
        self.conditions = conditions if settings.condition_size else None
        self.weights: dict[str, tf.Variable] = {
            name: tf.Variable(value, name=name, dtype=tf.float32, trainable=is_trainable(name, settings))
            for name, value in weights.items()
        }

    @classmethod
    def new(
        cls,
        settings: ModelSettings,
        grammar: Grammar,
        seed: int,
        registers: Registers | None = None,
        conditions: Conditions | None = None,
    ) -> Model:
        """Returns an untrained model."""
        sizes = grammar.vocabulary_size, grammar.class_count
        weights = initial_weights(settings, *sizes, seed, registers, conditions)
        return cls(settings, weights, grammar, registers, conditions)

    def copy(self) -> Model:
        """Returns a model with weights of its own, which are the same as now."""
        return Model(self.settings, self.numpy_weights(), self.grammar, self.registers, self.conditions)

    @property
    def num_parameters(self) -> int:
        """The number of trainable weights."""
        return sum(int(np.prod(weight.shape)) for weight in self.weights.values() if weight.trainable)

    def numpy_weights(self) -> dict[str, np.ndarray]:
        """Returns a copy of the weights by name."""
        return {name: weight.numpy() for name, weight in self.weights.items()}

    def initial_memory(self, batch_size: int) -> Memory:
        """Returns the memory before any document."""
        settings = self.settings
        hidden = tf.zeros((settings.num_layers, batch_size, settings.hidden_size))
        cell_state = tf.zeros((settings.num_layers, batch_size, self.cell.cell_state_blocks * settings.hidden_size))
        keys = tf.zeros((settings.attention_window, batch_size, settings.attention_size))
        no_document = tf.fill((settings.attention_window, batch_size), -1)
        registers = tf.zeros((batch_size, self.registers.register_count if self.registers else 0), tf.int32)
        return Memory(hidden, cell_state, keys, keys, no_document, tf.zeros(batch_size, tf.int32), registers)

    def hear_conditions(
        self, values: tf.Tensor, resets: tf.Tensor, regularization: Regularization | None = None
    ) -> tf.Tensor:
        """Returns what the model hears of conditions by row, [S, B, D]: of values int32[S, B, J], resets bool[S, B]."""
        assert self.conditions is not None
        weights = regularization.drop_recurrent_weights(self.weights) if regularization else self.weights
        heard = read_conditions(weights, self.conditions.channel_sizes, values, resets)
        return regularization.dropout(heard, CONDITION_DROPOUT_PLACE) if regularization else heard

    def forward(
        self,
        inputs: tf.Tensor,
        classes: tf.Tensor,
        memory: Memory,
        regularization: Regularization | None = None,
        precision: tf.DType = tf.float32,
        trace: ForwardTrace | None = None,
        heard: tf.Tensor | None = None,
        step_weights: Sequence[StepWeights] | None = None,
    ) -> tuple[Output, Memory]:
        """Returns the outputs of the last layer and the memory after the segment.

        inputs int32[T, B] are token ids, classes int32[T, B] the classes of the grammar's states after them. heard
        [T, B, D] is what `hear_conditions` says at each position; without it, nothing is known ahead. Dropout comes
        from `regularization` alone. `precision` is that of the recurrent layers' large products. A `trace` is filled
        in. For one step, T = 1, `step_weights` can have been made before.
        """
        settings = self.settings
        weights = regularization.drop_recurrent_weights(self.weights) if regularization else self.weights

        def dropout(x: tf.Tensor, place: int) -> tf.Tensor:
            return regularization.dropout(x, place) if regularization else x

        resets = inputs == BOS
        # In one segment, the same units of a token's embedding are dropped everywhere (Gal & Ghahramani 2016).
        tokens = EmbeddingLookup(dropout(weights["embedding"], 0), inputs)
        if regularization and regularization.hides_tokens:
            # A hidden token has the embedding 0, one more row of the table.
            hidden_id, zeros = tokens.table.shape[0], tf.zeros((1, settings.hidden_size))
            visible = regularization.hide_tokens(inputs, hidden_id)
            tokens = EmbeddingLookup(tf.concat([tokens.table, zeros], 0), visible)
        lookups = [tokens]
        if "state_embedding" in weights:
            lookups.append(EmbeddingLookup(dropout(weights["state_embedding"], 1), classes))
        differences = known = None
        registers = tf.zeros((*inputs.shape, 0), tf.int32)
        if self.register_tables is not None:
            seen, registers = self.register_tables.read(inputs, classes, memory.registers)
            table = dropout(weights["coordinates/table"], DIFFERENCE_DROPOUT_PLACE)
            differences = DifferenceLookup.of(table, weights["coordinates/norm"], seen)
            memory = memory._replace(registers=registers[-1])
        if step_weights and heard is None and self.conditions is not None:
            heard = tf.zeros((*inputs.shape, self.settings.condition_size))
        if heard is not None:
            known = LowRankInput(heard, weights["conditions/input"])
        embeddings = InputEmbeddings(lookups, differences, known)
        x = embeddings.residual()
        last_hidden, last_cell_state = [], []
        for layer in range(settings.num_layers):
            states = memory.hidden[layer], memory.cell_state[layer]
            hiddens, cell_state = self._recurrent_layer(
                layer, x, embeddings, resets, states, weights, precision, trace,
                step_weights[layer] if step_weights else None,
            )  # fmt: skip
            last_hidden.append(hiddens[-1])
            last_cell_state.append(cell_state)
            dropped = dropout(hiddens, 2 + layer)
            x += dropped
        if regularization:
            regularization.add_activation_penalties(hiddens, dropped, resets)
        documents = memory.document + tf.cumsum(tf.cast(resets, tf.int32))
        memory = memory._replace(
            hidden=tf.stack(last_hidden), cell_state=tf.stack(last_cell_state), document=documents[-1]
        )
        if settings.attention_window:
            attended, attention, memory = self._attention_layer(
                rms_norm(x, weights["attention/norm"]), documents, memory
            )
            if trace is not None:
                trace.attention = attention
            x += dropout(attended, 2 + settings.num_layers)
        if settings.feed_forward_size:
            up = linear(rms_norm(x, weights["feed_forward/norm"]), weights["feed_forward/up"])
            down = linear(tf.nn.relu(up + weights["feed_forward/up_bias"]), weights["feed_forward/down"])
            x += dropout(down, 3 + settings.num_layers)
        return Output(x, registers), memory

    def step_weights(self, precision: tf.DType = tf.float32) -> list[StepWeights]:
        """Returns the weights of all recurrent layers, as they are now, in the form in which one step reads them.

        `precision`, float32 or bfloat16, is that of the matrices.
        """
        layers = range(self.settings.num_layers)
        first, *others = (self.cell.assemble(self.layer_weights(layer, self.weights)) for layer in layers)
        return [
            self._first_step_weights(first, precision),
            *(StepWeights.from_cell_weights(other, precision) for other in others),
        ]

    def _first_step_weights(self, cell_weights: CellWeights, precision: tf.DType) -> StepWeights:
        """Returns those of the first layer, which looks products with its embeddings up unless these are too large."""
        weights, gain = self.weights, self.weights["recurrence_0/norm"]
        gains = {"embedding": gain, "state_embedding": gain, "coordinates/table": weights.get("coordinates/norm")}
        tables = [name for name in gains if name in weights]
        if sum(weights[name].shape[0] for name in tables) * cell_weights.bias.shape[0] > MAX_PROJECTED_SIZE:
            return StepWeights.from_cell_weights(cell_weights, precision)
        normalized = [rms_norm(weights[name], gains[name]) for name in tables]
        low_rank = [] if self.conditions is None else [weights["conditions/input"]]
        return StepWeights.from_embeddings(normalized, low_rank, cell_weights, precision)

    def layer_weights(self, layer: int, weights: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the weights of a recurrent layer by the names that its cell gives them, out of all `weights`."""
        names = self.cell.weight_shapes(self.settings.hidden_size)
        return {name: weights[f"recurrence_{layer}/{name}"] for name in names}

    def _recurrent_layer(
        self, layer: int, x: tf.Tensor, embeddings: InputEmbeddings, resets: tf.Tensor,
        states: tuple[tf.Tensor, tf.Tensor], weights: Mapping[str, tf.Tensor], precision: tf.DType,
        trace: ForwardTrace | None, step_weights: StepWeights | None,
    ) -> tuple[tf.Tensor, tf.Tensor]:  # fmt: skip
        """Returns a layer's hidden states [T, B, H] and its last cell state [B, C·H], by the fastest way there is."""
        gain, cell_weights = weights[f"recurrence_{layer}/norm"], self.cell.assemble(self.layer_weights(layer, weights))

        def normalized_input() -> tf.Tensor:
            return rms_norm(x, gain) if layer > 0 else embeddings.normalized(gain)

        if resets.shape[0] == 1 and trace is None:
            of_step = step_weights or StepWeights.from_cell_weights(cell_weights)
            if of_step.tables:
                read = [] if embeddings.conditions is None else [embeddings.conditions.values[0]]
                rows = [row[0] for row in embeddings.rows_of(of_step.tables)]
            else:
                read, rows = [normalized_input()[0]], []
            hidden, cell_state = recurrence_step(self.cell, read, of_step, resets[0], *states, rows)
            return hidden[None], cell_state
        if cudnn.can_use_cudnn(self.cell, precision) and trace is None:
            return cudnn.cudnn_lstm(normalized_input(), cell_weights, resets, *states)
        if layer == 0:
            input_projection = embeddings.project(gain, cell_weights.input, precision)
        else:
            input_projection = linear(normalized_input(), cell_weights.input, precision)
        if trace is not None:
            trace.layers.append(RecurrenceInputs(input_projection, cell_weights, resets, *states))
        return recurrence(self.cell, input_projection, cell_weights, resets, *states, precision)

    def _attention_layer(
        self, x: tf.Tensor, documents: tf.Tensor, memory: Memory
    ) -> tuple[tf.Tensor, tf.Tensor, Memory]:
        """Returns the layer's output [T, B, H], its attention weights, and the memory after the segment."""
        weights, window = self.weights, self.settings.attention_window
        query, key, value = tf.split(linear(x, weights["attention/query_key_value"]), 3, -1)
        keys, values = tf.concat([memory.keys, key], 0), tf.concat([memory.values, value], 0)
        key_documents = tf.concat([memory.key_documents, documents], 0)
        mixed, attention = window_attention(
            query, keys, values, weights["attention/distance_bias"], documents, key_documents
        )
        memory = memory._replace(
            keys=tf.stop_gradient(keys[-window:]),
            values=tf.stop_gradient(values[-window:]),
            key_documents=key_documents[-window:],
        )
        return linear(mixed, weights["attention/output"]), attention, memory

    def logits(self, output: Output, allowed: tf.Tensor) -> tf.Tensor:
        """Returns the logits [T, B, V] of the next token; -1e9 unless allowed bool[T, B, V]."""
        return masked_logits(*self._output_layer(output), allowed)

    def _output_layer(
        self, output: Output, regularization: Regularization | None = None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns x [T, B, H], a matrix [V, H] and a bias [V] or [T, B, V]: the logits are x matrixᵀ + bias."""
        weights, tables = self.weights, self.register_tables
        matrix = weights["output/weights" if "output/weights" in weights else "embedding"]
        x, bias = rms_norm(output.hidden, weights["output/norm"]), tf.convert_to_tensor(weights["output/bias"])
        if tables is not None:
            # One mask for all steps: one for each would cost as much as the scores themselves.
            heard = regularization.dropout(x, OUTPUT_DROPOUT_PLACE, locked=True) if regularization else x
            bias += difference_logits(
                heard, weights["coordinates/output"], tables.slot, tables.difference, output.registers
            )
        return x, matrix, bias

    def negative_log_likelihood(
        self, inputs: tf.Tensor, targets: tf.Tensor, states: tf.Tensor, memory: Memory,
        regularization: Regularization | None = None, precision: tf.DType = tf.float32,
        conditions: ConditionWindow | None = None, positions: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, Memory]:  # fmt: skip
        """Returns -ln p(target) [T, B] in nats, and the memory after the segment.

        states int32[T, B] are those of the domain's grammar after each input; see `forward`. `conditions` are what the
        model hears of what is known ahead. With positions int32[n, 2], (step, sequence), the result is [n]: only these
        targets are worked out.
        """
        classes = tf.gather(self.tables.state_class, states)
        heard = None
        if conditions is not None and self.conditions is not None:
            window = self.hear_conditions(conditions.values, conditions.resets, regularization)
            heard = rows_at(window, conditions.rows)
        output, memory = self.forward(inputs, classes, memory, regularization, precision, heard=heard)
        if positions is not None:
            output = output.at(positions)
            targets, states = (tf.gather_nd(part, positions)[None] for part in (targets, states))
        x, matrix, bias = self._output_layer(output, regularization)
        nats = cross_entropy(linear(x, tf.transpose(matrix)), bias, self.tables.allowed(states), targets)
        return nats if positions is None else nats[0], memory


@compiled
def masked_logits(x: tf.Tensor, matrix: tf.Tensor, bias: tf.Tensor, allowed: tf.Tensor) -> tf.Tensor:
    """Returns x matrixᵀ + bias [T, B, V] for normalised outputs x [T, B, H]; -1e9 where not allowed bool[T, B, V]."""
    return tf.where(allowed, linear(x, tf.transpose(matrix)) + bias, MASKED_LOGIT)
