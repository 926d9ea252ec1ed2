"""What all ways of generating share: reading the prompt, one step of the model, and choosing rows of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.conditioning import Conditioning, ConditionState
from seqgen.engine.grammar_tables import GrammarTables
from seqgen.engine.layers.step_weights import MIN_BFLOAT16_ROWS, StepWeights
from seqgen.engine.model import BATCH_AXIS, Memory, Model
from seqgen.engine.relation_tables import RelationState, RelationTables
from seqgen.grammar import BOS, Grammar, Relations

PROMPT_MULTIPLE = 64
Precision = Literal["float32", "bfloat16"]
NextTokens = Callable[[np.ndarray], np.ndarray]
"""Says which tokens may follow a document int32[n], beside the grammar: bool[V]."""
EVERY_TOKEN = np.ones((1, 1), bool)
"""The mask where the grammar alone says what may follow."""


class DecodingState(NamedTuple):
    """Where each of B sequences stands."""

    token: tf.Tensor  # int32[B], the last token, which the model has not read yet
    grammar_state: tf.Tensor  # int32[B], the state of the grammar after it
    memory: Memory  # of the model, after all tokens before it
    budget_left: tf.Tensor  # int32[B, 1], what is left of the grammar's budget; [B, 0] if the grammar has none
    conditions: ConditionState = ConditionState()  # what is known ahead, after all tokens before the last one
    relations: Any = ()
    """A RelationState after all tokens, or () if there are no relations."""

    def select(self, rows: tf.Tensor) -> DecodingState:
        """Returns the sequences int32[R] of the batch, in that order. A sequence may come several times, or never."""
        memory = Memory(*(tf.gather(part, rows, axis=axis) for part, axis in zip(self.memory, BATCH_AXIS, strict=True)))
        token, state, left = (tf.gather(part, rows) for part in (self.token, self.grammar_state, self.budget_left))
        relations = tf.nest.map_structure(lambda part: tf.gather(part, rows), self.relations)
        return DecodingState(token, state, memory, left, self.conditions.select(rows), relations)

    def allowed_tokens(self, tables: GrammarTables) -> tf.Tensor:
        """Returns bool[B, V]: the tokens that the grammar and what is left of its budget allow next."""
        allowed, budget = tables.allowed(self.grammar_state), tables.budget
        if budget is None:
            return allowed
        ends_too_early = budget.is_end & (self.budget_left > budget.slack)
        return allowed & (budget.cost <= self.budget_left) & ~ends_too_early

    def keep_relations(self, allowed: tf.Tensor, tables: GrammarTables, is_given: tf.Tensor | None = None) -> tf.Tensor:
        """Returns bool[B, V]: the tokens in allowed bool[B, V] that keep all relations; it may be none.

        is_given bool[B] says whether the next token is given; the default is no.
        """
        if tables.relations is None:
            return allowed
        state_class = tf.gather(tables.state_class, self.grammar_state)
        return allowed & ~self.relations.forbidden_tokens(state_class, is_given, tables.relations)

    def append(self, token: tf.Tensor, tables: GrammarTables, is_given: tf.Tensor | None = None) -> DecodingState:
        """Returns the state after one more token int32[B], which the model has not read yet.

        is_given bool[B] says whether the token was given; the default is no.
        """
        state = tables.next_state(self.grammar_state, token)
        cost = tf.gather(tables.budget.cost, token)[:, None] if tables.budget else 0
        relations = self.relations
        if tables.relations is not None:
            before, after = (tf.gather(tables.state_class, one) for one in (self.grammar_state, state))
            relations = relations.append(token, before, after, is_given, tables.relations)
        budget_left = self.budget_left - cost
        return self._replace(token=token, grammar_state=state, budget_left=budget_left, relations=relations)

    def is_broken(self) -> np.ndarray:
        """Returns whether each sequence has broken a relation: bool[B]."""
        return self.relations.is_broken.numpy() if self.relations else np.zeros(self.token.shape[0], bool)


class Decoder:
    """A model that reads its own output, token by token."""

    def __init__(self, model: Model, precision: Precision = "float32") -> None:
        """The weights are read once, at the first step. `precision` is that of recurrent layers.

        With bfloat16, fewer than four sequences are computed in float32 nevertheless, which takes less time.
        """
        self.model = model
        self.precision = precision
        self._step_weights: dict[tf.DType, list[StepWeights]] = {}
        self.conditioning = Conditioning(model)
        self._memory_after = compiled(self._memory_after_prompt)
        self._tables: WeakKeyDictionary[Grammar, GrammarTables] = WeakKeyDictionary()
        self._relation_tables: WeakKeyDictionary[Relations, RelationTables] = WeakKeyDictionary()

    def tables(self, grammar: Grammar, relations: Relations | None = None) -> GrammarTables:
        """Returns the tables of a grammar and of relations. They are kept as long as these live."""
        if grammar not in self._tables:
            self._tables[grammar] = GrammarTables.from_grammar(grammar)
        tables = self._tables[grammar]
        if relations is None:
            return tables
        if relations not in self._relation_tables:
            self._relation_tables[relations] = RelationTables.from_relations(relations)
        return tables._replace(relations=self._relation_tables[relations])

    def read_prompt(
        self, prompt: np.ndarray, grammar: Grammar, count: int, conditions: Sequence[np.ndarray] | None = None,
        relations: Relations | None = None,
    ) -> DecodingState:  # fmt: skip
        """Returns the state of `count` copies of one prompt; see `read_prompts`.

        With conditions of K documents, `count` is a multiple of K, and the copies of one document are side by side.
        """
        documents = len(conditions) if conditions and self.model.conditions else 1
        return self.read_prompts([prompt] * documents, grammar, count // documents, conditions, relations)

    def read_prompts(
        self, prompts: Sequence[np.ndarray], grammar: Grammar, copies: int,
        conditions: Sequence[np.ndarray] | None = None, relations: Relations | None = None,
    ) -> DecodingState:  # fmt: skip
        """Reads all tokens of P prompts int32[n] but the last of each, once. Returns the state of P · `copies` rows.

        The copies of a prompt are side by side. Each prompt begins with BOS. conditions are what is known ahead of the
        document of each prompt, int32[C, J]. A prompt may break `relations`. Raises ValueError for a prompt that
        `grammar` forbids.
        """
        states = [grammar.unroll(prompt) for prompt in prompts]
        # BOS in front pad the prompts to a multiple of PROMPT_MULTIPLE. Each resets the memory, so they change nothing,
        # and prompts of most lengths share one compiled shape. Before the last token of BOS alone, nothing is read.
        steps = -(-max(len(prompt) - 1 for prompt in prompts) // PROMPT_MULTIPLE) * PROMPT_MULTIPLE
        ids = np.full((steps, len(prompts)), BOS, np.int32)
        padded_states = np.full(ids.shape, grammar.start)
        for number, (prompt, of_prompt) in enumerate(zip(prompts, states, strict=True)):
            begin = steps - (len(prompt) - 1)
            ids[begin:, number], padded_states[begin:, number] = prompt[:-1], of_prompt[:-1]
        classes = grammar.state_class[padded_states].astype(np.int32)
        before_last, memory = ConditionState(), self.model.initial_memory(len(prompts))
        if conditions and self.model.conditions:
            before_last = self.conditioning.state(conditions)
        if steps:
            before_last, memory = self._read(ids, classes, before_last, memory)
        left = [[grammar.budget.remaining(prompt)] if grammar.budget else [] for prompt in prompts]
        token = tf.constant([prompt[-1] for prompt in prompts], tf.int32)
        grammar_state = tf.constant([of_prompt[-1] for of_prompt in states], tf.int32)
        budget_left = tf.constant(left, tf.int32)
        kept: Any = ()
        if relations:
            classes_after = [grammar.state_class[of_prompt] for of_prompt in states]
            kept = RelationState.from_prompts(prompts, classes_after, relations)
        state = DecodingState(token, grammar_state, memory, budget_left, before_last, kept)
        return state.select(tf.repeat(tf.range(len(prompts)), copies))

    def _read(
        self, ids: np.ndarray, classes: np.ndarray, conditions: ConditionState, memory: Memory
    ) -> tuple[ConditionState, Memory]:
        """Returns the conditions and the memory after ids int32[T, P]; classes int32[T, P] are those of the states."""
        condition_steps = np.zeros(ids.shape, np.int32)
        if conditions and self.model.conditions:
            columns = zip(ids.T, classes.T, strict=True)
            condition_steps = np.stack([self.model.conditions.steps(*column) for column in columns], 1)
            conditions = conditions._replace(step=tf.constant(condition_steps[-1]))
        heard = self.conditioning.along(conditions, condition_steps)
        return conditions, self._memory_after(ids, classes, memory, heard)

    def _memory_after_prompt(
        self, ids: tf.Tensor, classes: tf.Tensor, memory: Memory, heard: tf.Tensor | None
    ) -> Memory:
        return self.model.forward(ids, classes, memory, heard=heard)[1]

    def step(
        self, state: DecodingState, tables: GrammarTables, allowed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, DecodingState]:
        """Reads the last token of each sequence. Returns the logits [B, V] of the next, and the state after reading.

        Logits are -1e9 where not allowed bool[B, V] (default: what the grammar allows). For use in a compiled loop.
        """
        classes = tf.gather(tables.state_class, state.grammar_state)
        conditions, heard = self.conditioning.advance(state.conditions, state.token, classes)
        output, memory = self.model.forward(
            state.token[None], classes[None], state.memory, heard=None if heard is None else heard[None],
            step_weights=self._weights_for(state.token.shape[0]),
        )  # fmt: skip
        allowed = state.allowed_tokens(tables) if allowed is None else allowed
        return self.model.logits(output, allowed[None])[0], state._replace(memory=memory, conditions=conditions)

    def _weights_for(self, batch_size: int) -> list[StepWeights]:
        """Returns the weights that a step of so many sequences reads."""
        is_rounded = self.precision == "bfloat16" and batch_size >= MIN_BFLOAT16_ROWS
        precision = tf.bfloat16 if is_rounded else tf.float32
        if precision not in self._step_weights:
            with tf.init_scope():  # They are made once, and not in each program.
                self._step_weights[precision] = self.model.step_weights(precision)
        return self._step_weights[precision]


class Lineage:
    """The tokens of a batch whose rows are chosen anew at each step: one token and one parent for each row and step."""

    def __init__(self) -> None:
        self._steps: list[tuple[np.ndarray, np.ndarray]] = []

    def append(self, tokens: np.ndarray, parents: np.ndarray) -> None:
        """Adds tokens int32[n, B] of n steps. Row b of step k continues row parents[k, b] of the step before."""
        self._steps.extend(zip(tokens, parents, strict=True))

    def tokens(self, row: int, steps: int | None = None) -> np.ndarray:
        """Returns the tokens int32[n] that led to a row after so many steps (default: all)."""
        ids = []
        for tokens, parents in reversed(self._steps[:steps]):
            ids.append(tokens[row])
            row = parents[row]
        return np.array(ids[::-1], np.int32)
