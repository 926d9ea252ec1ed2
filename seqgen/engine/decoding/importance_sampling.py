"""Given tokens at unknown places: an automaton says which documents hold them, and candidates are weighted.

Every candidate is drawn token by token from what the automaton still allows. Its weight is

    w = Π_k p(A_k | past)

where A_k are the tokens that the automaton allows at position k, and p is the model's distribution under the domain's
own grammar. This is importance sampling: the weighted candidates stand for p(document | given tokens), and the mean of
their weights is an unbiased estimate of p(given tokens), the evidence. The draw does not look ahead, so if much is
given, a few weights make up nearly all of the sum. Where the places of the tokens are known, `infilling` does better.
"""

from __future__ import annotations

import numpy as np

from seqgen.engine.decoding.infilling import MAX_PARTICLES, InfillingResult, require_no_budget
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.scoring.scorer import Scorer
from seqgen.errors import InvalidValue
from seqgen.grammar import EOS, Grammar


class ImportanceSampler:
    """Draws documents that an automaton accepts, by importance sampling."""

    def __init__(self, sampler: Sampler, scorer: Scorer) -> None:
        """Both are of the same model."""
        self._sampler = sampler
        self._scorer = scorer

    def sample(
        self, prompt: np.ndarray, automaton: Grammar, *, count: int, max_new_tokens: int, seed: int, num_particles: int
    ) -> InfillingResult:
        """Draws samples number 0 … count - 1 of `seed`, each one of `num_particles` candidates of its own.

        The prompt int32[m] begins with BOS and is allowed by `automaton`. Candidates that `max_new_tokens` cuts off are
        taken only if all are cut off. Raises InvalidValue, and UsageError for an automaton with a budget.
        """
        require_no_budget(automaton)
        if not 1 <= num_particles <= MAX_PARTICLES:
            raise InvalidValue(f"The number of particles cannot be {num_particles}; it must be 1 to {MAX_PARTICLES}.")
        samples, log_evidence = [], np.zeros(count)
        for number in range(count):
            # The candidates are samples of the seed, and one more random generator of it chooses among them.
            first = number * (num_particles + 1)
            candidates = self._sampler.sample(
                prompt, automaton, count=num_particles, max_new_tokens=max_new_tokens, seed=seed, first=first
            )
            log_weights = np.array([self.log_weight(ids, automaton, len(prompt)) for ids in candidates])
            is_whole = np.array([ids[-1] == EOS for ids in candidates])
            if is_whole.any():
                log_weights[~is_whole] = -np.inf
            highest = log_weights.max()
            weights = np.exp(log_weights - highest)
            log_evidence[number] = highest + np.log(weights.mean())
            random = np.random.Generator(np.random.Philox(key=[seed, first + num_particles]))
            samples.append(candidates[int(random.choice(num_particles, p=weights / weights.sum()))])
        return InfillingResult(samples, log_evidence)

    def log_weight(self, ids: np.ndarray, automaton: Grammar, prompt_length: int) -> float:
        """Returns ln w of a document: how likely the model finds what the automaton asked for after the prompt."""
        past = ids[:-1]
        allowed = automaton.allowed[automaton.unroll(past)]
        p_allowed = (self._scorer.probabilities(past) * allowed).sum(1)
        # Probabilities that are not numbers count as the smallest one: the weights of all candidates stay numbers.
        p_allowed = np.fmax(p_allowed, np.finfo(np.float32).tiny)
        return float(np.log(p_allowed)[prompt_length - 1 :].sum())
