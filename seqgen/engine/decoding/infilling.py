"""Infilling: some positions of a document are given, and the rest is drawn to fit, by sequential Monte Carlo.

A template says which token stands at each position. Let A_k be the tokens at position k that the grammar and the
template allow, and after which the grammar can still reach all that the template asks for later. Every particle moves
by the model restricted to A_k, and its weight w corrects for the restriction exactly:

    q(x | past) = p(x | past) / p(A_k | past)   for x in A_k             w ← w · p(A_k | past)

where p is the model's distribution under the grammar, and p(A_k | past) its sum over A_k. Where the template gives the
token, that is p(token | past), and the token is forced. The weighted particles stand for p(document | template).

The weight does not depend on the token that is about to be drawn. So it is updated, and the particles are resampled,
before the draw (the fully adapted particle filter of Pitt & Shephard 1999), and copies of one particle part at once.
Resampling is systematic (Kitagawa 1996). It happens when the effective sample size (Σw)² / Σw² has fallen below a share
of the number of particles. The product of the mean weights, one at each resampling and one at the end, is an unbiased
estimate of p(template), the evidence (Del Moral 2004).

Tokens that break a relation (seqgen/grammar/relations.py) are not in A_k, unless they and all that they are compared
with are given. Then the particles stand for p(document | template, relations). Where A_k is empty, a particle has
weight 0. Where all particles have, their set is drawn again (redrawing.py), and the evidence is that of this attempt.
After the last given token, a document goes on as in sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.conditioning import ConditionSource
from seqgen.engine.decoding.decoder import DecodingState, Lineage
from seqgen.engine.decoding.interruption import raise_if_stopped
from seqgen.engine.decoding.redrawing import draw_unbroken
from seqgen.engine.decoding.sampling import Sampler, Start, draw_token, random_generators, up_to_eos
from seqgen.engine.grammar_tables import GrammarTables
from seqgen.engine.layers.attention import MASKED_LOGIT
from seqgen.errors import ImpossibleConstraints, InvalidValue, UsageError
from seqgen.grammar import EOS, Grammar, Relations

CHUNK = 64
ANY_TOKEN = -1
"""In a template: any token but EOS may stand here. -1 - t stands for any token but EOS and t."""
MAX_PARTICLES = 4096


class InfillingResult(NamedTuple):
    """Documents that were drawn around given tokens."""

    samples: list[np.ndarray]
    """int32[n] each, with prompt and EOS; without EOS if `max_new_tokens` cut it off."""
    log_evidence: np.ndarray
    """float64[count], in nats: each sample's own estimate of ln p(given tokens | prompt)."""


