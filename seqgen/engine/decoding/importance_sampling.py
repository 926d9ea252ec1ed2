"""Given tokens whose places are not known: an automaton says which documents hold them, and candidates are weighed.

Every candidate is drawn token by token from what the automaton still allows, and has the weight

    w = product over its tokens of p(A_k | past),

where A_k is what the automaton allows there, and p the model's distribution under the domain's own grammar. That is
importance sampling: the weighted candidates stand for p(document | given), and the mean of their weights is an unbiased
estimate of p(given). It looks ahead to nothing while it draws, so where much is given a few weights are nearly all of
the sum; `seqgen.engine.decoding.infilling` does better where the places of the tokens are known.
"""

from __future__ import annotations

import numpy as np

from seqgen.engine.decoding.infilling import MOST_PARTICLES, Filled, check_uncounted
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.scoring.scorer import Scorer
from seqgen.errors import InvalidValue
from seqgen.grammar import EOS, Grammar


class Weigher:
    """Draws documents of an automaton by weight."""

    def __init__(self, sampler: Sampler, scorer: Scorer) -> None:
        """Both are of the same model."""
        self._sampler = sampler
        self._scorer = scorer

    def draw(
        self, prompt: np.ndarray, given: Grammar, *, count: int, max_new_tokens: int, seed: int, num_particles: int
    ) -> Filled:
        """Draws samples number 0 … count - 1 of `seed`, each one of `num_particles` candidates of its own.

        prompt int32[m] begins with BOS and is legal in `given`. Candidates that `max_new_tokens` cuts off are taken
        only where all are. Raises InvalidValue, and UsageError for an automaton with a budget.
        """
        check_uncounted(given)
        if not 1 <= num_particles <= MOST_PARTICLES:
            raise InvalidValue(f"The number of particles cannot be {num_particles}; it must be 1 to {MOST_PARTICLES}.")
        samples, log_evidence = [], np.zeros(count)
        for number in range(count):
            # Candidates are samples of the seed themselves, past which one more number chooses among them.
            first = number * (num_particles + 1)
            drawn = self._sampler.sample(
                prompt,
                given,
                count=num_particles,
                max_new_tokens=max_new_tokens,
                seed=seed,
                first=first,
            )
            weights = np.array([self.log_weight(ids, given, len(prompt)) for ids in drawn])
            whole = np.array([ids[-1] == EOS for ids in drawn])
            if whole.any():
                weights[~whole] = -np.inf
            most = weights.max()
            shares = np.exp(weights - most)
            log_evidence[number] = most + np.log(shares.mean())
            random = np.random.Generator(np.random.Philox(key=[seed, first + num_particles]))
            samples.append(drawn[int(random.choice(num_particles, p=shares / shares.sum()))])
        return Filled(samples, log_evidence)

    def log_weight(self, ids: np.ndarray, given: Grammar, prompt: int) -> float:
        """ln w of a document: how likely the model finds what the automaton asked of it after the prompt."""
        past = ids[:-1]
        probabilities = self._scorer.probabilities(past)
        allowed = given.allowed[given.unroll(past)]
        shares = np.maximum((probabilities * allowed).sum(1), np.finfo(np.float32).tiny)
        return float(np.log(shares)[prompt - 1 :].sum())
