"""Sampling: one compiled loop with the model, the grammar, the filters and the draw.

The model reads the prompt at once, by the forward pass that trains it. Then a `while_loop` draws a chunk of tokens at a
time. Python sees the tokens after each chunk, so they can be streamed. Each token is drawn by inversion of the
distribution function at one uniform number, which depends on (seed, sample, step) alone. So a sample does not depend on
what is drawn beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.conditioning import ConditionSource
from seqgen.engine.decoding.decoder import Decoder, DecodingState
from seqgen.engine.decoding.filters import (
    EnabledFilters,
    FilterStrengths,
    FindFilter,
    TokenHistory,
    apply_filters,
    no_filters,
)
from seqgen.engine.decoding.guidance import Guidance
from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.engine.grammar_tables import GrammarTables
from seqgen.engine.model import Model
from seqgen.grammar import EOS, Grammar

CHUNK = 256


class Sampler:
    """Samples from a model. Compiled once for each number of samples, shape of grammar and set of enabled filters."""

    def __init__(self, model: Model, find_filter: FindFilter = no_filters) -> None:
        """Prepares sampling. `find_filter` finds the filters that options name."""
        self.model = model
        self.find_filter = find_filter
        self.decoder = Decoder(model)
        self._draw = compiled(self._draw_chunk)

    def stream(
        self,
        prompt: np.ndarray,
        grammar: Grammar,
        *,
        count: int,
        max_new_tokens: int,
        seed: int,
        options: SamplingOptions = SamplingOptions(),  # noqa: B008 (frozen)
        unconditional: np.ndarray | None = None,
        guidance: float = 1.0,
        first: int = 0,
        conditions: ConditionSource | None = None,
    ) -> Iterator[np.ndarray]:
        """Draws samples number first … first + count - 1 of `seed`, chunk by chunk. Yields int32[steps, count].

        The prompt int32[n] begins with BOS and is allowed by `grammar`. At most `max_new_tokens` follow it; after EOS,
        a sample goes on with EOS. `guidance` is the strength of classifier-free guidance away from the prompt
        `unconditional` int32[m], which the model's own grammar allows (guidance.py); 1 is off. `conditions` are what is
        known ahead of each sample. If they depend on more than the prompt, that is drawn first.

        Raises InvalidValue, and UsageError for guidance without an unconditional prompt.
        """
        guide = Guidance.from_prompt(self.decoder, unconditional, guidance, count)
        known, num_missing = None, 0
        if conditions is not None and self.model.conditions is not None:
            num_missing = max(0, conditions.after - len(prompt))
            known = [conditions.of(first + number, prompt) for number in range(0 if num_missing else count)]
        state = self.decoder.read_prompt(prompt, grammar, count, known or [self.decoder.conditioning.nothing] * count)
        enabled = EnabledFilters.from_options(options, self.find_filter)
        history = TokenHistory.from_prompt(prompt, count, max_new_tokens, grammar.vocabulary_size, enabled)
        random = random_generators(seed, first, count)
        tables = GrammarTables.from_grammar(grammar)
        if conditions is not None and 0 < num_missing < max_new_tokens:
            tokens, state, history, guide = self._draw_steps(
                state, tables, random, num_missing, options, history, guide
            )
            yield tokens
            documents = [np.concatenate([prompt, column]) for column in tokens.T]
            known = [conditions.of(first + number, ids) for number, ids in enumerate(documents)]
            state = state._replace(conditions=self.decoder.conditioning.state(known))
            max_new_tokens -= num_missing
        yield from self.continue_from(state, tables, random, max_new_tokens, options, history, guide)

    def sample(self, prompt: np.ndarray, grammar: Grammar, **options: Any) -> list[np.ndarray]:
        """Returns the samples as whole documents int32[n], from BOS to EOS. Takes the options of `stream`.

        A sample that `max_new_tokens` cuts off has no EOS.
        """
        drawn = np.concatenate(list(self.stream(prompt, grammar, **options)))
        return [np.concatenate([prompt, up_to_eos(column)]).astype(np.int32) for column in drawn.T]

    def continue_from(
        self,
        state: DecodingState,
        tables: GrammarTables,
        random: Sequence[np.random.Generator],
        max_new_tokens: int,
        options: SamplingOptions = SamplingOptions(),  # noqa: B008 (frozen)
        history: TokenHistory = TokenHistory(),  # noqa: B008 (immutable)
        guidance: Guidance = Guidance(),  # noqa: B008 (immutable)
    ) -> Iterator[np.ndarray]:
        """Draws up to `max_new_tokens` from where each sample stands, with one random generator each; see `stream`."""
        for begin in range(0, max_new_tokens, CHUNK):
            steps = min(CHUNK, max_new_tokens - begin)
            tokens, state, history, guidance = self._draw_steps(
                state, tables, random, steps, options, history, guidance
            )
            yield tokens
            if (tokens[-1] == EOS).all():
                return

    def _draw_steps(
        self,
        state: DecodingState,
        tables: GrammarTables,
        random: Sequence[np.random.Generator],
        steps: int,
        options: SamplingOptions,
        history: TokenHistory,
        guidance: Guidance,
    ) -> tuple[np.ndarray, DecodingState, TokenHistory, Guidance]:
        """Draws `steps` tokens, at most CHUNK. Returns int32[steps, B], and where each sample stands then."""
        enabled = EnabledFilters.from_options(options, self.find_filter)
        # All CHUNK numbers are drawn even if fewer are used: the compiled loop keeps one shape.
        uniform = np.stack([generator.random(CHUNK, np.float32) for generator in random], 1)
        tokens, state, history, guidance = self._draw(
            state,
            history,
            guidance,
            tables,
            uniform,
            tf.constant(steps),
            FilterStrengths.from_options(options),
            enabled,
        )
        return tokens.numpy()[:steps], state, history, guidance

    def _draw_chunk(self, state: DecodingState, history: TokenHistory, guidance: Guidance, tables: GrammarTables,
                    uniform: tf.Tensor, steps: tf.Tensor, strengths: FilterStrengths,
                    enabled: EnabledFilters) -> tuple[Any, ...]:  # fmt: skip
        """Draws up to `steps` tokens for every sample; uniform is float32[CHUNK, B]. Returns the loop's variables.

        That is tokens int32[CHUNK, B], and the state, history and guidance after them.
        """

        def not_done(t: tf.Tensor, state: DecodingState, *_: object) -> tf.Tensor:
            return (t < steps) & tf.reduce_any(state.token != EOS)

        def draw(t: tf.Tensor, state: DecodingState, history: TokenHistory, guidance: Guidance,
                 tokens: tf.TensorArray) -> tuple[Any, ...]:  # fmt: skip
            allowed = state.allowed_tokens(tables)
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


def random_generators(seed: int, first: int, count: int) -> list[np.random.Generator]:
    """Returns the random generator of each of samples first … first + count - 1 of a seed."""
    return [np.random.Generator(np.random.Philox(key=[seed, sample])) for sample in range(first, first + count)]


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