class Infiller:
    """Draws documents around given tokens. Compiled once for each number of particles and shape of grammar."""

    def __init__(self, sampler: Sampler) -> None:
        """`sampler` reads the prompt, and draws what comes after the template."""
        self._sampler = sampler
        self._decoder = sampler.decoder
        self._move = compiled(self._move_chunk)

    def fill(
        self,
        prompt: np.ndarray,
        grammar: Grammar,
        template: np.ndarray,
        *,
        count: int,
        max_new_tokens: int,
        seed: int,
        num_particles: int = 64,
        resample_below: float = 0.5,
        first: int = 0,
        conditions: ConditionSource | None = None,
        relations: Relations | None = None,
    ) -> InfillingResult:
        """Draws samples number first … first + count - 1 of `seed`, each from `num_particles` particles of its own.

        The prompt int32[m] begins with BOS and is allowed by `grammar`. template int32[n] says what may stand k places
        after the prompt: the token template[k], any token if it is -1, any but t if it is -1 - t. After the last given
        token, the document goes on as the model likes, up to `max_new_tokens` after the prompt; a given EOS fixes its
        length. Resamples when the effective sample size is below `resample_below` times `num_particles` (0: never).

        What is drawn keeps the `relations`, also to what is given. Given tokens may break them among each other.

        Raises DrawingStopped, InvalidValue, UsageError for a grammar with a budget, and ImpossibleConstraints if no
        document of the grammar fits the template, or none is found that keeps the relations.
        """
        require_no_budget(grammar)
        template = check_template(template, grammar.vocabulary_size)
        if not 1 <= num_particles <= MAX_PARTICLES:
            raise InvalidValue(f"The number of particles cannot be {num_particles}; it must be 1 to {MAX_PARTICLES}.")
        if len(template) > max_new_tokens:
            raise InvalidValue(
                f"A token is given at place {len(template)}, but the longest document has {max_new_tokens}."
            )
        fits = states_that_fit(grammar, template)
        if not fits[0, grammar.unroll(prompt)[-1]]:
            raise ImpossibleConstraints("No document holds the tokens that are given where they are given; give fewer.")
        tables = self._decoder.tables(grammar, relations)
        known = [conditions.of(number, prompt) for number in range(first, first + count)] if conditions else None
        start = Start(self._decoder.read_prompt(prompt, grammar, count * num_particles, known, relations), tables)
        min_sample_size = tf.constant(resample_below * num_particles, tf.float32)

        def draw(random: Sequence[np.random.Generator]) -> tuple[list[tuple[np.ndarray, float]], np.ndarray]:
            return self._draw(prompt, start, template, fits, random, num_particles, max_new_tokens, min_sample_size)

        generators = random_generators(seed, range(first, first + count))
        samples, log_evidence = zip(*draw_unbroken(draw, generators), strict=True)
        return InfillingResult(list(samples), np.array(log_evidence))

    def _draw(
        self, prompt: np.ndarray, start: Start, template: np.ndarray, fits: np.ndarray,
        random: Sequence[np.random.Generator], num_particles: int, max_new_tokens: int, min_sample_size: tf.Tensor,
    ) -> tuple[list[tuple[np.ndarray, float]], np.ndarray]:  # fmt: skip
        """Draws one document from each set of particles, which begin in `start`, with one random generator a set.

        Returns the documents with their log-evidence, and whether each document has broken a relation, bool[count].
        """
        state, tables, lineage, count = start.state, start.tables, Lineage(), len(random)
        log_weights, log_evidence = tf.zeros((count, num_particles)), np.zeros(count)
        for begin in range(0, len(template), CHUNK):
            raise_if_stopped()
            steps = min(CHUNK, len(template) - begin)
            places = np.minimum(begin + np.arange(CHUNK), len(template) - 1)
            uniform = np.stack([generator.random((CHUNK, num_particles + 1), np.float32) for generator in random], 1)
            state, log_weights, gained, tokens, parents = self._move(
                state, log_weights, tables, template[places], fits[places + 1], uniform, tf.constant(steps),
                min_sample_size,
            )  # fmt: skip
            log_evidence += gained.numpy()
            lineage.append(tokens.numpy()[:steps], parents.numpy()[:steps])
        log_evidence += log_mean_weight(log_weights).numpy()[:, 0]
        chosen = draw_particles(tf.nn.softmax(log_weights).numpy(), random)
        rest = start._replace(state=state.select(tf.constant(chosen)))
        continued, is_broken = self._sampler.documents(rest, random, max_new_tokens - len(template))
        documents = []
        for row, more in zip(chosen, continued, strict=True):
            filled = up_to_eos(np.concatenate([lineage.tokens(row), more]))
            documents.append(np.concatenate([prompt, filled]).astype(np.int32))
        return list(zip(documents, log_evidence.tolist(), strict=True)), is_broken

    def _move_chunk(self, state: DecodingState, log_weights: tf.Tensor, tables: GrammarTables, template: tf.Tensor,
                    fits: tf.Tensor, uniform: tf.Tensor, steps: tf.Tensor,
                    min_sample_size: tf.Tensor) -> tuple[Any, ...]:  # fmt: skip
        """Draws up to `steps` tokens for N sets of P particles, which are the rows of one batch.

        log_weights [N, P]; template int32[CHUNK]; fits bool[CHUNK, S], for the states after each place of the template;
        uniform [CHUNK, N, P + 1]; min_sample_size: the effective sample size below which particles are resampled.
        Returns the state and the weights after the steps, the gain in log-evidence [N], and tokens and parents
        int32[CHUNK, N · P].
        """
        sets, particles = log_weights.shape
        vocabulary = tf.range(tables.vocabulary_size)
        first_rows = particles * tf.range(sets)[:, None]
        # A static shape: with a single particle, TensorFlow would otherwise not know the number of rows.
        rows = (sets * particles,)

        def move(t: tf.Tensor, state: DecodingState, log_weights: tf.Tensor, gained: tf.Tensor, tokens: tf.TensorArray,
                 parents: tf.TensorArray) -> tuple[Any, ...]:  # fmt: skip
            logits, state = self._decoder.step(state, tables)
            # A document that ends cannot hold what is given later, so EOS stands only where it is given.
            is_free = (vocabulary != EOS) & (vocabulary != ANY_TOKEN - template[t])
            in_template = tf.where(template[t] <= ANY_TOKEN, is_free, vocabulary == template[t])
            leads_on = tf.gather(fits[t], tables.next_states(state.grammar_state))
            allowed = tables.allowed(state.grammar_state) & leads_on & in_template
            is_given = tf.fill(state.token.shape, template[t] > ANY_TOKEN)
            kept = state.keep_relations(allowed, tables, is_given)
            is_alive = tf.reduce_any(kept, -1)
            allowed = tf.where(is_alive[:, None], kept, allowed)
            restricted = tf.where(allowed, logits, MASKED_LOGIT)
            log_p_allowed = tf.reduce_logsumexp(restricted, -1) - tf.reduce_logsumexp(logits, -1)
            # The weight 0, as a logarithm that is finite: the weights of a set stay numbers if all are 0.
            log_p_allowed = tf.where(is_alive, log_p_allowed, MASKED_LOGIT)
            log_weights += tf.reshape(log_p_allowed, log_weights.shape)
            weights = tf.nn.softmax(log_weights)
            resample = 1 / tf.reduce_sum(weights**2, -1, keepdims=True) < min_sample_size
            ancestors = tf.where(resample, systematic_resampling(weights, uniform[t, :, 0]), tf.range(particles))
            parent = tf.reshape(ancestors + first_rows, rows)
            gained += tf.where(resample, log_mean_weight(log_weights), 0.0)[:, 0]
            log_weights = tf.where(resample, 0.0, log_weights)
            # Copying the memory of all particles is expensive, and most steps need no copy.
            state, restricted, allowed = tf.cond(
                tf.reduce_any(resample),
                lambda: (state.select(parent), tf.gather(restricted, parent), tf.gather(allowed, parent)),
                lambda: (state, restricted, allowed),
            )
            token = draw_token(restricted, allowed, tf.reshape(uniform[t, :, 1:], rows))
            state = state.append(token, tables, is_given)
            return t + 1, state, log_weights, gained, tokens.write(t, token), parents.write(t, parent)

        zeros = tf.TensorArray(tf.int32, CHUNK, element_shape=state.token.shape).unstack(
            tf.zeros((CHUNK, sets * particles), tf.int32)
        )
        _, state, log_weights, gained, tokens, parents = tf.while_loop(
            lambda t, *_: t < steps, move, (0, state, log_weights, tf.zeros(sets), zeros, zeros),
            maximum_iterations=CHUNK,
        )  # fmt: skip
        return state, log_weights, gained, tokens.stack(), parents.stack()


