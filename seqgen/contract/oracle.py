"""What a plugin may ask a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from seqgen.contract.documents import Prompt


class Oracle(Protocol):
    """A trained model that answers questions about ids, for many documents at once.

    Ids begin with BOS. Every method raises ValueError for ids that the domain's grammar forbids.
    """

    def log_probabilities(self, prefixes: Sequence[np.ndarray], tokens: Sequence[int]) -> np.ndarray:
        """Returns float32[n, k]: ln p that each of k tokens comes right after each of n prefixes int32[…]."""
        raise NotImplementedError

    def score(self, documents: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Returns −ln p(id | ids before), in nats, for each id of each document int32[n]: float32[n]; 0 for BOS."""
        raise NotImplementedError

    def attention(self, prefixes: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        """Returns the attention weights after the last id of each prefix int32[n]: float32[n], one weight an id.

        The weights add up to 1, and are 0 beyond the attention window. Returns None for a model without attention.
        """
        raise NotImplementedError

    def generate(
        self, prompt: Prompt, count: int, *, max_new_tokens: int, seed: int, guidance: float | None = None
    ) -> list[np.ndarray]:
        """Samples `count` documents int32[…], prompt included, of at most `max_new_tokens` tokens after the prompt.

        `guidance` replaces the prompt's default strength.
        """
        raise NotImplementedError
