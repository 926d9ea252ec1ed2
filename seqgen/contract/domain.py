"""The contract that a plugin implements: a domain is a core of six methods and the capabilities that it offers.

A domain needs NumPy and nothing more. It never sees TensorFlow, and the engine never sees a domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from seqgen.contract.capabilities import (
    CAPABILITIES,
    Capability,
    Deduplication,
    Display,
    Inference,
    Learning,
    Metrics,
    Prediction,
    Prompting,
    Reading,
    Training,
)
from seqgen.contract.core import Core
from seqgen.contract.documents import Item
from seqgen.contract.vocabulary import Vocabulary
from seqgen.errors import MissingCapability

Offered = TypeVar("Offered", bound=Capability[Any])


class Domain(Core[Item]):
    """One kind of data. Subclass it, name it, and register its module in the entry-point group `seqgen`."""

    prompting: Prompting[Item]
    """Every domain can continue a prompt; a domain that can do more replaces this."""
    display: Display[Item] | None = None
    prediction: Prediction[Item] | None = None
    metrics: Metrics[Item] | None = None
    deduplication: Deduplication[Item] | None = None
    inference: Inference[Item] | None = None
    training: Training[Item] | None = None
    learning: Learning[Item] | None = None
    reading: Reading[Item] | None = None

    def __init__(
        self, settings: Any = None, vocabulary: Vocabulary | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(settings, vocabulary, state)
        self.prompting = Prompting(self)

    def require(self, capability: type[Offered], method: str | None = None) -> Offered:
        """Returns a capability. Raises MissingCapability if the domain does not offer it, or not this method of it."""
        found: Offered | None = getattr(self, capability.attribute)
        if found is None or not (method is None or found.offers(method)):
            raise MissingCapability(self.name, capability.attribute, method)
        return found

    def capabilities(self) -> dict[str, list[str]]:
        """Returns what the domain offers: for each capability the methods of the contract that it implements."""
        held = {kind.attribute: getattr(self, kind.attribute) for kind in CAPABILITIES}
        return {
            attribute: [name for name in found.method_names() if found.offers(name)]
            for attribute, found in held.items()
            if found is not None
        }
