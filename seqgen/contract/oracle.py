"""What a plugin may ask a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from seqgen.contract.documents import Prompt


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A document that a beam search found.

    ids:             int32[n], with the prompt, and with EOS unless it was cut off
    log_probability: ln p of what follows the prompt, in nats
    score:           the log-probability with the length penalty, by which hypotheses are ranked
    """

    ids: np.ndarray
    log_probability: float
    score: float


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

    def attention_maps(self, documents: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        """Returns the attention weights at every id of each document int32[n]: float32[n, n].

        Row t has the weights of ids 0 … t when the model predicts id t + 1. They add up to 1, and are 0 beyond the
        attention window. Returns None for a model without attention.
        """
        raise NotImplementedError

    def generate(
        self, prompt: Prompt, count: int, *, max_new_tokens: int, seed: int, guidance: float | None = None
    ) -> list[np.ndarray]:
        """Samples `count` documents int32[…], prompt included, of at most `max_new_tokens` tokens after the prompt.

        `guidance` replaces the prompt's default strength.
        """
        raise NotImplementedError

    def generate_each(
        self, prompts: Sequence[Prompt], count: int, *, max_new_tokens: int, seed: int
    ) -> list[list[np.ndarray]]:
        """Samples `count` documents int32[…] for each prompt, as `generate` does.

        Prompts are sampled side by side, so that many take little longer than one. It is fastest if they share one
        grammar, the same object, and have no guidance. All documents of a prompt have the same conditions, which are
        drawn once.
        """
        raise NotImplementedError

    def search(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int, num_beams: int = 5, length_penalty: float = 0.6,
        count: int = 1, early_stopping: bool = False,
    ) -> list[list[Hypothesis]]:  # fmt: skip
        """Returns for each prompt the most probable documents that a beam search finds, at most `count`, best first.

        Prompts are searched side by side, so that many take little longer than one. It is fastest if they share one
        grammar, the same object. At most `max_new_tokens` follow a prompt. length_penalty is α of Wu et al. (2016),
        equation 14; 0 ranks by probability alone. With `early_stopping` a search ends when no beam that ended at once
        would be among the best, which is often twice as fast. `given`, `unconditional` and `guidance` of a prompt are
        not used.

        Raises InvalidValue unless 1 ≤ count ≤ num_beams.
        """
        raise NotImplementedError