def require_no_budget(grammar: Grammar) -> None:
    """Raises UsageError for a grammar with a budget: what may still come does not follow from its states alone."""
    if grammar.budget is not None:
        raise UsageError("What is drawn around given tokens cannot be counted as well; leave out how long it is.")


def check_template(template: np.ndarray, vocabulary_size: int) -> np.ndarray:
    """Returns a template as int32[n] up to its last given token. Raises InvalidValue for what is no template."""
    template = np.asarray(template)
    if template.ndim != 1 or not np.issubdtype(template.dtype, np.integer):
        raise InvalidValue(
            f"Given tokens cannot be {template.dtype}{list(template.shape)}; they must be a row of integers."
        )
    wrong = np.flatnonzero((template < ANY_TOKEN - vocabulary_size + 1) | (template >= vocabulary_size))
    if wrong.size:
        raise InvalidValue(
            f"The given token at place {wrong[0] + 1} cannot be {template[wrong[0]]}; "
            f"it must be between 0 and {vocabulary_size - 1}, -1 where any may stand, or -1 - t for any but t."
        )
    given = np.flatnonzero(template != ANY_TOKEN)
    return template[: given[-1] + 1 if given.size else 0].astype(np.int32)


def states_that_fit(grammar: Grammar, template: np.ndarray) -> np.ndarray:
    """Returns bool[n + 1, S]: whether the rest of the template can follow in state s after k of its places.

    Takes a template int32[n]. One pass over the edges of the grammar, from the end.
    """
    fits = np.ones((len(template) + 1, grammar.state_count), bool)
    edges = {int(entry): edges_without(grammar, ANY_TOKEN - int(entry)) for entry in np.unique(template[template < 0])}
    for place in reversed(range(len(template))):
        entry, after = int(template[place]), fits[place + 1]
        if entry in edges:
            origins, targets = edges[entry]
            fits[place] = False
            fits[place, origins[after[targets]]] = True
        elif entry == EOS and place + 1 < len(template):
            fits[place] = False
        else:
            fits[place] = grammar.allowed[:, entry] & after[grammar.next_state[:, entry]]
    return fits


