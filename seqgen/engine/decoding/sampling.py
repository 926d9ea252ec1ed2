"""Sampling: one compiled loop with the model, the grammar, the filters and the draw.

The model reads the prompt at once, by the forward pass that trains it. Then a `while_loop` draws a chunk of tokens at a
time. Python sees the tokens after each chunk, so they can be streamed. Each token is drawn by inversion of the
distribution function at one uniform number, which depends on (seed, sample, step) alone. So a sample does not depend on
what is drawn beside it. Relations (seqgen/grammar/relations.py) mask the tokens like the grammar; what breaks one
nevertheless is drawn again (redrawing.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.conditioning import ConditionSource
from seqgen.engine.decoding.decoder import EVERY_TOKEN, Decoder, DecodingState, NextTokens, Precision
from seqgen.engine.decoding.filters import (
    EnabledFilters,
    FilterStrengths,
    FindFilter,
    TokenHistory,
    apply_filters,
    no_filters,
)
from seqgen.engine.decoding.guidance import Guidance
from seqgen.engine.decoding.interruption import raise_if_stopped
from seqgen.engine.decoding.redrawing import draw_unbroken
from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.engine.grammar_tables import GrammarTables
from seqgen.engine.model import Model
from seqgen.errors import BrokenStream
from seqgen.grammar import EOS, Grammar, Relations

CHUNK = 256
STREAM_CHUNK = 32
"""How many tokens a stream yields at a time: few, so that they are seen and heard soon."""


NO_TOKENS = np.zeros(0, np.int32)


class Start(NamedTuple):
    """Where B samples start, and what the loop needs beside their states."""

    state: DecodingState
    tables: GrammarTables
    prompt: np.ndarray = NO_TOKENS
    """int32[n], what every sample begins with."""
    options: SamplingOptions = SamplingOptions()
    history: TokenHistory = TokenHistory()
    guidance: Guidance = Guidance()
    conditions: ConditionSource | None = None
    """What is known ahead, if it depends on tokens that are not in the prompt."""
    numbers: Sequence[int] = ()
    """The number of each sample within its seed."""
    next_tokens: NextTokens | None = None
    """Says which tokens may follow a document int32[n], beside the grammar: bool[V]. Asked for every token."""


class Sampler:
    """Samples from a model. Compiled once for each number of samples, shape of grammar and set of enabled filters."""

    def __init__(self, model: Model, find_filter: FindFilter = no_filters, precision: Precision = "float32") -> None:
        """Prepares sampling. `find_filter` finds the filters that options name; for `precision` see `Decoder`."""
        self.model = model
        self.find_filter = find_filter
        self.decoder = Decoder(model, precision)
        self._draw = compiled(self._draw_chunk)

    def stream(
        self, prompt: np.ndarray, grammar: Grammar, *, count: int, max_new_tokens: int, seed: int,
        numbers: Sequence[int] | None = None, **options: Any,
    ) -> Iterator[np.ndarray]:  # fmt: skip
        """Draws the samples `numbers` of `seed`, chunk by chunk. Yields int32[steps, count].

        After EOS, a sample goes on with EOS. The arguments are those of `sample`. Raises BrokenStream where a sample
        breaks a relation: what was yielded cannot be drawn again.
        """
        start = self.start(prompt, grammar, count=count, max_new_tokens=max_new_tokens, numbers=numbers, **options)
        random = random_generators(seed, start.numbers)
        for tokens, is_broken in self.chunks(start, random, max_new_tokens, STREAM_CHUNK):
            if is_broken.any():
                raise BrokenStream(
                    "A sample came to where nothing follows that keeps all that was asked for; ask for less at once."
                )
            yield tokens

    def sample(
        self, prompt: np.ndarray, grammar: Grammar, *, count: int, max_new_tokens: int, seed: int,
        numbers: Sequence[int] | None = None, accepts: Callable[[np.ndarray], bool] | None = None, **options: Any,
    ) -> list[np.ndarray]:  # fmt: skip
        """Returns the samples `numbers` of `seed` as documents int32[n], from BOS to EOS; by default the first `count`.

        The prompt int32[n] begins with BOS and is allowed by `grammar`. At most `max_new_tokens` follow it; a sample
        that they cut off has no EOS. The `options` are those of `start`.

        accepts: whether a whole document int32[n] is legal; another one is drawn in place of one that is not

        Raises InvalidValue, UsageError for guidance without an unconditional prompt, and ImpossibleConstraints if no
        sample keeps the relations or is accepted.
        """
        start = self.start(prompt, grammar, count=count, max_new_tokens=max_new_tokens, numbers=numbers, **options)

        def draw(generators: Sequence[np.random.Generator]) -> tuple[list[np.ndarray], np.ndarray]:
            documents, is_broken = self.documents(start, generators, max_new_tokens)
            if accepts is not None:
                is_broken = is_broken | [bool(ids[-1] == EOS) and not accepts(ids) for ids in documents]
            return documents, is_broken

        return draw_unbroken(draw, random_generators(seed, start.numbers))

    def sample_each(
        self, prompts: Sequence[np.ndarray], grammar: Grammar, *, count: int, max_new_tokens: int,
        random: Sequence[np.random.Generator], conditions: Sequence[np.ndarray] | None = None,
    ) -> list[list[np.ndarray]]:  # fmt: skip
        """Returns `count` documents int32[n] for each of P prompts int32[m], which are sampled side by side.

        random:     one generator for each of P · count documents; those of a prompt are side by side
        conditions: what is known ahead of the documents of each prompt, int32[C, J]
        """
        known = conditions or [self.decoder.conditioning.nothing] * len(prompts)
        state = self.decoder.read_prompts(prompts, grammar, count, known)
        start = Start(state, self.decoder.tables(grammar))
        drawn = np.concatenate([tokens for tokens, _ in self.chunks(start, random, max_new_tokens)]).T
        return [
            [np.concatenate([prompt, up_to_eos(column)]).astype(np.int32) for column in columns]
            for prompt, columns in zip(prompts, np.split(drawn, len(prompts)), strict=True)
        ]

    def start(
        self,
        prompt: np.ndarray,
        grammar: Grammar,
        *,
        count: int,
        max_new_tokens: int,
        numbers: Sequence[int] | None = None,
        options: SamplingOptions = SamplingOptions(),  # noqa: B008 (frozen)
        unconditional: np.ndarray | None = None,
        guidance: float = 1.0,
        conditions: ConditionSource | None = None,
        relations: Relations | None = None,
        next_tokens: NextTokens | None = None,
    ) -> Start:
        """Reads a prompt int32[n] for `count` samples, with room for `max_new_tokens` more tokens.

        The samples have these `numbers` within their seed, by default 0 … count - 1.

        `guidance` is the strength of classifier-free guidance away from the prompt `unconditional` int32[m], which the
        model's own grammar allows (guidance.py); 1 is off. `conditions` are what is known ahead of each sample. If they
        depend on more than the prompt, that is drawn first. What is drawn keeps the `relations`. `next_tokens` says
        which tokens may follow a document, beside the grammar; it is slow, because it is asked for every token.

        Raises InvalidValue, and UsageError for guidance without an unconditional prompt.
        """
        guide = Guidance.from_prompt(self.decoder, unconditional, guidance, count)
        numbers = range(count) if numbers is None else numbers
        known = [self.decoder.conditioning.nothing] * count
        if conditions is not None and self.model.conditions is not None and conditions.after <= len(prompt):
            known = [conditions.of(number, prompt) for number in numbers]
            conditions = None
        state = self.decoder.read_prompt(prompt, grammar, count, known, relations)
        enabled = EnabledFilters.from_options(options, self.find_filter)
        history = TokenHistory.from_prompt(prompt, count, max_new_tokens, grammar.vocabulary_size, enabled)
        missing = conditions if self.model.conditions is not None else None
        tables = self.decoder.tables(grammar, relations)
        return Start(state, tables, prompt, options, history, guide, missing, numbers, next_tokens)

    def documents(
        self, start: Start, random: Sequence[np.random.Generator], max_new_tokens: int
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Draws from `start` once. Returns the documents int32[n], and whether each has broken a relation, bool[B]."""
        chunks, is_broken = [], start.state.is_broken()
        for tokens, is_broken in self.chunks(start, random, max_new_tokens):  # noqa: B007
            chunks.append(tokens)
        columns = np.concatenate([np.zeros((0, len(is_broken)), np.int32), *chunks]).T
        return [np.concatenate([start.prompt, up_to_eos(column)]).astype(np.int32) for column in columns], is_broken

    def chunks(
        self, start: Start, random: Sequence[np.random.Generator], max_new_tokens: int, chunk_size: int = CHUNK
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Draws up to `max_new_tokens`, with one random generator for each sample.

        Yields the tokens int32[steps, B] of a chunk, and whether each sample has broken a relation, bool[B]. A chunk
        has at most `chunk_size` tokens, on which the samples do not depend. It divides CHUNK. Raises DrawingStopped.
        """
        if start.next_tokens is not None:
            yield from self._masked_chunks(start, random, max_new_tokens)
            return
        conditions = start.conditions
        if conditions is not None and 0 < conditions.after - len(start.prompt) < max_new_tokens:
            steps = conditions.after - len(start.prompt)
            tokens, start = self._draw_steps(start, uniform_numbers(random), steps)
            yield tokens, start.state.is_broken()
            documents = [np.concatenate([start.prompt, column]) for column in tokens.T]
            known = [conditions.of(number, ids) for number, ids in zip(start.numbers, documents, strict=True)]
            start = start._replace(state=start.state._replace(conditions=self.decoder.conditioning.state(known)))
            max_new_tokens -= steps
        for begin in range(0, max_new_tokens, chunk_size):
            raise_if_stopped()
            if begin % CHUNK == 0:
                uniform = uniform_numbers(random)
            next_numbers = np.roll(uniform, -(begin % CHUNK), 0)
            tokens, start = self._draw_steps(start, next_numbers, min(chunk_size, max_new_tokens - begin))
            yield tokens, start.state.is_broken()
            if (tokens[-1] == EOS).all():
                return

    def _masked_chunks(
        self, start: Start, random: Sequence[np.random.Generator], max_new_tokens: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields one token of each sample at a time, as `chunks` does, and asks `next_tokens` before each.

        A sample after which no token may follow is broken.
        """
        assert start.next_tokens is not None
        documents = [start.prompt] * len(random)
        rows, is_broken = np.arange(len(random)), np.zeros(len(random), bool)
        for _ in range(max_new_tokens):
            raise_if_stopped()
            is_open = np.array([ids[-1] != EOS for ids in documents])
            masks = np.stack([start.next_tokens(ids) for ids in documents]).astype(bool)
            tokens, start = self._draw_steps(start, uniform_numbers(random), 1, masks)
            is_broken |= is_open & ~masks[rows, tokens[0]]
            documents = [
                np.append(ids, token).astype(np.int32) for ids, token in zip(documents, tokens[0], strict=True)
            ]
            yield tokens, is_broken | start.state.is_broken()
            if (tokens[0] == EOS).all():
                return

    def _draw_steps(
        self, start: Start, uniform: np.ndarray, steps: int, masks: np.ndarray | None = None
    ) -> tuple[np.ndarray, Start]:
        """Draws `steps` tokens, at most CHUNK. Returns int32[steps, B], and where each sample stands then.

        uniform: the random numbers of these steps, float32[CHUNK, B]; those of later steps are not used
        masks:   which tokens may come, beside the grammar, bool[B, V]
        """
        enabled = EnabledFilters.from_options(start.options, self.find_filter)
        strengths = FilterStrengths.from_options(start.options)
        tokens, state, history, guidance = self._draw(
            start.state,
            start.history,
            start.guidance,
            start.tables,
            uniform,
            tf.constant(steps),
            strengths,
            enabled,
            EVERY_TOKEN if masks is None else masks,
        )
        return tokens.numpy()[:steps], start._replace(state=state, history=history, guidance=guidance)

    def _draw_chunk(self, state: DecodingState, history: TokenHistory, guidance: Guidance, tables: GrammarTables,
                    uniform: tf.Tensor, steps: tf.Tensor, strengths: FilterStrengths,
                    enabled: EnabledFilters, masks: tf.Tensor) -> tuple[Any, ...]:  # fmt: skip
        """Draws up to `steps` tokens for every sample; uniform is float32[CHUNK, B]. Returns the loop's variables.

        That is tokens int32[CHUNK, B], and the state, history and guidance after them.
        """

        def not_done(t: tf.Tensor, state: DecodingState, *_: object) -> tf.Tensor:
            return (t < steps) & tf.reduce_any(state.token != EOS)

        def draw(t: tf.Tensor, state: DecodingState, history: TokenHistory, guidance: Guidance,
                 tokens: tf.TensorArray) -> tuple[Any, ...]:  # fmt: skip
            allowed = state.allowed_tokens(tables)
            kept = state.keep_relations(allowed, tables) & masks
            allowed = tf.where(tf.reduce_any(kept, -1, keepdims=True), kept, allowed)
            logits, state = self.decoder.step(state, tables, allowed)
            logits, guidance = guidance.guide(self.decoder, logits, allowed)
            logits = apply_filters(logits, allowed, history, enabled, strengths)
            token = likeliest_token(logits, allowed) if enabled.greedy else draw_token(logits, allowed, uniform[t])
            token = tf.where(state.token == EOS, EOS, token)
            state = state.append(token, tables)
            guidance = guidance.append(self.decoder, token)
            return t + 1, state, history.append(token, enabled), guidance, tokens.write(t, token)

        batch_shape = state.token.shape
        only_eos = tf.TensorArray(tf.int32, CHUNK, element_shape=batch_shape).unstack(
            tf.fill((CHUNK, *batch_shape), EOS)
        )
        _, state, history, guidance, tokens = tf.while_loop(
            not_done, draw, (0, state, history, guidance, only_eos), maximum_iterations=CHUNK
        )
        return tokens.stack(), state, history, guidance


def random_generators(seed: int, numbers: Iterable[int]) -> list[np.random.Generator]:
    """Returns the random generator of each of the samples `numbers` of a seed."""
    return [np.random.Generator(np.random.Philox(key=[seed, number])) for number in numbers]


def uniform_numbers(random: Sequence[np.random.Generator]) -> np.ndarray:
    """Returns the next CHUNK numbers of each generator: float32[CHUNK, B].

    All are drawn even if fewer are used, because the compiled loop keeps one shape.
    """
    return np.stack([generator.random(CHUNK, np.float32) for generator in random], 1)


def up_to_eos(tokens: np.ndarray) -> np.ndarray:
    """Returns tokens int32[n] up to the first EOS, which is included; all if there is none."""
    ends = np.flatnonzero(tokens == EOS)
    return tokens[: ends[0] + 1] if ends.size else tokens


def draw_token(logits: tf.Tensor, allowed: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """Draws a token int32[B] from logits [B, V], by inversion of the distribution function at uniform [B] in [0, 1).

    Forbidden tokens, those not allowed bool[B, V], have probability exactly 0. If the logits are not numbers, the token
    is some allowed one.
    """
    probability = tf.where(allowed, tf.nn.softmax(logits), 0.0)
    cumulative = tf.cumsum(probability, -1)
    # The sum is 1 only up to rounding, so the comparison is with the sum itself.
    reached = (cumulative > uniform[:, None] * cumulative[:, -1:]) & (probability > 0)
    first = tf.argmax(tf.cast(reached, tf.float32), -1, output_type=tf.int32)
    return tf.where(tf.reduce_any(reached, -1), first, likeliest_token(logits, allowed))


def likeliest_token(logits: tf.Tensor, allowed: tf.Tensor) -> tf.Tensor:
    """Returns the likeliest allowed token int32[B]. A logit that is not a number counts as a very low one."""
    forbidden = logits.dtype.min
    logits = tf.where(tf.math.is_nan(logits), forbidden / 2, tf.maximum(logits, forbidden / 2))
    return tf.argmax(tf.where(allowed, logits, forbidden), -1, output_type=tf.int32)
