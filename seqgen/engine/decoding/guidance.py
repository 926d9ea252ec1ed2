"""Classifier-free guidance: samples that are more of what their prompt asks for.

Ho & Salimans (2022), *Classifier-Free Diffusion Guidance*, for sequences as Sanchez et al. (2023), *Stay on Topic with
Classifier-Free Guidance*. The same document is read twice: after the prompt, which gives logits z, and after another
one, the unconditional prompt, which does not say what is asked for and gives z'. Its next token is drawn from

    z' + g (z − z')

that is, in proportion to p'(x) (p(x) / p'(x))^g. At g = 1 the unconditional prompt does not matter, at 0 the prompt
does not, and above 1 what the prompt makes likelier becomes likelier still. The grammar is that of the prompt alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.decoding.decoder import Decoder, moved
from seqgen.engine.layers.attention import BLOCKED
from seqgen.errors import InvalidValue, UsageError

STRONGEST = 100


class Guidance(NamedTuple):
    """The documents that are drawn, as they stand after the unconditional prompt; () where nothing is guided."""

    position: Any = ()
    """A Position whose states are of the model's own grammar: they are what the model is told, and forbid nothing."""
    strength: Any = ()  # float32, scalar

    @classmethod
    def of(cls, decoder: Decoder, unconditional: np.ndarray | None, strength: float, count: int) -> Guidance:
        """Guidance of `count` documents away from the prompt int32[n] `unconditional`; none at strength 1.

        Raises InvalidValue for a strength that cannot be, UsageError where there is no unconditional prompt.
        """
        if not 0 <= strength <= STRONGEST:
            raise InvalidValue(f"The guidance cannot be {strength}; it must be between 0 and {STRONGEST}.")
        if strength == 1:
            return cls()
        if unconditional is None:
            raise UsageError(
                "Guidance needs something that is asked for and could be left out, and this prompt has nothing of the "
                "kind; leave the guidance at 1."
            )
        position = decoder.begin(unconditional, decoder.model.grammar, count)
        return cls(position, tf.constant(strength, tf.float32))

    def guide(self, decoder: Decoder, logits: tf.Tensor, allowed: tf.Tensor) -> tuple[tf.Tensor, Guidance]:
        """The logits [B, V] after guidance, where allowed bool[B, V] is legal; and the guidance, its last token read.

        For the inside of a compiled loop.
        """
        if not self.position:
            return logits, self
        unconditional, memory = decoder.step(self.position, decoder.model.tables, allowed)
        guided = unconditional + self.strength * (logits - unconditional)
        return tf.where(allowed, guided, BLOCKED), self._replace(position=self.position._replace(memory=memory))

    def with_token(self, decoder: Decoder, token: tf.Tensor) -> Guidance:
        """The guidance after one more token int32[B], the one that was drawn."""
        if not self.position:
            return self
        return self._replace(position=moved(decoder.model.tables, self.position, token))
