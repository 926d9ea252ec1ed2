"""Where a run starts when it goes on from a trained model: `--from BUNDLE`.

The new run has its own corpus, so its own vocabulary and grammar. Weights that belong to a token go where the token of
that name is now; tokens that are new begin as in a new model, and those that are gone are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.domain import Domain
from seqgen.contract.vocabulary import Learned, Vocabulary
from seqgen.engine.model import Model
from seqgen.engine.settings import SIZES, ModelSettings
from seqgen.engine.weights import initial_weights
from seqgen.errors import UnknownName, UsageError
from seqgen.grammar import Grammar
from seqgen.workflows.load import load

BY_TOKEN = ("embedding", "output/weights", "output/bias")
BY_CLASS = "state_embedding"


def start_domains(domain: Domain[Any]) -> tuple[str, ...]:
    """Returns the names of the domains whose trained models a model of this domain can start from."""
    return (domain.name, *(domain.learning.start_domains() if domain.learning else ()))


class Start:
    """A trained model whose weights another run begins with.

    `settings` are those of its model, `learned` is what its domain learned, which the new one extends.
    """

    def __init__(self, path: Path, domains: Sequence[str]) -> None:
        """Raises UsageError for a model of none of these domains, BundleError for a damaged one."""
        trained = load(path)
        if trained.domain.name not in domains:
            raise UsageError(
                f"{path} is a model of the domain {trained.domain.name!r}, not {' or '.join(map(repr, domains))}; "
                "start from such a one, or leave out --from."
            )
        self.path = path
        self.settings: ModelSettings = trained.model.settings
        self.learned = Learned(trained.domain.vocabulary, trained.domain.state)
        self._weights = trained.model.numpy_weights()

    def check_same(self, asked: Mapping[str, Any], size: str | None) -> None:
        """Raises UsageError when a size or a setting of the model is asked for that the trained one does not have."""
        if size is not None and size not in SIZES:
            raise UnknownName("size", size, SIZES)
        for key, value in {**(SIZES[size] if size else {}), **asked}.items():
            mine = getattr(self.settings, key, value)
            if mine != value:
                raise UsageError(f"{self.path} is a model with {key}={mine}, not {value}; leave that out, or --from.")

    def model(self, grammar: Grammar, vocabulary: Vocabulary, seed: int) -> Model:
        """A model for another vocabulary and grammar that knows what the trained one knew."""
        fresh = initial_weights(self.settings, grammar.vocabulary_size, grammar.class_count, seed)
        return Model(self.settings, moved(self._weights, self.learned.vocabulary, fresh, vocabulary), grammar)


def moved(
    old: Mapping[str, np.ndarray], tokens_before: Vocabulary, fresh: Mapping[str, np.ndarray], tokens: Vocabulary
) -> dict[str, np.ndarray]:
    """The weights `old` by name, with rows by token; `fresh` weights for whatever has no counterpart.

    The numbers of the grammar's classes have no names. Their embedding is kept where there are as many as before; where
    there are several times as many, as in a domain that tells each class of another one with a label, it is repeated.
    """
    weights = {}
    shared = [token for token in tokens if token in tokens_before.ids]
    for name, value in fresh.items():
        if name in BY_TOKEN:
            value = value.copy()
            value[[tokens.ids[token] for token in shared]] = old[name][[tokens_before.ids[token] for token in shared]]
        elif name in old and old[name].shape == value.shape:
            value = old[name]
        elif name == BY_CLASS and name in old and len(value) % len(old[name]) == 0:
            value = np.tile(old[name], (len(value) // len(old[name]), 1))
        weights[name] = value
    return weights
