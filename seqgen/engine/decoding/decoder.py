"""What all ways of generating share: reading the prompt, one step of the model, and choosing rows of a batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.grammar_tables import GrammarTables
from seqgen.engine.model import BATCH_AXIS, Memory, Model
from seqgen.grammar import BOS, Grammar

PROMPT_MULTIPLE = 64


class DecodingState(NamedTuple):
    """Where each of B sequences stands."""

    token: tf.Tensor  # int32[B], the last token, which the model has not read yet
    grammar_state: tf.Tensor  # int32[B], the state of the grammar after it
    memory: Memory  # of the model, after all tokens before it
    budget_left: tf.Tensor  # int32[B, 1], what is left of the grammar's budget; [B, 0] if the grammar has none

    def select(self, rows: tf.Tensor) -> DecodingState:
        """Returns the sequences int32[R] of the batch, in that order. A sequence may come several times, or never."""
        memory = Memory(*(tf.gather(part, rows, axis=axis) for part, axis in zip(self.memory, BATCH_AXIS, strict=True)))
        token, state, left = (tf.gather(part, rows) for part in (self.token, self.grammar_state, self.budget_left))
        return DecodingState(token, state, memory, left)

    def allowed_tokens(self, tables: GrammarTables) -> tf.Tensor:
        """Returns bool[B, V]: the tokens that the grammar and what is left of its budget allow next."""
        allowed, budget = tf.gather(tables.allowed, self.grammar_state), tables.budget
        if budget is None:
            return allowed
        ends_too_early = budget.is_end & (self.budget_left > budget.slack)
        return allowed & (budget.cost <= self.budget_left) & ~ends_too_early

    def append(self, token: tf.Tensor, tables: GrammarTables) -> DecodingState:
        """Returns the state after one more token int32[B]. The memory stays as it is."""
        state = tf.gather_nd(tables.next_state, tf.stack([self.grammar_state, token], -1))
        cost = tf.gather(tables.budget.cost, token)[:, None] if tables.budget else 0
        return DecodingState(token, state, self.memory, self.budget_left - cost)


class Decoder:
    """A model that reads its own output, token by token."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._memory_after = compiled(self._memory_after_prompt)

    def read_prompt(self, prompt: np.ndarray, grammar: Grammar, count: int) -> DecodingState:
        """Reads all tokens of a prompt int32[n] but the last, once. Returns the state of `count` copies of it.

        The prompt begins with BOS. Raises ValueError if `grammar` forbids it.
        """
        states = grammar.unroll(prompt)
        before = len(prompt) - 1
        # BOS in front pad the prompt to a multiple of PROMPT_MULTIPLE. Each resets the memory, so they change nothing,
        # and prompts of most lengths share one compiled shape.
        padding = max(1, -(-before // PROMPT_MULTIPLE)) * PROMPT_MULTIPLE - before
        ids = np.concatenate([np.full(padding, BOS, np.int32), prompt[:-1]])
        padded_states = np.concatenate([np.full(padding, grammar.start), states[:-1]])
        classes = grammar.state_class[padded_states].astype(np.int32)
        memory = self._memory_after(ids[:, None], classes[:, None], self.model.initial_memory(1))
        budget_left = tf.constant([[grammar.budget.remaining(prompt)] if grammar.budget else []], tf.int32)
        state = DecodingState(tf.constant(prompt[-1:], tf.int32), tf.constant(states[-1:]), memory, budget_left)
        return state.select(tf.zeros(count, tf.int32))

    def _memory_after_prompt(self, ids: tf.Tensor, classes: tf.Tensor, memory: Memory) -> Memory:
        return self.model.forward(ids, classes, memory)[1]

    def step(
        self, state: DecodingState, tables: GrammarTables, allowed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, Memory]:
        """Reads the last token of each sequence. Returns the logits [B, V] of the next, and the memory.

        Logits are -1e9 where not allowed bool[B, V] (default: what the grammar allows). For use in a compiled loop.
        """
        classes = tf.gather(tables.state_class, state.grammar_state)
        output, memory = self.model.forward(state.token[None], classes[None], state.memory)
        allowed = state.allowed_tokens(tables) if allowed is None else allowed
        return self.model.logits(output, allowed[None])[0], memory


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
