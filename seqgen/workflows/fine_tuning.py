"""Fine-tuning: a run that starts from a trained model (`--from`).

The new run has its own corpus, and so its own vocabulary and grammar. Weights that belong to a token go to the token of
the same name. Tokens that are new begin as in a new model, and weights of tokens that are gone are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.domain import Domain
from seqgen.contract.vocabulary import Learned, Vocabulary
from seqgen.engine.model import Model
from seqgen.engine.settings import SIZES, ModelSettings
from seqgen.engine.weights import initial_weights
from seqgen.errors import UnknownName, UsageError
from seqgen.grammar import Conditions, Grammar, Registers
from seqgen.workflows.load import load

WEIGHTS_BY_TOKEN = ("embedding", "output/weights", "output/bias")
WEIGHTS_BY_CLASS = "state_embedding"


class PretrainedModel:
    """A trained model that another run starts from.

    settings: the settings of its model
    learned:  what its domain learned, which the new domain extends
    """

    def __init__(self, path: Path, domain: Domain[Any]) -> None:
        """Raises UsageError if a model of `domain` cannot start from this one, and BundleError if it is damaged."""
        names = (domain.name, *(domain.learning.start_domains() if domain.learning else ()))
        trained = load(path)
        if trained.domain.name not in names:
            raise UsageError(
                f"{path} is a model of the domain {trained.domain.name!r}, not {' or '.join(map(repr, names))}; "
                "name another model, or leave out --from."
            )
        self.path = path
        self.settings: ModelSettings = trained.model.settings
        self.learned = Learned(trained.domain.vocabulary, trained.domain.state)
        self._weights = trained.model.numpy_weights()

    def check_settings(self, requested: Mapping[str, Any], size: str | None) -> None:
        """Raises UsageError if a size or a setting of the model is requested that this model does not have."""
        if size is not None and size not in SIZES:
            raise UnknownName("size", size, SIZES)
        for key, value in {**(SIZES[size] if size else {}), **requested}.items():
            current = getattr(self.settings, key, value)
            if current != value:
                raise UsageError(
                    f"{self.path} is a model with {key}={current}, not {value}; leave that out, or --from."
                )

    def model(
        self,
        grammar: Grammar,
        vocabulary: Vocabulary,
        seed: int,
        registers: Registers | None = None,
        conditions: Conditions | None = None,
    ) -> Model:
        """Returns a model for another vocabulary, grammar, registers and conditions with the weights of this one."""
        sizes = grammar.vocabulary_size, grammar.class_count
        fresh = initial_weights(self.settings, *sizes, seed, registers, conditions)
        weights = transfer_weights(self._weights, self.learned.vocabulary, fresh, vocabulary)
        return Model(self.settings, weights, grammar, registers, conditions)


def transfer_weights(
    pretrained: Mapping[str, np.ndarray], old: Vocabulary, fresh: Mapping[str, np.ndarray], new: Vocabulary
) -> dict[str, np.ndarray]:
    """Returns the pretrained weights by name, with rows for the `new` vocabulary, and fresh weights for the rest.

    State classes have no names. Their embedding is kept if there are as many as before. It is repeated if there are
    several times as many, as in a domain that combines each class of another domain with a label.
    """
    weights = {}
    shared = [token for token in new if token in old.ids]
    new_rows, old_rows = [new.ids[token] for token in shared], [old.ids[token] for token in shared]
    for name, value in fresh.items():
        before = pretrained.get(name)
        if name in WEIGHTS_BY_TOKEN:
            value = value.copy()
            value[new_rows] = pretrained[name][old_rows]
        elif before is not None and before.shape == value.shape:
            value = before
        elif name == WEIGHTS_BY_CLASS and before is not None and len(value) % len(before) == 0:
            value = np.tile(before, (len(value) // len(before), 1))
        weights[name] = value
    return weights
