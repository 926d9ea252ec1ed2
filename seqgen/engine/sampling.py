"""Drawing new sequences: one compiled loop that holds the state, the grammar, the filters and the draw.

The prompt goes through the training forward pass in one go. Then a `while_loop` draws a chunk of tokens at a time;
Python sees them between chunks, which is how they can be streamed. Every draw is by inversion from one uniform number
that belongs to (seed, sample, step) alone, so a sample does not depend on what is drawn beside it.

Filters: temperature; top-k (Fan et al. 2018); top-p, *nucleus sampling* (Holtzman et al. 2020).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.attention import BLOCKED
from seqgen.engine.compiling import compiled
from seqgen.engine.model import Memory, Model, Tables
from seqgen.errors import InvalidValue
from seqgen.grammar import BOS, EOS, Grammar

CHUNK = 256
PROMPT_STEP = 64


class Filters(NamedTuple):
    """How the model's distribution is sharpened before the draw."""

    temperature: float = 1.0
    """Divides the logits: below 1 is bolder about what is likely; 0 takes the likeliest (greedy)."""
    top_k: int = 0
    """Only the k likeliest tokens; 0 is all."""
    top_p: float = 1.0
    """Only the likeliest tokens that together have probability p."""

    def check(self) -> None:
        """Raises InvalidValue for a filter that leaves nothing to draw from."""
        if not (self.temperature == 0 or 0.01 <= self.temperature <= 100):
            raise InvalidValue(f"The temperature cannot be {self.temperature}; it must be 0, or between 0.01 and 100.")
        if self.top_k < 0:
            raise InvalidValue(f"top-k cannot be {self.top_k}; it must be 0 (all) or more.")
        if not (0 < self.top_p <= 1):
            raise InvalidValue(f"top-p cannot be {self.top_p}; it must be above 0 and at most 1.")


class _Carry(NamedTuple):
    """What one step of the loop leaves to the next."""

    token: tf.Tensor  # int32[B], the last token drawn or given
    state: tf.Tensor  # int32[B], the grammar's state after it
    memory: Memory