def edges_without(grammar: Grammar, token: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the states from which, and to which, the grammar moves by tokens other than EOS and `token`."""
    allowed = grammar.allowed.copy()
    allowed[:, [EOS, token]] = False
    origins, tokens = np.nonzero(allowed)
    # Tokens that lead from one state to the same other state are one edge.
    edges = np.unique(origins * grammar.state_count + grammar.next_state[origins, tokens])
    origins, targets = np.divmod(edges, grammar.state_count)
    return origins, targets


def systematic_resampling(weights: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """Returns ancestors int32[N, P] for weights [N, P] that sum to 1, from one number uniform [N] in [0, 1) a set.

    Particle i has floor(P w_i) or ceil(P w_i) children, P w_i on average.
    """
    particles = weights.shape[1]
    cumulative = tf.cumsum(weights, -1)
    cumulative /= cumulative[:, -1:]
    # Rounding up to 1 would point behind the last particle that has any weight.
    points = tf.minimum((tf.range(particles, dtype=tf.float32) + uniform[:, None]) / particles, 1 - 2.0**-24)
    return tf.reduce_sum(tf.cast(cumulative[:, None, :] <= points[:, :, None], tf.int32), -1)


def draw_particles(weights: np.ndarray, random: Sequence[np.random.Generator]) -> list[int]:
    """Draws one particle of each set by weights [N, P], with one random generator a set. Returns N rows of N · P."""
    num_particles = weights.shape[1]
    chosen = []
    for number, (cumulative, generator) in enumerate(
        zip(np.cumsum(weights.astype(np.float64), 1), random, strict=True)
    ):
        particle = np.searchsorted(cumulative, generator.random() * cumulative[-1], side="right")
        chosen.append(number * num_particles + min(int(particle), num_particles - 1))
    return chosen


def log_mean_weight(log_weights: tf.Tensor) -> tf.Tensor:
    """Returns ln of the mean weight of each set of particles, [N, 1] for log_weights [N, P]."""
    return tf.reduce_logsumexp(log_weights, -1, keepdims=True) - tf.math.log(float(log_weights.shape[1]))
