"""Filters: how the model's distribution is changed before a token is drawn from it.

In this order, each only where it is asked for:

    repetition penalty θ    z / θ where z > 0, else z θ, for every token that has occurred     Keskar et al. 2019, CTRL
    no repeated n-grams     a token that would complete an n-gram for the second time is out   Paulus et al. 2017
    temperature τ           z / τ
    top-k                   the k likeliest tokens                                             Fan et al. 2018
    top-p (nucleus)         the likeliest tokens that together have probability p              Holtzman et al. 2020
    min-p                   tokens at least min_p times as likely as the likeliest             Nguyen et al. 2024

What has occurred is the whole sequence, its prompt included. No filter makes a token legal that the grammar forbids,
and none leaves nothing: where every legal token would complete a repeated n-gram, that filter yields for one step.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.layers.attention import BLOCKED
from seqgen.errors import InvalidValue

LONGEST_NGRAM = 100


class Switches(NamedTuple):
    """Which filters a loop is compiled with: one that is off costs nothing."""

    greedy: bool
    top_k: int
    top_p: bool
    min_p: bool
    repetition_penalty: bool
    no_repeat_ngram_size: int


class Strengths(NamedTuple):
    """How strong the filters are, float32 scalars: they can change without compiling again."""

    temperature: tf.Tensor
    top_p: tf.Tensor
    min_p: tf.Tensor
    repetition_penalty: tf.Tensor


class Filters(NamedTuple):
    """How the model's distribution is changed before the draw."""

    temperature: float = 1.0
    """Divides the logits: below 1 is bolder about what is likely; 0 takes the likeliest (greedy)."""
    top_k: int = 0
    """Only the k likeliest tokens; 0 is all."""
    top_p: float = 1.0
    """Only the likeliest tokens that together have probability p."""
    min_p: float = 0.0
    """Only tokens with at least this share of the likeliest one's probability."""
    repetition_penalty: float = 1.0
    """Makes tokens that have occurred less likely; 1 is off."""
    no_repeat_ngram_size: int = 0
    """No n-gram of this length occurs twice; 0 is off."""

    def check(self) -> None:
        """Raises InvalidValue for a filter that leaves nothing to draw from."""
        if not (self.temperature == 0 or 0.01 <= self.temperature <= 100):
            raise InvalidValue(f"The temperature cannot be {self.temperature}; it must be 0, or between 0.01 and 100.")
        if self.top_k < 0:
            raise InvalidValue(f"top-k cannot be {self.top_k}; it must be 0 (all) or more.")
        if not (0 < self.top_p <= 1):
            raise InvalidValue(f"top-p cannot be {self.top_p}; it must be above 0 and at most 1.")
        if not (0 <= self.min_p <= 1):
            raise InvalidValue(f"min-p cannot be {self.min_p}; it must be between 0 (off) and 1.")
        if not (1 <= self.repetition_penalty <= 100):
            raise InvalidValue(
                f"The repetition penalty cannot be {self.repetition_penalty}; it must be between 1 (off) and 100."
            )
        if not (0 <= self.no_repeat_ngram_size <= LONGEST_NGRAM):
            raise InvalidValue(
                f"no_repeat_ngram_size cannot be {self.no_repeat_ngram_size}; "
                f"it must be between 0 (off) and {LONGEST_NGRAM}."
            )

    @property
    def switches(self) -> Switches:
        return Switches(
            greedy=self.temperature == 0,
            top_k=self.top_k,
            top_p=self.top_p < 1,
            min_p=self.min_p > 0,
            repetition_penalty=self.repetition_penalty > 1,
            no_repeat_ngram_size=self.no_repeat_ngram_size,
        )

    @property
    def strengths(self) -> Strengths:
        values = (self.temperature, self.top_p, self.min_p, self.repetition_penalty)
        return Strengths(*(tf.constant(value, tf.float32) for value in values))