class Sampler:
    """Draws from a model; compiled once for each number of samples, shape of grammar and set of filters in use."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._read_prompt = compiled(self._prompt_memory)
        self._draw = compiled(self._draw_chunk)

    def stream(
        self,
        prompt: np.ndarray,
        grammar: Grammar,
        *,
        count: int,
        longest: int,
        seed: int,
        filters: Filters = Filters(),  # noqa: B008
        first: int = 0,
    ) -> Iterator[np.ndarray]:
        """Draws samples number first … first + count - 1 of `seed`, chunk by chunk.

        prompt int32[n] begins with BOS and is legal in `grammar`; at most `longest` tokens follow it. Yields
        int32[steps, count]; a sample that has ended goes on with EOS.
        """
        filters.check()
        carry = self._begin(prompt, grammar, count)
        tables = Tables.of(grammar)
        uniforms = [np.random.Generator(np.random.Philox(key=[seed, first + sample])) for sample in range(count)]
        temperature, top_p = tf.constant(filters.temperature, tf.float32), tf.constant(filters.top_p, tf.float32)
        for begun in range(0, longest, CHUNK):
            steps = min(CHUNK, longest - begun)
            # All CHUNK numbers are drawn even when fewer are used: the compiled loop keeps one shape.
            random = np.stack([generator.random(CHUNK, np.float32) for generator in uniforms], 1)
            tokens, carry, done = self._draw(
                carry, tables, random, tf.constant(steps), temperature, top_p,
                greedy=filters.temperature == 0, top_k=filters.top_k, nucleus=filters.top_p < 1,
            )  # fmt: skip
            yield tokens.numpy()[:steps]
            if bool(done):
                return

    def sample(self, prompt: np.ndarray, grammar: Grammar, **options: object) -> list[np.ndarray]:
        """Whole documents int32[n], prompt and EOS included (no EOS where `longest` cut one off); see `stream`."""
        drawn = np.concatenate(list(self.stream(prompt, grammar, **options)))  # type: ignore[arg-type]
        ends = [np.flatnonzero(column == EOS) for column in drawn.T]
        return [
            np.concatenate([prompt, column[: end[0] + 1] if end.size else column]).astype(np.int32)
            for column, end in zip(drawn.T, ends, strict=True)
        ]

    def _begin(self, prompt: np.ndarray, grammar: Grammar, count: int) -> _Carry:
        """Reads all of the prompt but its last token, once, and gives every sample a copy of the memory."""
        states = grammar.unroll(prompt)
        before = len(prompt) - 1
        # Leading BOS fill up to a multiple of PROMPT_STEP: each resets the memory, so they change nothing, and
        # prompts of most lengths share one compiled shape.
        padded = max(1, -(-before // PROMPT_STEP)) * PROMPT_STEP
        ids = np.concatenate([np.full(padded - before, BOS, np.int32), prompt[:-1]])
        classes = np.concatenate(
            [np.full(padded - before, grammar.observed[grammar.start]), grammar.observed[states[:-1]]]
        ).astype(np.int32)
        memory = self._read_prompt(ids[:, None], classes[:, None], self.model.empty_memory(1))
        axis = Memory(1, 1, 1, 1, 1, 0)
        memory = Memory(*(tf.repeat(part, count, along) for part, along in zip(memory, axis, strict=True)))
        return _Carry(tf.fill((count,), int(prompt[-1])), tf.fill((count,), int(states[-1])), memory)

    def _prompt_memory(self, ids: tf.Tensor, classes: tf.Tensor, memory: Memory) -> Memory:
        return self.model.forward(ids, classes, memory)[1]

    def _draw_chunk(self, carry: _Carry, tables: Tables, random: tf.Tensor, steps: tf.Tensor, temperature: tf.Tensor,
                    top_p: tf.Tensor, greedy: bool, top_k: int, nucleus: bool) -> tuple:  # fmt: skip
        """Up to `steps` tokens for every sample; random is float32[CHUNK, B]. Gives tokens, carry, all ended."""

        def unfinished(t: tf.Tensor, carry: _Carry, tokens: tf.TensorArray) -> tf.Tensor:
            return (t < steps) & tf.reduce_any(carry.token != EOS)

        def draw(t: tf.Tensor, carry: _Carry, tokens: tf.TensorArray) -> tuple[tf.Tensor, _Carry, tf.TensorArray]:
            classes = tf.gather(tables.observed, carry.state)
            x, memory = self.model.forward(carry.token[None], classes[None], carry.memory)
            allowed = tf.gather(tables.allowed, carry.state)
            logits = self.model.logits(x, allowed[None])[0]
            if greedy:
                token = tf.argmax(logits, -1, output_type=tf.int32)
            else:
                token = choose(keep_likeliest(logits / temperature, top_k, top_p if nucleus else None), random[t])
            token = tf.where(carry.token == EOS, EOS, token)
            state = tf.gather_nd(tables.next_state, tf.stack([carry.state, token], -1))
            return t + 1, _Carry(token, state, memory), tokens.write(t, token)

        blank = tf.TensorArray(tf.int32, CHUNK, element_shape=carry.token.shape).unstack(
            tf.fill((CHUNK, carry.token.shape[0]), EOS)
        )
        _, carry, tokens = tf.while_loop(unfinished, draw, (0, carry, blank), maximum_iterations=CHUNK)
        return tokens.stack(), carry, tf.reduce_all(carry.token == EOS)


def keep_likeliest(logits: tf.Tensor, top_k: int, top_p: tf.Tensor | None) -> tf.Tensor:
    """logits [B, V] with all but the top_k likeliest (0: all) and the nucleus of top_p (None: all) at -1e9.

    Top-p looks at what top-k has left, renormalised. The likeliest token always stays.
    """
    if not top_k and top_p is None:
        return logits
    vocabulary = logits.shape[-1]
    descending = tf.sort(logits, -1, direction="DESCENDING")
    if top_k:
        descending = tf.where(tf.range(vocabulary) < top_k, descending, BLOCKED)
    if top_p is not None:
        probability = tf.nn.softmax(descending)
        before = tf.cumsum(probability, -1, exclusive=True)
        descending = tf.where((before < top_p) | (tf.range(vocabulary) == 0), descending, BLOCKED)
    least = tf.reduce_min(tf.where(descending > BLOCKED / 2, descending, descending[:, :1]), -1, keepdims=True)
    return tf.where(logits >= least, logits, BLOCKED)


def choose(logits: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """A token int32[B] from logits [B, V] by inversion of the distribution function at uniform [B] in [0, 1)."""
    probability = tf.nn.softmax(logits)
    below = tf.cumsum(probability, -1)
    # The sum is 1 only up to rounding: compare with the sum itself, and never with a forbidden token's place in it.
    reached = (below > uniform[:, None] * below[:, -1:]) & (probability > 0)
    first, likeliest = (
        tf.argmax(tf.cast(what, tf.float32), -1, output_type=tf.int32) for what in (reached, probability)
    )
    return tf.where(tf.reduce_any(reached, -1), first, likeliest)
