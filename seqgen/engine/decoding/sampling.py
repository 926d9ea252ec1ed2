"""Drawing new sequences: one compiled loop that holds the state, the grammar, the filters and the draw.

The prompt goes through the training forward pass in one go. Then a `while_loop` draws a chunk of tokens at a time;
Python sees them between chunks, which is how they can be streamed. Every draw is by inversion from one uniform number
that belongs to (seed, sample, step) alone, so a sample does not depend on what is drawn beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.decoding.decoder import Decoder, Position, legal, moved
from seqgen.engine.decoding.filters import EnabledFilters, FilterStrengths, TokenHistory, apply_filters
from seqgen.engine.decoding.guidance import Guidance
from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.engine.model import Model, Tables
from seqgen.grammar import EOS, Grammar

CHUNK = 256


class Sampler:
    """Draws from a model; compiled once for each number of samples, shape of grammar and set of filters in use."""

    def __init__(self, model: Model) -> None:
        self.model = model
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
        options: SamplingOptions = SamplingOptions(),  # noqa: B008
        unconditional: np.ndarray | None = None,
        guidance: float = 1.0,
        first: int = 0,
    ) -> Iterator[np.ndarray]:
        """Draws samples number first … first + count - 1 of `seed`, chunk by chunk.

        prompt int32[n] begins with BOS and is legal in `grammar`; at most `max_new_tokens` follow it. `guidance` is how
        strongly samples are guided away from the prompt int32[m] `unconditional`, legal in the model's own grammar,
        to the other one (guidance.py); at 1, not at all. Yields int32[steps, count]; a sample that has ended goes on
        with EOS. Raises InvalidValue, and UsageError for guidance with nothing to guide away from.
        """
        guided = Guidance.of(self.decoder, unconditional, guidance, count)
        position = self.decoder.begin(prompt, grammar, count)
        enabled = EnabledFilters.from_options(options)
        history = TokenHistory.from_prompt(prompt, count, max_new_tokens, grammar.vocabulary_size, enabled)
        random = generators(seed, first, count)
        yield from self.go_on(position, Tables.of(grammar), random, max_new_tokens, options, history, guided)

    def sample(self, prompt: np.ndarray, grammar: Grammar, **options: object) -> list[np.ndarray]:
        """Whole documents int32[n], with the prompt, and EOS unless `max_new_tokens` cut it off; see `stream`."""
        drawn = np.concatenate(list(self.stream(prompt, grammar, **options)))  # type: ignore[arg-type]
        return [np.concatenate([prompt, until_end(column)]).astype(np.int32) for column in drawn.T]

    def go_on(
        self,
        position: Position,
        tables: Tables,
        random: Sequence[np.random.Generator],
        max_new_tokens: int,
        options: SamplingOptions = SamplingOptions(),  # noqa: B008
        history: TokenHistory = TokenHistory(),  # noqa: B008
        guidance: Guidance = Guidance(),  # noqa: B008
    ) -> Iterator[np.ndarray]:
        """Draws up to `max_new_tokens` from wherever each sample stands, with a generator of its own; as `stream`."""
        enabled, strengths = EnabledFilters.from_options(options), FilterStrengths.from_options(options)
        for begun in range(0, max_new_tokens, CHUNK):
            steps = min(CHUNK, max_new_tokens - begun)
            # All CHUNK numbers are drawn even when fewer are used: the compiled loop keeps one shape.
            uniform = np.stack([generator.random(CHUNK, np.float32) for generator in random], 1)
            tokens, position, history, guidance, done = self._draw(
                position, history, guidance, tables, uniform, tf.constant(steps), strengths, enabled
            )
            yield tokens.numpy()[:steps]
            if bool(done):
                return

    def _draw_chunk(self, position: Position, history: TokenHistory, guidance: Guidance, tables: Tables,
                    uniform: tf.Tensor, steps: tf.Tensor, strengths: FilterStrengths,
                    enabled: EnabledFilters) -> tuple:  # fmt: skip
        """Up to `steps` tokens for every sample; uniform is float32[CHUNK, B]. Also gives whether all have ended."""

        def unfinished(t: tf.Tensor, position: Position, *_: object) -> tf.Tensor:
            return (t < steps) & tf.reduce_any(position.token != EOS)

        def draw(t: tf.Tensor, position: Position, history: TokenHistory, guidance: Guidance,
                 tokens: tf.TensorArray) -> tuple:  # fmt: skip
            allowed = legal(tables, position)
            logits, memory = self.decoder.step(position, tables, allowed)
            logits, guidance = guidance.guide(self.decoder, logits, allowed)
            logits = apply_filters(logits, allowed, history, enabled, strengths)
            token = tf.argmax(logits, -1, output_type=tf.int32) if enabled.greedy else choose(logits, uniform[t])
            token = tf.where(position.token == EOS, EOS, token)
            position = moved(tables, position._replace(memory=memory), token)
            guidance = guidance.with_token(self.decoder, token)
            return t + 1, position, history.append(token, enabled), guidance, tokens.write(t, token)

        blank = tf.TensorArray(tf.int32, CHUNK, element_shape=position.token.shape).unstack(
            tf.fill((CHUNK, position.token.shape[0]), EOS)
        )
        _, position, history, guidance, tokens = tf.while_loop(
            unfinished, draw, (0, position, history, guidance, blank), maximum_iterations=CHUNK
        )
        return tokens.stack(), position, history, guidance, tf.reduce_all(position.token == EOS)


def generators(seed: int, first: int, count: int) -> list[np.random.Generator]:
    """The source of random numbers of each of samples first … first + count - 1 of a seed."""
    return [np.random.Generator(np.random.Philox(key=[seed, sample])) for sample in range(first, first + count)]


def until_end(tokens: np.ndarray) -> np.ndarray:
    """tokens int32[n] up to the first EOS, which is kept; all where there is none."""
    ends = np.flatnonzero(tokens == EOS)
    return tokens[: ends[0] + 1] if ends.size else tokens


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
