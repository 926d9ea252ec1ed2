"""What every way of making a sequence shares: reading the prompt, one step of the model, choosing rows of a batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.model import BATCH_AXIS, Memory, Model, Tables
from seqgen.grammar import BOS, Grammar

PROMPT_STEP = 64


class Position(NamedTuple):
    """Where each of B sequences stands."""

    token: tf.Tensor  # int32[B], the last token, which the model has not read yet
    state: tf.Tensor  # int32[B], the grammar's state after it
    memory: Memory  # what the model remembers of all tokens before it
    left: tf.Tensor  # int32[B, 1], what is left of the grammar's budget; [B, 0] of a grammar that has none


def select(position: Position, rows: tf.Tensor) -> Position:
    """The sequences int32[R] of a batch: in that order, left out, or several times."""
    memory = Memory(*(tf.gather(part, rows, axis=axis) for part, axis in zip(position.memory, BATCH_AXIS, strict=True)))
    token, state, left = (tf.gather(part, rows) for part in (position.token, position.state, position.left))
    return Position(token, state, memory, left)


class Decoder:
    """A model that reads its own output, token by token."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._read_prompt = compiled(self._prompt_memory)

    def begin(self, prompt: np.ndarray, grammar: Grammar, count: int) -> Position:
        """Reads all of a prompt int32[n] but its last token, once, and gives each of `count` sequences a copy.

        The prompt begins with BOS; raises ValueError where `grammar` forbids it.
        """
        states = grammar.unroll(prompt)
        before = len(prompt) - 1
        # Leading BOS fill up to a multiple of PROMPT_STEP: each resets the memory, so they change nothing, and
        # prompts of most lengths share one compiled shape.
        padded = max(1, -(-before // PROMPT_STEP)) * PROMPT_STEP
        ids = np.concatenate([np.full(padded - before, BOS, np.int32), prompt[:-1]])
        classes = np.concatenate(
            [np.full(padded - before, grammar.state_class[grammar.start]), grammar.state_class[states[:-1]]]
        ).astype(np.int32)
        memory = self._read_prompt(ids[:, None], classes[:, None], self.model.empty_memory(1))
        budget = grammar.budget
        left = tf.constant([[budget.remaining(prompt)] if budget else []], tf.int32)
        read = Position(tf.constant(prompt[-1:], tf.int32), tf.constant(states[-1:]), memory, left)
        return select(read, tf.zeros(count, tf.int32))

    def _prompt_memory(self, ids: tf.Tensor, classes: tf.Tensor, memory: Memory) -> Memory:
        return self.model.forward(ids, classes, memory)[1]

    def step(self, position: Position, tables: Tables, allowed: tf.Tensor | None = None) -> tuple[tf.Tensor, Memory]:
        """Reads the last token of each sequence: the logits [B, V] of the next, illegal ones at -1e9; and the memory.

        Legal is allowed bool[B, V], by default what the grammar allows. For the inside of a compiled loop.
        """
        classes = tf.gather(tables.state_class, position.state)
        x, memory = self.model.forward(position.token[None], classes[None], position.memory)
        allowed = legal(tables, position) if allowed is None else allowed
        return self.model.logits(x, allowed[None])[0], memory


def legal(tables: Tables, position: Position) -> tf.Tensor:
    """bool[B, V]: what the grammar allows next, and what is left of its budget."""
    allowed, budget = tf.gather(tables.allowed, position.state), tables.budget
    if budget is None:
        return allowed
    return allowed & (budget.cost <= position.left) & ~(budget.ends & (position.left > budget.slack))


def moved(tables: Tables, position: Position, token: tf.Tensor) -> Position:
    """Where each sequence stands after one more token int32[B], its memory as it was."""
    state = tf.gather_nd(tables.next_state, tf.stack([position.state, token], -1))
    spent = tf.gather(tables.budget.cost, token)[:, None] if tables.budget else 0
    return Position(token, state, position.memory, position.left - spent)


class Lineage:
    """The tokens of a batch whose rows are chosen anew at every step, kept as what was added and to which row."""

    def __init__(self) -> None:
        self._steps: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, tokens: np.ndarray, parents: np.ndarray) -> None:
        """Tokens int32[n, B] of n more steps; row b of step k goes on from row parents[k, b] of the step before."""
        self._steps.extend(zip(tokens, parents, strict=True))

    def of(self, row: int, steps: int | None = None) -> np.ndarray:
        """The tokens int32[n] that led to a row after so many steps (default: all)."""
        ids = []
        for tokens, parents in reversed(self._steps[:steps]):
            ids.append(tokens[row])
            row = parents[row]
        return np.array(ids[::-1], np.int32)
