"""Given tokens: some positions of a document are fixed, and the rest is drawn to fit, by sequential Monte Carlo.

Let A_k be the tokens at position k that the grammar allows, that are the given one where one is given, and after which
the grammar can still reach all that is given later. Every particle moves by the model restricted to A_k,

    q(x | past) = p(x | past) / p(A_k | past)   for x in A_k,        its weight: w ← w · p(A_k | past),

where p is the model's distribution under the grammar, and p(A_k | past) its sum over A_k. At a given position that is
p(given token | past), and the token is forced. Weights correct for the restriction exactly: the weighted particles
stand for p(document | given tokens).

The weight does not depend on the token that is about to be drawn, so it is updated, and the particles are resampled,
before the draw (the fully adapted filter of Pitt & Shephard 1999): copies of one particle part at once. Resampling is
systematic (Kitagawa 1996), where the effective sample size (Σw)² / Σw² has fallen below a share of the particles. The
product of the mean weights, one at each resampling and one at the end, is an unbiased estimate of p(given tokens)
(Del Moral 2004).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.decoding.decoder import Lineage, Position, moved, select
from seqgen.engine.decoding.sampling import Sampler, choose, generators, until_end
from seqgen.engine.layers.attention import BLOCKED
from seqgen.engine.model import Tables
from seqgen.errors import ImpossibleConstraints, InvalidValue, UsageError
from seqgen.grammar import EOS, Grammar

CHUNK = 64
FREE = -1
MOST_PARTICLES = 4096


class Filled(NamedTuple):
    """Documents around given tokens."""

    samples: list[np.ndarray]
    """int32[n] each, prompt and EOS included; no EOS where the longest allowed length cut it off."""
    log_evidence: np.ndarray
    """float64[count], in nats: for each sample its own particles' estimate of ln p(given tokens | prompt)."""


