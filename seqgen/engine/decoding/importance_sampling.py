"""Given tokens at unknown places: an automaton says which documents hold them, and candidates are weighted.

Every candidate is drawn token by token from what the automaton still allows. Its weight is

    w = Π_k p(A_k | past)

where A_k are the tokens that the automaton allows at position k, and p is the model's distribution under the domain's
own grammar. A candidate that breaks a relation (seqgen/grammar/relations.py) has weight 0, and A_k leaves out what
would break one. This is importance sampling: the weighted candidates stand for p(document | given tokens), and the mean
of their weights is an unbiased estimate of p(given tokens), the evidence. The draw does not look ahead, so if much is
given, a few weights make up nearly all of the sum. Where the places of the tokens are known, `infilling` does better.
"""

from __future__ import annotations

import numpy as np

from seqgen.engine.decoding.infilling import MAX_PARTICLES, InfillingResult, require_no_budget
from seqgen.engine.decoding.sampling import Sampler, random_generators
from seqgen.engine.scoring.scorer import Scorer
from seqgen.errors import ImpossibleConstraints, InvalidValue
from seqgen.grammar import EOS, Grammar, Relations


class ImportanceSampler:
    """Draws documents that an automaton accepts, by importance sampling."""

    def __init__(self, sampler: Sampler, scorer: Scorer) -> None:
        """Both are of the same model."""
        self._sampler = sampler
        self._scorer = scorer

    def sample(
        self, prompt: np.ndarray, automaton: Grammar, *, count: int, max_new_tokens: int, seed: int, num_particles: int,
        relations: Relations | None = None,
    ) -> InfillingResult:  # fmt: skip
        """Draws samples number 0 … count - 1 of `seed`, each one of `num_particles` candidates of its own.

        The prompt int32[m] begins with BOS and is allowed by `automaton`. Candidates that `max_new_tokens` cuts off are
        taken only if all are cut off. What is drawn keeps the `relations`.

        Raises InvalidValue, UsageError for an automaton with a budget, and ImpossibleConstraints if all candidates of a
        sample break a relation.
        """
        require_no_budget(automaton)
        if not 1 <= num_particles <= MAX_PARTICLES:
            raise InvalidValue(f"The number of particles cannot be {num_particles}; it must be 1 to {MAX_PARTICLES}.")
        samples, log_evidence = [], np.zeros(count)
        start = self._sampler.start(
            prompt, automaton, count=num_particles, max_new_tokens=max_new_tokens, relations=relations
        )
        for number in range(count):
            # The candidates are samples of the seed, and one more random generator of it chooses among them.
            first = number * (num_particles + 1)
            candidates, is_broken = self._sampler.documents(
                start, random_generators(seed, range(first, first + num_particles)), max_new_tokens
            )
            log_weights = np.array([self.log_weight(ids, automaton, len(prompt), relations) for ids in candidates])
            log_weights[is_broken] = -np.inf
            is_whole = np.array([ids[-1] == EOS for ids in candidates]) & ~is_broken
            if is_whole.any():
                log_weights[~is_whole] = -np.inf
            highest = log_weights.max()
            if highest == -np.inf:
                raise ImpossibleConstraints(
                    f"None of {num_particles} candidates keeps all that was asked for; ask for less, or for more "
                    "particles."
                )
            weights = np.exp(log_weights - highest)
            log_evidence[number] = highest + np.log(weights.mean())
            random = np.random.Generator(np.random.Philox(key=[seed, first + num_particles]))
            samples.append(candidates[int(random.choice(num_particles, p=weights / weights.sum()))])
        return InfillingResult(samples, log_evidence)

    def log_weight(
        self, ids: np.ndarray, automaton: Grammar, prompt_length: int, relations: Relations | None = None
    ) -> float:
        """Returns ln w of a document: how likely the model finds what was asked for after the prompt."""
        past = ids[:-1]
        states = automaton.unroll(past)
        allowed = automaton.allowed[states]
        if relations:
            allowed &= ~relations.forbidden_after(past, automaton.state_class[states])
        p_allowed = (self._scorer.probabilities(past) * allowed).sum(1)
        # Probabilities that are not numbers count as the smallest one: the weights of all candidates stay numbers.
        p_allowed = np.fmax(p_allowed, np.finfo(np.float32).tiny)
        return float(np.log(p_allowed)[prompt_length - 1 :].sum())
