"""A neural cache: what came after moments like this one is likely to come again.

Grave, Joulin & Usunier (2017), *Improving Neural Language Models with a Continuous Cache*, equations 2 and 3. The cache
keeps the last positions i, each with the output h_i of the model's last layer and the token x_{i+1} that came after it:

    p(w)       = (1 - λ) p_model(w) + λ p_cache(w)
    p_cache(w) ∝ Σ_i 1[x_{i+1} = w] exp(θ h_t · h_i)

The outputs are scaled to unit length: here they are sums of residuals of any size, and so θ means the same in models of
any size. Tokens that the grammar forbids at t are left out of the sum. If nothing is left, p = p_model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from seqgen.engine.layers.attention import MASKED_LOGIT
from seqgen.errors import InvalidValue
from seqgen.grammar import BOS

MAX_CACHE_SIZE = 100_000


class CacheEntries(NamedTuple):
    """The last S positions, the oldest first."""

    outputs: tf.Tensor  # [S, H], of unit length
    tokens: tf.Tensor  # int32[S], the token after each; BOS where there is no entry yet


@dataclass(frozen=True)
class NeuralCache:
    """The settings of a neural cache."""

    size: int = 500
    """How many positions the cache keeps."""
    interpolation: float = 0.1
    """λ: the weight of the cache in the mixture."""
    flatness: float = 20.0
    """θ: how much more similar positions count; 0 counts all alike."""

    def __post_init__(self) -> None:
        """Raises InvalidValue for a value out of range."""
        if not 1 <= self.size <= MAX_CACHE_SIZE:
            raise InvalidValue(f"The size of the cache cannot be {self.size}; it must be 1 to {MAX_CACHE_SIZE}.")
        if not 0 < self.interpolation < 1:
            raise InvalidValue(
                f"The interpolation of the cache cannot be {self.interpolation}; it must be between 0 and 1."
            )
        if not 0 <= self.flatness <= 1000:
            raise InvalidValue(f"The flatness of the cache cannot be {self.flatness}; it must be between 0 and 1000.")

    def no_entries(self, hidden_size: int) -> CacheEntries:
        """Returns an empty cache. No grammar allows BOS, so its entries never count."""
        return CacheEntries(tf.zeros((self.size, hidden_size)), tf.fill([self.size], BOS))

    def interpolate(self, log_probabilities: tf.Tensor, outputs: tf.Tensor, targets: tf.Tensor, allowed: tf.Tensor,
                    entries: CacheEntries) -> tuple[tf.Tensor, CacheEntries]:  # fmt: skip
        """Returns ln p of the mixture [T, V] over one segment of one document, and the entries after it.

        log_probabilities [T, V] and allowed bool[T, V] are of the token after each input, outputs [T, H] those of the
        last layer, targets int32[T] the tokens that came. Position t sees the positions before it alone.
        """
        steps, vocabulary_size = log_probabilities.shape
        outputs = tf.math.l2_normalize(outputs, -1)
        all_outputs = tf.concat([entries.outputs, outputs], 0)
        all_tokens = tf.concat([entries.tokens, targets], 0)
        distance = self.size + tf.range(steps)[:, None] - tf.range(self.size + steps)[None, :]
        counts = (distance >= 1) & (distance <= self.size) & tf.gather(allowed, all_tokens, axis=1)
        similarity = self.flatness * tf.matmul(outputs, all_outputs, transpose_b=True)
        weights = tf.nn.softmax(tf.where(counts, similarity, MASKED_LOGIT))
        # A sum by token. A product with one-hot rows would need memory for size times vocabulary.
        p_cache = tf.transpose(tf.math.unsorted_segment_sum(tf.transpose(weights), all_tokens, vocabulary_size))
        from_model = log_probabilities + tf.math.log1p(-self.interpolation)
        from_cache = tf.math.log(p_cache) + tf.math.log(self.interpolation)
        mixture = tf.where(
            tf.reduce_any(counts, 1, keepdims=True),
            tf.reduce_logsumexp(tf.stack([from_model, from_cache]), 0),
            log_probabilities,
        )
        return mixture, CacheEntries(all_outputs[-self.size :], all_tokens[-self.size :])
