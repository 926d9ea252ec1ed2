"""Filters: how the model's distribution is changed before a token is drawn from it.

They apply in this order, each only where it is on (sampling_options.py):

    repetition penalty θ    z / θ if z > 0, else z θ, for every token that has occurred         Keskar et al. 2019, CTRL
    no repeated n-grams     a token that would complete an n-gram a second time is forbidden    Paulus et al. 2017
    temperature τ           z / τ
    top-k                   keeps the k likeliest tokens                                        Fan et al. 2018
    top-p (nucleus)         keeps the likeliest tokens that together have probability p         Holtzman et al. 2020
    min-p                   keeps tokens at least min_p times as likely as the likeliest        Nguyen et al. 2024
    named filters           functions of the logits, in the order of their names

z are the logits. Tokens of the prompt have occurred too. No filter allows a token that the grammar forbids, and none
forbids all tokens: where every allowed token would complete a repeated n-gram, that filter is off for one step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.decoding.sampling_options import MAX_NGRAM_SIZE, SamplingOptions
from seqgen.engine.layers.attention import MASKED_LOGIT
from seqgen.errors import UnknownName

FilterFunction = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
"""Takes logits float32[B, V], allowed bool[B, V] and a float32 scalar. Returns logits float32[B, V]."""
FindFilter = Callable[[str, float], FilterFunction]
"""Returns the function of a filter by its name; the same one each time. Raises UsageError for a wrong name or value."""


def no_filters(name: str, value: float) -> FilterFunction:
    """Raises UnknownName: a sampler has no named filters by default."""
    raise UnknownName("filter", name, ())


class EnabledFilters(NamedTuple):
    """The filters that a sampling loop is compiled with. A filter that is off costs nothing."""

    greedy: bool
    top_k: int
    top_p: bool
    min_p: bool
    repetition_penalty: bool
    no_repeat_ngram_size: int
    named: tuple[FilterFunction, ...] = ()

    @classmethod
    def from_options(cls, options: SamplingOptions, find_filter: FindFilter = no_filters) -> EnabledFilters:
        return cls(
            greedy=options.temperature == 0,
            top_k=options.top_k,
            top_p=options.top_p < 1,
            min_p=options.min_p > 0,
            repetition_penalty=options.repetition_penalty > 1,
            no_repeat_ngram_size=options.no_repeat_ngram_size,
            named=tuple(find_filter(name, value) for name, value in sorted(options.filters.items())),
        )


class FilterStrengths(NamedTuple):
    """The strengths of the filters, float32 scalars: a change of them compiles nothing anew."""

    temperature: tf.Tensor
    top_p: tf.Tensor
    min_p: tf.Tensor
    repetition_penalty: tf.Tensor
    named: tuple[tf.Tensor, ...] = ()

    @classmethod
    def from_options(cls, options: SamplingOptions) -> FilterStrengths:
        temperature, top_p, min_p, repetition_penalty, *named = (
            tf.constant(value, tf.float32)
            for value in (
                options.temperature,
                options.top_p,
                options.min_p,
                options.repetition_penalty,
                *(value for _, value in sorted(options.filters.items())),
            )
        )
        return cls(temperature, top_p, min_p, repetition_penalty, tuple(named))


class TokenHistory(NamedTuple):
    """What the filters need to know of the tokens so far. A part that no enabled filter needs is ()."""

    occurred: Any = ()  # bool[B, V], whether a token has occurred
    tokens: Any = ()  # int32[L, B], with room for the whole sequence
    length: Any = ()  # int32, how many of the L tokens are there

    @classmethod
    def from_prompt(
        cls, prompt: np.ndarray, count: int, max_new_tokens: int, vocabulary_size: int, enabled: EnabledFilters
    ) -> TokenHistory:
        """Returns the history of `count` sequences that begin with prompt int32[n], with room for `max_new_tokens`."""
        history = cls()
        if enabled.repetition_penalty:
            occurred = np.isin(np.arange(vocabulary_size), prompt)
            history = history._replace(occurred=tf.constant(np.tile(occurred, (count, 1))))
        if enabled.no_repeat_ngram_size:
            # A power of two, so that sequences of similar lengths share one compiled shape.
            room = 1 << (max(len(prompt) + max_new_tokens, MAX_NGRAM_SIZE) - 1).bit_length()
            column = np.concatenate([prompt, np.zeros(room - len(prompt), np.int32)]).astype(np.int32)
            tokens = tf.constant(np.tile(column[:, None], (1, count)))
            history = history._replace(tokens=tokens, length=tf.constant(len(prompt)))
        return history

    def append(self, token: tf.Tensor, enabled: EnabledFilters) -> TokenHistory:
        """Returns the history after one more token int32[B]."""
        history = self
        if enabled.repetition_penalty:
            one_hot = tf.one_hot(token, history.occurred.shape[-1], True, False)
            history = history._replace(occurred=history.occurred | one_hot)
        if enabled.no_repeat_ngram_size:
            tokens = tf.tensor_scatter_nd_update(history.tokens, [[history.length]], token[None])
            history = history._replace(tokens=tokens, length=history.length + 1)
        return history


def apply_filters(
    logits: tf.Tensor, allowed: tf.Tensor, history: TokenHistory, enabled: EnabledFilters, strengths: FilterStrengths
) -> tf.Tensor:
    """Returns the logits [B, V] to draw from. The grammar allows the tokens in allowed bool[B, V]."""
    if enabled.repetition_penalty:
        penalized = penalize_repetition(logits, strengths.repetition_penalty)
        logits = tf.where(history.occurred & allowed, penalized, logits)
    if enabled.no_repeat_ngram_size:
        repeated = completes_repeated_ngram(
            history.tokens, history.length, enabled.no_repeat_ngram_size, logits.shape[-1]
        )
        some_left = tf.reduce_any(allowed & ~repeated, -1, keepdims=True)
        logits = tf.where(repeated & some_left, MASKED_LOGIT, logits)
    if enabled.greedy:
        return apply_named_filters(logits, allowed, enabled.named, strengths.named)
    logits = logits / strengths.temperature
    if enabled.top_k or enabled.top_p:
        logits = keep_top_k_top_p(logits, enabled.top_k, strengths.top_p if enabled.top_p else None)
    if enabled.min_p:
        threshold = tf.reduce_max(logits, -1, keepdims=True) + tf.math.log(strengths.min_p)
        logits = tf.where(logits >= threshold, logits, MASKED_LOGIT)
    return apply_named_filters(logits, allowed, enabled.named, strengths.named)


def apply_named_filters(
    logits: tf.Tensor, allowed: tf.Tensor, functions: Sequence[FilterFunction], values: Sequence[tf.Tensor]
) -> tf.Tensor:
    """Returns the logits [B, V] after some functions, each with its value.

    Whatever a function returns, tokens that are not allowed bool[B, V] stay forbidden, and so do tokens whose logit is
    not a finite number. A function that forbids all tokens of a row is off in that row.
    """
    for function, value in zip(functions, values, strict=True):
        filtered = function(logits, allowed, value)
        filtered = tf.where(allowed & tf.math.is_finite(filtered), filtered, MASKED_LOGIT)
        some_left = tf.reduce_any(filtered > MASKED_LOGIT / 2, -1, keepdims=True)
        logits = tf.where(some_left, filtered, logits)
    return logits


def penalize_repetition(logits: tf.Tensor, penalty: tf.Tensor) -> tf.Tensor:
    """Returns smaller logits: positive ones are divided by the penalty, others multiplied, as in the code of CTRL."""
    return tf.where(logits > 0, logits / penalty, logits * penalty)


def completes_repeated_ngram(tokens: tf.Tensor, length: tf.Tensor, n: int, vocabulary_size: int) -> tf.Tensor:
    """Returns bool[B, V]: whether a token would complete an n-gram that the first `length` of tokens [L, B] contain."""
    starts = tokens.shape[0] - n + 1
    same = tf.fill((starts, tokens.shape[1]), True) & (tf.range(n - 1, n - 1 + starts) < length)[:, None]
    for place in range(n - 1):
        same &= tokens[place : place + starts] == tf.gather(tokens, tf.maximum(length - n + 1 + place, 0))
    last = tokens[n - 1 :]
    where = tf.stack([tf.broadcast_to(tf.range(tokens.shape[1]), last.shape), last], -1)
    nowhere = tf.zeros((tokens.shape[1], vocabulary_size), tf.int32)
    return tf.tensor_scatter_nd_max(nowhere, where, tf.cast(same, tf.int32)) > 0


def keep_top_k_top_p(logits: tf.Tensor, top_k: int, top_p: tf.Tensor | None) -> tf.Tensor:
    """Returns logits [B, V] with -1e9 for all but the top_k likeliest tokens (0: off) and the nucleus (None: off).

    The nucleus is that of the distribution after top-k. The likeliest token is always kept.
    """
    vocabulary_size = logits.shape[-1]
    descending = tf.sort(logits, -1, direction="DESCENDING")
    if top_k:
        descending = tf.where(tf.range(vocabulary_size) < top_k, descending, MASKED_LOGIT)
    if top_p is not None:
        probability = tf.nn.softmax(descending)
        before = tf.cumsum(probability, -1, exclusive=True)
        descending = tf.where((before < top_p) | (tf.range(vocabulary_size) == 0), descending, MASKED_LOGIT)
    threshold = tf.reduce_min(tf.where(descending > MASKED_LOGIT / 2, descending, descending[:, :1]), -1, keepdims=True)
    return tf.where(logits >= threshold, logits, MASKED_LOGIT)
