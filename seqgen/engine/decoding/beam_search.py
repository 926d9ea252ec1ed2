"""Beam search: the likeliest sequences that a search W beams wide finds, ranked with a length penalty.

Sutskever et al. (2014), section 3.2, and Wu et al. (2016), *Google's Neural Machine Translation System*, equation 14:

    score(y) = ln p(y | prompt) / ((5 + n) / 6)^α          n tokens follow the prompt, EOS included

At each step, every one of the W beams that may end becomes a finished sequence with its EOS, and the best finished
sequences are kept. Of all continuations without EOS, the W likeliest become the new beams. The search ends when no beam
can reach the worst of the finished sequences: ln p only falls, so no score is above
ln p / ((5 + max_new_tokens) / 6)^α. With `early_stopping` it ends when no beam that ended at once would reach it, which
is often much earlier, and misses a longer sequence only if its next tokens are nearly certain. P prompts are searched
side by side, in one batch of P·W rows, until all of them have ended; what is found for one does not depend on the
others.

Relations (seqgen/grammar/relations.py) leave sequences out, and do not change the probability of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.decoding.decoder import EVERY_TOKEN, Decoder, DecodingState, Lineage, NextTokens, Precision
from seqgen.engine.grammar_tables import GrammarTables
from seqgen.engine.model import Model
from seqgen.errors import InvalidValue
from seqgen.grammar import EOS, Grammar, Relations

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
    """For each prompt the best K sequences that have ended, best first; -inf in places that are still free."""

    score: tf.Tensor  # float32[P, K]
    log_probability: tf.Tensor  # float32[P, K]
    length: tf.Tensor  # int32[P, K], how many tokens stand before the EOS
    row: tf.Tensor  # int32[P, K], the row of the batch that they stand in

    @classmethod
    def none(cls, num_prompts: int, count: int) -> _FinishedBeams:
        nothing, zeros = tf.fill((num_prompts, count), MINUS_INFINITY), tf.zeros((num_prompts, count), tf.int32)
        return cls(nothing, nothing, zeros, zeros)

    def merge(self, others: _FinishedBeams) -> _FinishedBeams:
        """Returns the best K of these and of others."""
        score, order = tf.math.top_k(tf.concat([self.score, others.score], 1), self.score.shape[1])
        rest = (tf.gather(tf.concat(pair, 1), order, batch_dims=1) for pair in zip(self[1:], others[1:], strict=True))
        return _FinishedBeams(score, *rest)


class BeamSearch:
    """Searches a model. Compiled once for each number of prompts, beams and results, and each shape of grammar."""

    def __init__(self, model: Model, precision: Precision = "float32") -> None:
        """Prepares the search. For `precision` see `Decoder`."""
        self._decoder = Decoder(model, precision)
        self._search = compiled(self._search_chunk)

    def search(
        self,
        prompts: Sequence[np.ndarray],
        grammar: Grammar,
        *,
        num_beams: int,
        count: int,
        max_new_tokens: int,
        length_penalty: float,
        conditions: Sequence[np.ndarray] | None = None,
        relations: Relations | None = None,
        accepts: Callable[[np.ndarray], bool] | None = None,
        next_tokens: NextTokens | None = None,
        early_stopping: bool = False,
    ) -> list[list[Hypothesis]]:
        """Returns for each prompt the best `count` sequences that `num_beams` beams find, best first.

        There are fewer if the search finds no more. Each prompt int32[n] begins with BOS and is allowed by `grammar`.
        At most `max_new_tokens` follow it. Sequences that ended come first; beams that were cut off fill the remaining
        places. length_penalty is α: 0 ranks by probability alone, and more favours longer sequences. conditions are
        what is known ahead of the document of each prompt, int32[C, J]. All that is found keeps the `relations`.
        `accepts` says of a document that ended whether it is legal: of the best `num_beams` that ended, those that are
        not are left out. `next_tokens` says which tokens may follow a document, beside the grammar; it is slow, because
        it is asked for every token of every beam. Raises InvalidValue.
        """
        if not 1 <= num_beams <= MAX_BEAMS:
            raise InvalidValue(f"The number of beams cannot be {num_beams}; it must be between 1 and {MAX_BEAMS}.")
        if not 1 <= count <= num_beams:
            raise InvalidValue(f"{count} sequences cannot come from {num_beams} beams; ask for at most one a beam.")
        if not 0 <= length_penalty <= MAX_LENGTH_PENALTY:
            raise InvalidValue(
                f"The length penalty cannot be {length_penalty}; it must be between 0 (none) and {MAX_LENGTH_PENALTY}."
            )
        state = self._decoder.read_prompts(prompts, grammar, num_beams, conditions, relations)
        tables = self._decoder.tables(grammar, relations)
        # All beams of a prompt begin alike, so only the first one counts.
        log_probability = tf.constant([[0.0] + [MINUS_INFINITY] * (num_beams - 1)] * len(prompts))
        finished = _FinishedBeams.none(len(prompts), count if accepts is None else num_beams)
        lineage = Lineage()
        limits = tf.constant(max_new_tokens), tf.constant(length_penalty, tf.float32), tf.constant(early_stopping)
        masks, chunk = EVERY_TOKEN, CHUNK
        for begin in range(0, max_new_tokens, CHUNK if next_tokens is None else 1):
            if next_tokens is not None:
                rows = range(len(prompts) * num_beams)
                documents = [np.r_[prompts[row // num_beams], lineage.tokens(row)].astype(np.int32) for row in rows]
                masks, chunk = np.stack([next_tokens(ids) for ids in documents]).astype(bool), 1
            steps, state, log_probability, finished, tokens, parents = self._search(
                tf.constant(begin), tf.constant(chunk), state, log_probability, finished, tables, *limits, masks
            )
            lineage.append(tokens.numpy()[: int(steps)], parents.numpy()[: int(steps)])
            if int(steps) < chunk:
                break
        results: list[list[Hypothesis]] = []
        alive, ended = log_probability.numpy(), [part.numpy() for part in finished]
        for number, prompt in enumerate(prompts):
            hypotheses = [
                Hypothesis(np.r_[prompt, lineage.tokens(row, length), EOS].astype(np.int32), log_p, score)
                for score, log_p, length, row in zip(*(part[number].tolist() for part in ended), strict=True)
                if score > MINUS_INFINITY
            ]
            if accepts is not None:
                hypotheses = [hypothesis for hypothesis in hypotheses if accepts(hypothesis.ids)][:count]
            # The beams stand in the order of their probability.
            for beam, log_p in enumerate(alive[number].tolist()[: count - len(hypotheses)]):
                if log_p > MINUS_INFINITY:
                    ids = np.r_[prompt, lineage.tokens(number * num_beams + beam)].astype(np.int32)
                    hypotheses.append(Hypothesis(ids, log_p, log_p / ((5 + max_new_tokens) / 6) ** length_penalty))
            results.append(hypotheses)
        return results

    def _search_chunk(self, begin: tf.Tensor, max_steps: tf.Tensor, state: DecodingState, log_probability: tf.Tensor,
                      finished: _FinishedBeams, tables: GrammarTables, max_new_tokens: tf.Tensor,
                      length_penalty: tf.Tensor, early_stopping: tf.Tensor,
                      masks: tf.Tensor) -> tuple[Any, ...]:  # fmt: skip
        """Makes up to `max_steps` steps of W beams of P prompts, whose ln p are log_probability [P, W].

        masks: which tokens may come, beside the grammar, bool[P·W, V], or bool[1, 1]

        Returns the number of steps, the loop's variables after them, and tokens and parents int32[CHUNK, P·W].
        """
        (num_prompts, num_beams), vocabulary_size = log_probability.shape, tables.vocabulary_size
        rows = tf.reshape(tf.range(num_prompts * num_beams), (num_prompts, num_beams))

        def penalty(length: tf.Tensor) -> tf.Tensor:
            return ((5 + tf.cast(length, tf.float32)) / 6) ** length_penalty

        def not_done(t: tf.Tensor, state: DecodingState, log_probability: tf.Tensor, finished: _FinishedBeams,
                     *_: object) -> tf.Tensor:  # fmt: skip
            # A beam cannot end before the next token.
            length = tf.where(early_stopping, begin + t + 1, max_new_tokens)
            best_possible = tf.reduce_max(log_probability, 1) / penalty(length)
            is_within = (t < max_steps) & (begin + t < max_new_tokens)
            return is_within & tf.reduce_any(best_possible > finished.score[:, -1])

        def extend(t: tf.Tensor, state: DecodingState, log_probability: tf.Tensor, finished: _FinishedBeams,
                   tokens: tf.TensorArray, parents: tf.TensorArray) -> tuple[Any, ...]:  # fmt: skip
            logits, state = self._decoder.step(state, tables)
            extended = tf.reshape(log_probability, (-1, 1)) + tf.nn.log_softmax(logits)
            # Logits that are not numbers end the search: no sequence that it returns holds a forbidden token.
            is_kept = state.keep_relations(state.allowed_tokens(tables), tables) & masks
            is_possible = is_kept & ~tf.math.is_nan(extended)
            extended = tf.where(is_possible, extended, MINUS_INFINITY)
            length, ended = begin + t, tf.reshape(extended[:, EOS], rows.shape)
            finished = finished.merge(
                _FinishedBeams(ended / penalty(length + 1), ended, tf.fill(rows.shape, length), rows)
            )
            unended = tf.where(tf.range(vocabulary_size) == EOS, MINUS_INFINITY, extended)
            log_probability, place = tf.math.top_k(tf.reshape(unended, (num_prompts, -1)), num_beams)
            parent = tf.reshape(rows[:, :1] + place // vocabulary_size, (-1,))
            token = tf.reshape(place % vocabulary_size, (-1,))
            state = state.select(parent).append(token, tables)
            return t + 1, state, log_probability, finished, tokens.write(t, token), parents.write(t, parent)

        zeros = tf.TensorArray(tf.int32, CHUNK, element_shape=(num_prompts * num_beams,)).unstack(
            tf.zeros((CHUNK, num_prompts * num_beams), tf.int32)
        )
        steps, state, log_probability, finished, tokens, parents = tf.while_loop(
            not_done, extend, (0, state, log_probability, finished, zeros, zeros), maximum_iterations=CHUNK
        )
        return steps, state, log_probability, finished, tokens.stack(), parents.stack()
