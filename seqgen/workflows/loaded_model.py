"""A model that is loaded from its bundle, with its domain and the engine."""

from __future__ import annotations

from typing import Any

from seqgen.contract.domain import Domain
from seqgen.engine.decoding.beam_search import BeamSearch
from seqgen.engine.decoding.decoder import Precision
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.model import Model
from seqgen.engine.scoring.introspection import Introspector
from seqgen.engine.settings import ModelSettings
from seqgen.engine.weights import weight_shapes
from seqgen.errors import BundleError, InvalidValue
from seqgen.grammar import keeps_classes
from seqgen.models.bundle import TAKE_AGAIN, Bundle
from seqgen.workflows.model_oracle import ModelOracle
from seqgen.workflows.sampling_filters import PluginFilters

MAX_COUNT = 2**24
"""The limit for the number of samples, and for the tokens of one."""


class LoadedModel:
    """A model with its domain. Each of its subclasses has the methods for one use of a model.

    bundle: its files
    domain: its domain
    model:  the engine's model
    oracle: answers the domain's questions to the model
    """

    def __init__(self, bundle: Bundle, domain: Domain[Any], precision: Precision = "float32") -> None:
        """Raises BundleError if the weights do not fit the settings and the domain. For `precision` see `load`."""
        self.bundle = bundle
        self.domain = domain
        grammar = domain.checked_grammar()
        try:
            settings = ModelSettings(**bundle.config["model"])
        except (KeyError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise BundleError(f"{bundle.path}/config.json is damaged ({reason}); {TAKE_AGAIN}.") from error
        if not keeps_classes(grammar, bundle.class_examples()):
            raise BundleError(
                f"{bundle.path} was trained with another grammar of the domain {domain.name!r}, that of "
                f"{bundle.domain.distribution}; install that version."
            )
        registers, conditions = domain.checked_registers(), domain.checked_conditions()
        shapes = weight_shapes(settings, grammar.vocabulary_size, grammar.class_count, registers, conditions)
        self.model = Model(settings, bundle.weights(shapes), grammar, registers, conditions)
        self._sampler = Sampler(self.model, PluginFilters().find, precision)
        self._introspector = Introspector(self.model)
        self._beam_search = BeamSearch(self.model, precision)
        self.oracle = ModelOracle(self.model, self._sampler, self._introspector, self._beam_search)


def check_arguments(seed: int, **counts: int) -> None:
    """Raises InvalidValue for a seed or a count that is too small or too large."""
    for name, value in counts.items():
        if not 1 <= value <= MAX_COUNT:
            raise InvalidValue(f"{name} cannot be {value}; it must be between 1 and {MAX_COUNT}.")
    if not 0 <= seed < 2**63:
        raise InvalidValue(f"seed cannot be {seed}; it must be between 0 and 2^63 - 1.")