class Past(NamedTuple):
    """What the filters must know of the tokens so far; a part that none of them needs is ()."""

    seen: Any = ()  # bool[B, V], whether a token has occurred
    tokens: Any = ()  # int32[L, B], room for the whole sequence
    length: Any = ()  # int32, how many of them are there

    @classmethod
    def of(cls, prompt: np.ndarray, count: int, max_new_tokens: int, vocabulary: int, switches: Switches) -> Past:
        """The past of `count` sequences that begin with prompt int32[n] and grow by at most `max_new_tokens`."""
        past = cls()
        if switches.repetition_penalty:
            past = past._replace(seen=tf.constant(np.tile(np.isin(np.arange(vocabulary), prompt), (count, 1))))
        if switches.no_repeat_ngram_size:
            # A power of two: sequences of similar lengths share one compiled shape.
            room = 1 << (max(len(prompt) + max_new_tokens, LONGEST_NGRAM) - 1).bit_length()
            column = np.concatenate([prompt, np.zeros(room - len(prompt), np.int32)]).astype(np.int32)
            tokens = tf.constant(np.tile(column[:, None], (1, count)))
            past = past._replace(tokens=tokens, length=tf.constant(len(prompt)))
        return past

    def with_token(self, token: tf.Tensor, switches: Switches) -> Past:
        """The past after one more token int32[B]."""
        past = self
        if switches.repetition_penalty:
            past = past._replace(seen=past.seen | tf.one_hot(token, past.seen.shape[-1], True, False))
        if switches.no_repeat_ngram_size:
            tokens = tf.tensor_scatter_nd_update(past.tokens, [[past.length]], token[None])
            past = past._replace(tokens=tokens, length=past.length + 1)
        return past


def filtered(logits: tf.Tensor, allowed: tf.Tensor, past: Past, switches: Switches, strengths: Strengths) -> tf.Tensor:
    """The logits [B, V] to draw from, where allowed bool[B, V] is what the grammar lets through."""
    if switches.repetition_penalty:
        logits = tf.where(past.seen & allowed, penalised(logits, strengths.repetition_penalty), logits)
    if switches.no_repeat_ngram_size:
        repeats = completes_again(past.tokens, past.length, switches.no_repeat_ngram_size, logits.shape[-1])
        some_left = tf.reduce_any(allowed & ~repeats, -1, keepdims=True)
        logits = tf.where(repeats & some_left, BLOCKED, logits)
    if switches.greedy:
        return logits
    logits = logits / strengths.temperature
    if switches.top_k or switches.top_p:
        logits = keep_likeliest(logits, switches.top_k, strengths.top_p if switches.top_p else None)
    if switches.min_p:
        least = tf.reduce_max(logits, -1, keepdims=True) + tf.math.log(strengths.min_p)
        logits = tf.where(logits >= least, logits, BLOCKED)
    return logits


def penalised(logits: tf.Tensor, penalty: tf.Tensor) -> tf.Tensor:
    """Logits made smaller: those above 0 are divided, the others multiplied (as the code of CTRL does it)."""
    return tf.where(logits > 0, logits / penalty, logits * penalty)


def completes_again(tokens: tf.Tensor, length: tf.Tensor, n: int, vocabulary: int) -> tf.Tensor:
    """bool[B, V]: the tokens that would complete an n-gram that has occurred in the first `length` of tokens [L, B]."""
    starts = tokens.shape[0] - n + 1
    same = tf.fill((starts, tokens.shape[1]), True) & (tf.range(n - 1, n - 1 + starts) < length)[:, None]
    for place in range(n - 1):
        same &= tokens[place : place + starts] == tf.gather(tokens, tf.maximum(length - n + 1 + place, 0))
    last = tokens[n - 1 :]
    where = tf.stack([tf.broadcast_to(tf.range(tokens.shape[1]), last.shape), last], -1)
    nowhere = tf.zeros((tokens.shape[1], vocabulary), tf.int32)
    return tf.tensor_scatter_nd_max(nowhere, where, tf.cast(same, tf.int32)) > 0


def keep_likeliest(logits: tf.Tensor, top_k: int, top_p: tf.Tensor | None) -> tf.Tensor:
    """logits [B, V] with all but the top_k likeliest (0: all) and the nucleus of top_p (None: all) at -1e9.

    Top-p looks at what top-k has left, renormalised. The likeliest token always stays.
    """
    vocabulary = logits.shape[-1]
    descending = tf.sort(logits, -1, direction="DESCENDING")
    if top_k:
        descending = tf.where(tf.range(vocabulary) < top_k, descending, BLOCKED)
    if top_p is not None:
        probability = tf.nn.softmax(descending)
        before = tf.cumsum(probability, -1, exclusive=True)
        descending = tf.where((before < top_p) | (tf.range(vocabulary) == 0), descending, BLOCKED)
    least = tf.reduce_min(tf.where(descending > BLOCKED / 2, descending, descending[:, :1]), -1, keepdims=True)
    return tf.where(logits >= least, logits, BLOCKED)
