"""A neural cache: what came after moments like this one is likely to come again.

Grave, Joulin & Usunier (2017), *Improving Neural Language Models with a Continuous Cache*, equations 2 and 3. Kept are
the last positions i, each as the output h_i of the model's last layer and the token x_{i+1} that came after it:

    p(w) = (1 - share) p_model(w) + share p_cache(w)
    p_cache(w) ∝ sum over kept i of 1[x_{i+1} = w] exp(sharpness h_t · h_i)

Outputs are taken at unit length: here they are sums of residuals of any size, and so `sharpness` means the same at any
width. Tokens that the grammar does not allow at t are left out of the sum; where nothing is left, p = p_model.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from seqgen.engine.layers.attention import BLOCKED
from seqgen.errors import InvalidValue
from seqgen.grammar import BOS

LARGEST = 100_000


class Cached(NamedTuple):
    """What is kept of the last S positions, the oldest first."""

    outputs: tf.Tensor  # [S, H], at unit length
    tokens: tf.Tensor  # int32[S], what came after each; BOS where nothing is kept yet


class NeuralCache(NamedTuple):
    """How much is kept, and how much it has to say."""

    size: int = 500
    """How many positions back."""
    share: float = 0.1
    """Of the mixture, the lambda of equation 3."""
    sharpness: float = 20.0
    """How much more alike moments count, the theta of equation 2; 0 counts all the same."""

    def check(self) -> None:
        """Raises InvalidValue for a cache that cannot be."""
        if not 1 <= self.size <= LARGEST:
            raise InvalidValue(f"The size of the cache cannot be {self.size}; it must be between 1 and {LARGEST}.")
        if not 0 < self.share < 1:
            raise InvalidValue(f"The share of the cache cannot be {self.share}; it must be between 0 and 1.")
        if not 0 <= self.sharpness <= 1000:
            raise InvalidValue(f"The cache's sharpness cannot be {self.sharpness}; it must be between 0 and 1000.")

    def empty(self, width: int) -> Cached:
        """Nothing kept yet. No grammar allows BOS, so such an entry never counts."""
        return Cached(tf.zeros((self.size, width)), tf.fill([self.size], BOS))

    def mix(self, log_probabilities: tf.Tensor, outputs: tf.Tensor, targets: tf.Tensor, allowed: tf.Tensor,
            cached: Cached) -> tuple[tf.Tensor, Cached]:  # fmt: skip
        """The mixture's log-probabilities [T, V] over one segment of one document, and what is kept after it.

        log_probabilities [T, V] and allowed bool[T, V] are of the token after each input, outputs [T, H] the last
        layer's, targets int32[T] the tokens that came; position t sees those of the positions before it.
        """
        steps, vocabulary = log_probabilities.shape
        outputs = tf.math.l2_normalize(outputs, -1)
        kept, tokens = tf.concat([cached.outputs, outputs], 0), tf.concat([cached.tokens, targets], 0)
        distance = self.size + tf.range(steps)[:, None] - tf.range(self.size + steps)[None, :]
        counts = (distance >= 1) & (distance <= self.size) & tf.gather(allowed, tokens, axis=1)
        alike = self.sharpness * tf.matmul(outputs, kept, transpose_b=True)
        weights = tf.nn.softmax(tf.where(counts, alike, BLOCKED))
        # A sum by token; a product with one-hot rows would need memory of size times vocabulary.
        by_token = tf.transpose(tf.math.unsorted_segment_sum(tf.transpose(weights), tokens, vocabulary))
        both = [log_probabilities + tf.math.log1p(-self.share), tf.math.log(by_token) + tf.math.log(self.share)]
        mixed = tf.where(
            tf.reduce_any(counts, 1, keepdims=True), tf.reduce_logsumexp(tf.stack(both), 0), log_probabilities
        )
        return mixed, Cached(kept[-self.size :], tokens[-self.size :])
