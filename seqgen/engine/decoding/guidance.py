"""Classifier-free guidance: samples that have more of what their prompt asks for.

Ho & Salimans (2022), *Classifier-Free Diffusion Guidance*, for sequences as in Sanchez et al. (2023), *Stay on Topic
with Classifier-Free Guidance*. The model reads the same document twice: after the prompt, which gives the logits z, and
after the unconditional prompt, which leaves out what is asked for and gives z'. The next token is drawn from

    z' + g (z - z')        that is, in proportion to p'(x) (p(x) / p'(x))^g

With strength g = 1 the unconditional prompt does not matter, with 0 the prompt does not, and above 1 everything that
the prompt makes likelier becomes likelier still. The prompt's grammar alone says what is allowed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.decoding.decoder import Decoder
from seqgen.engine.layers.attention import MASKED_LOGIT
from seqgen.errors import InvalidValue, UsageError

MAX_STRENGTH = 100


class Guidance(NamedTuple):
    """The documents that are drawn, as they stand after the unconditional prompt. All parts are () without guidance."""

    state: Any = ()
    """A DecodingState in the model's own grammar, whose state classes the model sees. It forbids nothing."""
    strength: Any = ()  # float32, scalar

    @classmethod
    def from_prompt(cls, decoder: Decoder, unconditional: np.ndarray | None, strength: float, count: int) -> Guidance:
        """Returns the guidance of `count` documents with the unconditional prompt int32[n]; none at strength 1.

        Raises InvalidValue for a strength out of range, and UsageError if there is no unconditional prompt.
        """
        if not 0 <= strength <= MAX_STRENGTH:
            raise InvalidValue(f"The guidance cannot be {strength}; it must be between 0 and {MAX_STRENGTH}.")
        if strength == 1:
            return cls()
        if unconditional is None:
            raise UsageError(
                "Guidance needs something that is asked for and could be left out, and this prompt has nothing of the "
                "kind; leave the guidance at 1."
            )
        state = decoder.read_prompt(unconditional, decoder.model.grammar, count)
        return cls(state, tf.constant(strength, tf.float32))

    def guide(self, decoder: Decoder, logits: tf.Tensor, allowed: tf.Tensor) -> tuple[tf.Tensor, Guidance]:
        """Reads the last token. Returns the guided logits [B, V], -1e9 where not allowed bool[B, V], and the guidance.

        For use in a compiled loop.
        """
        if not self.state:
            return logits, self
        unconditional, state = decoder.step(self.state, decoder.model.tables, allowed)
        guided = unconditional + self.strength * (logits - unconditional)
        return tf.where(allowed, guided, MASKED_LOGIT), self._replace(state=state)

    def append(self, decoder: Decoder, token: tf.Tensor) -> Guidance:
        """Returns the guidance after one more token int32[B], the one that was drawn."""
        return self._replace(state=self.state.append(token, decoder.model.tables)) if self.state else self
