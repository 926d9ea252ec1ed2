"""Beam search: the likeliest sequences that a search W wide finds, ranked with a length penalty.

Sutskever et al. (2014), section 3.2, and Wu et al. (2016), *Google's Neural Machine Translation System*, equation 14:

    score(y) = ln p(y | prompt) / ((5 + n) / 6)^α          n tokens follow the prompt, EOS included

At every step each of the W beams that may end here is offered, with its EOS, to the finished sequences, of which the
best are kept; and of all continuations without an EOS the W likeliest go on. The search is over when no beam that goes
on can still reach the worst of the finished ones: ln p only falls, so no score is above
ln p / ((5 + max_new_tokens) / 6)^α.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.decoding.decoder import Decoder, Lineage, Position, legal, moved, select
from seqgen.engine.model import Model, Tables
from seqgen.errors import InvalidValue
from seqgen.grammar import EOS, Grammar

CHUNK = 64
WIDEST = 4096
NEVER = float("-inf")


class Hypothesis(NamedTuple):
    """A sequence that was found."""

    ids: np.ndarray
    """int32[n], prompt and EOS included; no EOS where the longest allowed length cut it off."""
    log_probability: float
    """ln p(ids | prompt), in nats."""
    score: float
    """The same with the length penalty."""


class _Finished(NamedTuple):
    """The best K sequences that have ended, best first; -inf in the places that are still free."""

    score: tf.Tensor  # float32[K]
    log_probability: tf.Tensor  # float32[K]
    step: tf.Tensor  # int32[K], how many tokens stand before the EOS
    beam: tf.Tensor  # int32[K], the beam that they stand in

    def with_endings(self, endings: _Finished) -> _Finished:
        """The best K of these and of others."""
        score, order = tf.math.top_k(tf.concat([self.score, endings.score], 0), self.score.shape[0])
        others = (tf.gather(tf.concat(pair, 0), order) for pair in zip(self[1:], endings[1:], strict=True))
        return _Finished(score, *others)


class BeamSearch:
    """Searches a model; compiled once for each number of beams and results and each shape of grammar."""

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
    ) -> list[Hypothesis]:
        """The best `count` sequences found with `num_beams` beams, best first; fewer where there are not so many.

        prompt int32[n] begins with BOS and is legal in `grammar`; at most `max_new_tokens` tokens follow it. Sequences
        that ended come first; beams that were cut off fill the places that they leave. length_penalty is the α of the
        formula: 0 ranks by probability alone, more favours longer sequences. Raises InvalidValue.
        """
        if not 1 <= num_beams <= WIDEST:
            raise InvalidValue(f"The number of beams cannot be {num_beams}; it must be between 1 and {WIDEST}.")
        if not 1 <= count <= num_beams:
            raise InvalidValue(f"{count} sequences cannot come from {num_beams} beams; ask for at most one a beam.")
        if not 0 <= length_penalty <= 10:
            raise InvalidValue(f"The length penalty cannot be {length_penalty}; it must be between 0 (none) and 10.")
        position, tables, lineage = self._decoder.begin(prompt, grammar, num_beams), Tables.of(grammar), Lineage()
        # All beams begin alike: only the first one counts.
        total = tf.constant([0.0] + [NEVER] * (num_beams - 1))
        finished = _Finished(*(tf.fill(count, NEVER) for _ in range(2)), *(tf.zeros(count, tf.int32) for _ in range(2)))
        limits = (tf.constant(max_new_tokens), tf.constant(length_penalty, tf.float32))
        for begun in range(0, max_new_tokens, CHUNK):
            steps, position, total, finished, tokens, parents = self._search(
                tf.constant(begun), position, total, finished, tables, *limits
            )
            lineage.add(tokens.numpy()[: int(steps)], parents.numpy()[: int(steps)])
            if int(steps) < CHUNK:
                break
        found = [
            Hypothesis(np.r_[prompt, lineage.of(beam, step), EOS].astype(np.int32), log_probability, score)
            for score, log_probability, step, beam in zip(*(part.numpy().tolist() for part in finished), strict=True)
            if score > NEVER
        ]
        # The beams stand in the order of their probability.
        for beam, log_probability in enumerate(total.numpy().tolist()[: count - len(found)]):
            if log_probability > NEVER:
                ids = np.r_[prompt, lineage.of(beam)].astype(np.int32)
                found.append(
                    Hypothesis(ids, log_probability, log_probability / ((5 + max_new_tokens) / 6) ** length_penalty)
                )
        return found

    def _search_chunk(self, begun: tf.Tensor, position: Position, total: tf.Tensor, finished: _Finished,
                      tables: Tables, max_new_tokens: tf.Tensor, length_penalty: tf.Tensor) -> tuple:  # fmt: skip
        """Up to CHUNK steps of beams whose ln p are total [W]: the steps taken, what is carried, tokens and parents."""
        beams, vocabulary = total.shape[0], tables.allowed.shape[1]

        def penalty(length: tf.Tensor) -> tf.Tensor:
            return ((5 + tf.cast(length, tf.float32)) / 6) ** length_penalty

        def promising(t: tf.Tensor, position: Position, total: tf.Tensor, finished: _Finished, *_: object) -> tf.Tensor:
            return (begun + t < max_new_tokens) & (tf.reduce_max(total) / penalty(max_new_tokens) > finished.score[-1])

        def extend(t: tf.Tensor, position: Position, total: tf.Tensor, finished: _Finished, tokens: tf.TensorArray,
                   parents: tf.TensorArray) -> tuple:  # fmt: skip
            logits, memory = self._decoder.step(position, tables)
            allowed = legal(tables, position)
            extended = tf.where(allowed, total[:, None] + tf.nn.log_softmax(logits), NEVER)
            before = begun + t
            ended = extended[:, EOS]
            finished = finished.with_endings(
                _Finished(ended / penalty(before + 1), ended, tf.fill((beams,), before), tf.range(beams))
            )
            lasting = tf.where(tf.range(vocabulary) == EOS, NEVER, extended)
            total, place = tf.math.top_k(tf.reshape(lasting, (-1,)), beams)
            parent, token = place // vocabulary, place % vocabulary
            position = moved(tables, select(position._replace(memory=memory), parent), token)
            return t + 1, position, total, finished, tokens.write(t, token), parents.write(t, parent)

        blank = tf.TensorArray(tf.int32, CHUNK, element_shape=(beams,)).unstack(tf.zeros((CHUNK, beams), tf.int32))
        taken, position, total, finished, tokens, parents = tf.while_loop(
            promising, extend, (0, position, total, finished, blank, blank), maximum_iterations=CHUNK
        )
        return taken, position, total, finished, tokens.stack(), parents.stack()
