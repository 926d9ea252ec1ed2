"""Beam search: the likeliest sequences that a search W beams wide finds, ranked with a length penalty.

Sutskever et al. (2014), section 3.2, and Wu et al. (2016), *Google's Neural Machine Translation System*, equation 14:

    score(y) = ln p(y | prompt) / ((5 + n) / 6)^α          n tokens follow the prompt, EOS included

At each step, every one of the W beams that may end becomes a finished sequence with its EOS, and the best finished
sequences are kept. Of all continuations without EOS, the W likeliest become the new beams. The search ends when no beam
can reach the worst of the finished sequences: ln p only falls, so no score is above
ln p / ((5 + max_new_tokens) / 6)^α.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.decoding.decoder import Decoder, DecodingState, Lineage
from seqgen.engine.grammar_tables import GrammarTables
from seqgen.engine.model import Model
from seqgen.errors import InvalidValue
from seqgen.grammar import EOS, Grammar

CHUNK = 64
MAX_BEAMS = 4096
MAX_LENGTH_PENALTY = 10
MINUS_INFINITY = float("-inf")


class Hypothesis(NamedTuple):
    """A sequence that the search found."""

    ids: np.ndarray
    """int32[n], with prompt and EOS; without EOS if `max_new_tokens` cut it off."""
    log_probability: float
    """ln p(ids | prompt), in nats."""
    score: float
    """The log-probability with the length penalty."""


class _FinishedBeams(NamedTuple):
    """The best K sequences that have ended, best first; -inf in places that are still free."""

    score: tf.Tensor  # float32[K]
    log_probability: tf.Tensor  # float32[K]
    length: tf.Tensor  # int32[K], how many tokens stand before the EOS
    beam: tf.Tensor  # int32[K], the beam that they stand in

    @classmethod
    def none(cls, count: int) -> _FinishedBeams:
        nothing, zeros = tf.fill(count, MINUS_INFINITY), tf.zeros(count, tf.int32)
        return cls(nothing, nothing, zeros, zeros)

    def merge(self, others: _FinishedBeams) -> _FinishedBeams:
        """Returns the best K of these and of others."""
        score, order = tf.math.top_k(tf.concat([self.score, others.score], 0), self.score.shape[0])
        rest = (tf.gather(tf.concat(pair, 0), order) for pair in zip(self[1:], others[1:], strict=True))
        return _FinishedBeams(score, *rest)


class BeamSearch:
    """Searches a model. Compiled once for each number of beams and of results, and each shape of grammar."""

    def __init__(self, model: Model) -> None:
        self._decoder = Decoder(model)
        self._search = compiled(self._search_chunk)

    def search(
        self,
        prompt: np.ndarray,
        grammar: Grammar,
        *,
        num_beams: int,
        count: int,
        max_new_tokens: int,
        length_penalty: float,
        conditions: np.ndarray | None = None,
    ) -> list[Hypothesis]:
        """Returns the best `count` sequences that `num_beams` beams find, best first; fewer if there are not so many.

        The prompt int32[n] begins with BOS and is allowed by `grammar`. At most `max_new_tokens` follow it. Sequences
        that ended come first; beams that were cut off fill the remaining places. length_penalty is α: 0 ranks by
        probability alone, and more favours longer sequences. conditions int32[C, J] are what is known ahead. Raises
        InvalidValue.
        """
        if not 1 <= num_beams <= MAX_BEAMS:
            raise InvalidValue(f"The number of beams cannot be {num_beams}; it must be between 1 and {MAX_BEAMS}.")
        if not 1 <= count <= num_beams:
            raise InvalidValue(f"{count} sequences cannot come from {num_beams} beams; ask for at most one a beam.")
        if not 0 <= length_penalty <= MAX_LENGTH_PENALTY:
            raise InvalidValue(
                f"The length penalty cannot be {length_penalty}; it must be between 0 (none) and {MAX_LENGTH_PENALTY}."
            )
        known = None if conditions is None else [conditions]
        state, tables = (
            self._decoder.read_prompt(prompt, grammar, num_beams, known),
            GrammarTables.from_grammar(grammar),
        )
        # All beams begin alike, so only the first one counts.
        log_probability = tf.constant([0.0] + [MINUS_INFINITY] * (num_beams - 1))
        finished, lineage = _FinishedBeams.none(count), Lineage()
        limits = tf.constant(max_new_tokens), tf.constant(length_penalty, tf.float32)
        for begin in range(0, max_new_tokens, CHUNK):
            steps, state, log_probability, finished, tokens, parents = self._search(
                tf.constant(begin), state, log_probability, finished, tables, *limits
            )
            lineage.append(tokens.numpy()[: int(steps)], parents.numpy()[: int(steps)])
            if int(steps) < CHUNK:
                break
        hypotheses = [
            Hypothesis(np.r_[prompt, lineage.tokens(beam, length), EOS].astype(np.int32), log_p, score)
            for score, log_p, length, beam in zip(*(part.numpy().tolist() for part in finished), strict=True)
            if score > MINUS_INFINITY
        ]
        # The beams stand in the order of their probability.
        for beam, log_p in enumerate(log_probability.numpy().tolist()[: count - len(hypotheses)]):
            if log_p > MINUS_INFINITY:
                ids = np.r_[prompt, lineage.tokens(beam)].astype(np.int32)
                hypotheses.append(Hypothesis(ids, log_p, log_p / ((5 + max_new_tokens) / 6) ** length_penalty))
        return hypotheses

    def _search_chunk(self, begin: tf.Tensor, state: DecodingState, log_probability: tf.Tensor,
                      finished: _FinishedBeams, tables: GrammarTables, max_new_tokens: tf.Tensor,
                      length_penalty: tf.Tensor) -> tuple[Any, ...]:  # fmt: skip
        """Makes up to CHUNK steps of W beams whose ln p are log_probability [W].

        Returns the number of steps, the loop's variables after them, and tokens and parents int32[CHUNK, W].
        """
        num_beams, vocabulary_size = log_probability.shape[0], tables.allowed.shape[1]

        def penalty(length: tf.Tensor) -> tf.Tensor:
            return ((5 + tf.cast(length, tf.float32)) / 6) ** length_penalty

        def not_done(t: tf.Tensor, state: DecodingState, log_probability: tf.Tensor, finished: _FinishedBeams,
                     *_: object) -> tf.Tensor:  # fmt: skip
            best_possible = tf.reduce_max(log_probability) / penalty(max_new_tokens)
            return (begin + t < max_new_tokens) & (best_possible > finished.score[-1])

        def extend(t: tf.Tensor, state: DecodingState, log_probability: tf.Tensor, finished: _FinishedBeams,
                   tokens: tf.TensorArray, parents: tf.TensorArray) -> tuple[Any, ...]:  # fmt: skip
            logits, state = self._decoder.step(state, tables)
            extended = log_probability[:, None] + tf.nn.log_softmax(logits)
            # Logits that are not numbers end the search: no sequence that it returns holds a forbidden token.
            is_possible = state.allowed_tokens(tables) & ~tf.math.is_nan(extended)
            extended = tf.where(is_possible, extended, MINUS_INFINITY)
            length, ended = begin + t, extended[:, EOS]
            finished = finished.merge(
                _FinishedBeams(ended / penalty(length + 1), ended, tf.fill((num_beams,), length), tf.range(num_beams))
            )
            unended = tf.where(tf.range(vocabulary_size) == EOS, MINUS_INFINITY, extended)
            log_probability, place = tf.math.top_k(tf.reshape(unended, (-1,)), num_beams)
            parent, token = place // vocabulary_size, place % vocabulary_size
            state = state.select(parent).append(token, tables)
            return t + 1, state, log_probability, finished, tokens.write(t, token), parents.write(t, parent)

        zeros = tf.TensorArray(tf.int32, CHUNK, element_shape=(num_beams,)).unstack(
            tf.zeros((CHUNK, num_beams), tf.int32)
        )
        steps, state, log_probability, finished, tokens, parents = tf.while_loop(
            not_done, extend, (0, state, log_probability, finished, zeros, zeros), maximum_iterations=CHUNK
        )
        return steps, state, log_probability, finished, tokens.stack(), parents.stack()