class Filler:
    """Draws documents around given tokens; compiled once for each number of particles and shape of grammar."""

    def __init__(self, sampler: Sampler) -> None:
        """`sampler` is of the same model: it reads the prompt, and draws what comes after the given tokens."""
        self._sampler = sampler
        self._decoder = sampler.decoder
        self._move = compiled(self._move_chunk)

    def fill(
        self,
        prompt: np.ndarray,
        grammar: Grammar,
        given: np.ndarray,
        *,
        count: int,
        max_new_tokens: int,
        seed: int,
        num_particles: int = 64,
        resample_below: float = 0.5,
        first: int = 0,
    ) -> Filled:
        """Draws samples number first … first + count - 1 of `seed`, each from `num_particles` particles of its own.

        prompt int32[m] begins with BOS and is legal in `grammar`. given int32[n]: given[k] is the token that stands k
        places after the prompt, -1 where any may stand, -1 - t where any but t. After the last of them the document
        goes on as the model likes, to at most `max_new_tokens` tokens after the prompt; a given EOS fixes its length.
        Resamples where the effective sample size falls below the share `resample_below` of the particles (0: never).
        Raises InvalidValue, UsageError for a grammar with a budget, and ImpossibleConstraints when no document of the
        grammar holds what is given.
        """
        check_uncounted(grammar)
        given = checked(given, grammar.vocabulary_size)
        if not 1 <= num_particles <= MOST_PARTICLES:
            raise InvalidValue(f"The number of particles cannot be {num_particles}; it must be 1 to {MOST_PARTICLES}.")
        if len(given) > max_new_tokens:
            raise InvalidValue(
                f"A token is given at place {len(given)}, but the longest document has {max_new_tokens}."
            )
        reachable = reachability(grammar, given)
        if not reachable[0, grammar.unroll(prompt)[-1]]:
            raise ImpossibleConstraints("No document holds the tokens that are given where they are given; give fewer.")
        random, tables, lineage = generators(seed, first, count), Tables.of(grammar), Lineage()
        position = self._decoder.begin(prompt, grammar, count * num_particles)
        log_weights, log_evidence = tf.zeros((count, num_particles)), np.zeros(count)
        for begun in range(0, len(given), CHUNK):
            steps = min(CHUNK, len(given) - begun)
            places = np.minimum(begun + np.arange(CHUNK), len(given) - 1)
            uniform = np.stack([generator.random((CHUNK, num_particles + 1), np.float32) for generator in random], 1)
            position, log_weights, gained, tokens, parents = self._move(
                position, log_weights, tables, given[places], reachable[places + 1], uniform, tf.constant(steps),
                tf.constant(resample_below * num_particles, tf.float32),
            )  # fmt: skip
            log_evidence += gained.numpy()
            lineage.add(tokens.numpy()[:steps], parents.numpy()[:steps])
        log_evidence += log_mean(log_weights).numpy()[:, 0]
        # One particle of each set, by weight.
        cumulative = np.cumsum(tf.nn.softmax(log_weights).numpy().astype(np.float64), 1)
        chosen = [
            sample * num_particles + int(np.searchsorted(line, generator.random() * line[-1], side="right"))
            for sample, (line, generator) in enumerate(zip(cumulative, random, strict=True))
        ]
        rest = self._sampler.go_on(select(position, tf.constant(chosen)), tables, random, max_new_tokens - len(given))
        ends = np.concatenate([np.zeros((0, count), np.int32), *rest])
        samples = [
            np.r_[prompt, until_end(np.r_[lineage.of(row), end])].astype(np.int32)
            for row, end in zip(chosen, ends.T, strict=True)
        ]
        return Filled(samples, log_evidence)

    def _move_chunk(self, position: Position, log_weights: tf.Tensor, tables: Tables, given: tf.Tensor,
                    reachable: tf.Tensor, uniform: tf.Tensor, steps: tf.Tensor,
                    enough: tf.Tensor) -> tuple:  # fmt: skip
        """Up to `steps` tokens for N sets of P particles, which are rows of one batch.

        log_weights [N, P]; given int32[CHUNK]; reachable bool[CHUNK, S], after each of them; uniform [CHUNK, N, P + 1];
        `enough` is the effective sample size below which is resampled. Gives positions, weights, what the evidence has
        gained [N], and tokens and parents int32[CHUNK, N * P].
        """
        sets, particles = log_weights.shape
        vocabulary = tf.range(tables.allowed.shape[1])
        firsts = particles * tf.range(sets)[:, None]
        # Said outright: of a single particle, TensorFlow would take the number of rows to be unknown.
        rows = (sets * particles,)

        def move(t: tf.Tensor, position: Position, log_weights: tf.Tensor, gained: tf.Tensor, tokens: tf.TensorArray,
                 parents: tf.TensorArray) -> tuple:  # fmt: skip
            logits, memory = self._decoder.step(position, tables)
            # A document that ends cannot hold what is given later, so EOS comes only where it is given.
            free = (vocabulary != EOS) & (vocabulary != FREE - given[t])
            asked = tf.where(given[t] <= FREE, free, vocabulary == given[t])
            reaching = tf.gather(reachable[t], tf.gather(tables.next_state, position.state))
            fitting = tf.where(tf.gather(tables.allowed, position.state) & reaching & asked, logits, BLOCKED)
            share = tf.reduce_logsumexp(fitting, -1) - tf.reduce_logsumexp(logits, -1)
            log_weights += tf.reshape(share, log_weights.shape)
            weights = tf.nn.softmax(log_weights)
            worn = 1 / tf.reduce_sum(weights**2, -1, keepdims=True) < enough
            ancestors = tf.where(worn, systematic(weights, uniform[t, :, 0]), tf.range(particles)) + firsts
            parent = tf.reshape(ancestors, rows)
            gained += tf.where(worn, log_mean(log_weights), 0.0)[:, 0]
            log_weights = tf.where(worn, 0.0, log_weights)
            position = position._replace(memory=memory)
            # Copying the memory of all particles is dear, and most steps need not.
            position, fitting = tf.cond(
                tf.reduce_any(worn),
                lambda: (select(position, parent), tf.gather(fitting, parent)),
                lambda: (position, fitting),
            )
            token = choose(fitting, tf.reshape(uniform[t, :, 1:], rows))
            position = moved(tables, position, token)
            return t + 1, position, log_weights, gained, tokens.write(t, token), parents.write(t, parent)

        blank = tf.TensorArray(tf.int32, CHUNK, element_shape=position.token.shape).unstack(
            tf.zeros((CHUNK, sets * particles), tf.int32)
        )
        _, position, log_weights, gained, tokens, parents = tf.while_loop(
            lambda t, *_: t < steps, move, (0, position, log_weights, tf.zeros(sets), blank, blank),
            maximum_iterations=CHUNK,
        )  # fmt: skip
        return position, log_weights, gained, tokens.stack(), parents.stack()


def check_uncounted(grammar: Grammar) -> None:
    """Raises UsageError for a grammar with a budget: what may still be given does not follow from its states alone."""
    if grammar.budget is not None:
        raise UsageError("What is drawn around given tokens cannot be counted as well; leave out how long it is.")


def checked(given: np.ndarray, vocabulary: int) -> np.ndarray:
    """Given tokens as int32[n] up to the last that is given; raises InvalidValue for what is no token."""
    given = np.asarray(given)
    if given.ndim != 1 or not np.issubdtype(given.dtype, np.integer):
        raise InvalidValue(f"Given tokens cannot be {given.dtype}{list(given.shape)}; they must be a row of integers.")
    wrong = np.flatnonzero((given < FREE - vocabulary + 1) | (given >= vocabulary))
    if wrong.size:
        raise InvalidValue(
            f"The given token at place {wrong[0] + 1} cannot be {given[wrong[0]]}; "
            f"it must be between 0 and {vocabulary - 1}, -1 where any may stand, or -1 - t for any but t."
        )
    places = np.flatnonzero(given != FREE)
    return given[: places[-1] + 1 if places.size else 0].astype(np.int32)


def reachability(grammar: Grammar, given: np.ndarray) -> np.ndarray:
    """bool[n + 1, S]: whether the grammar, in state s after k of the places, can still pass all that is given.

    given int32[n], -1 where any token but EOS may stand, -1 - t any but that and t. One pass from the end over the
    edges of the grammar.
    """
    reachable = np.ones((len(given) + 1, grammar.state_count), bool)
    edges = {int(token): edges_without(grammar, FREE - int(token)) for token in np.unique(given[given <= FREE])}
    for place in reversed(range(len(given))):
        token, after = int(given[place]), reachable[place + 1]
        if token in edges:
            origins, targets = edges[token]
            reachable[place] = False
            reachable[place, origins[after[targets]]] = True
        elif token == EOS and place + 1 < len(given):
            reachable[place] = False
        else:
            reachable[place] = grammar.allowed[:, token] & after[grammar.next_state[:, token]]
    return reachable


def edges_without(grammar: Grammar, token: int) -> tuple[np.ndarray, np.ndarray]:
    """From and to which states the grammar moves by tokens other than EOS and `token`: int[edges] each."""
    moving = grammar.allowed.copy()
    moving[:, [EOS, token]] = False
    origins, tokens = np.nonzero(moving)
    # Tokens that lead from one state to the same other one are one edge here.
    edges = np.unique(origins * grammar.state_count + grammar.next_state[origins, tokens])
    origins, targets = np.divmod(edges, grammar.state_count)
    return origins, targets


def systematic(weights: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """Ancestors int32[N, P] by weights [N, P] that sum to 1, with one number uniform [N] in [0, 1) for each set.

    Particle i has floor(P w_i) or ceil(P w_i) children, P w_i on average.
    """
    particles = weights.shape[1]
    cumulative = tf.cumsum(weights, -1)
    cumulative /= cumulative[:, -1:]
    # Rounding up to 1 would point behind the last particle that has any weight.
    points = tf.minimum((tf.range(particles, dtype=tf.float32) + uniform[:, None]) / particles, 1 - 2.0**-24)
    return tf.reduce_sum(tf.cast(cumulative[:, None, :] <= points[:, :, None], tf.int32), -1)


def log_mean(log_weights: tf.Tensor) -> tf.Tensor:
    """ln of the mean weight of each set of particles, [N, 1] of [N, P]."""
    return tf.reduce_logsumexp(log_weights, -1, keepdims=True) - tf.math.log(float(log_weights.shape[1]))
