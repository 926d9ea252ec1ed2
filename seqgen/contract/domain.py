"""The contract that a plugin implements: a domain is a core of six methods and the capabilities that it offers.

A domain needs NumPy and nothing more. It never sees TensorFlow, and the engine never sees a domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from seqgen.contract.capabilities import (
    CAPABILITIES,
    BrowserDisplay,
    Capability,
    Deduplication,
    Defaults,
    Display,
    Metrics,
    Prediction,
    Prompting,
    Reading,
    SettingsInference,
    Training,
    VocabularyLearning,
)
from seqgen.contract.core import Core
from seqgen.contract.documents import Item, Prompt, PromptConditions
from seqgen.contract.vocabulary import Vocabulary
from seqgen.errors import MissingCapability, PluginError
from seqgen.grammar import Conditions, Grammar, Registers, checked

Offered = TypeVar("Offered", bound=Capability[Any])


class Domain(Core[Item]):
    """One kind of data. Subclass it, name it, and register its module in the entry-point group `seqgen`."""

    prompting: Prompting[Item]
    """Every domain can continue a prompt; a domain that can do more replaces this."""
    display: Display[Item] | None = None
    browser: BrowserDisplay[Item] | None = None
    prediction: Prediction[Item] | None = None
    metrics: Metrics[Item] | None = None
    deduplication: Deduplication[Item] | None = None
    inference: SettingsInference[Item] | None = None
    training: Training[Item] | None = None
    defaults: Defaults[Item] | None = None
    learning: VocabularyLearning[Item] | None = None
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

    def checked_grammar(self, constraints: Any = None) -> Grammar:
        """Returns `grammar(constraints)` without dead ends, so that sampling from it always ends in a legal document.

        Raises PluginError for an automaton that is wrong, and what `grammar` raises.
        """
        return checked(self.grammar(constraints), len(self.vocabulary), f"the domain {self.name!r}")

    def checked_registers(self) -> Registers | None:
        """Returns the registers of the domain, if it has any. Raises PluginError for those of another grammar."""
        registers = self.training.registers() if self.training else None
        if registers is not None and not registers.fits(len(self.vocabulary), self.grammar().class_count):
            raise PluginError(
                f"The registers of the domain {self.name!r} are for other tokens or classes than its grammar has; "
                "a plugin must give each token a coordinate and each class of states a row of updates."
            )
        return registers

    def checked_conditions(self) -> Conditions | None:
        """Returns the conditions of the domain, if it has any. Raises PluginError for those of another grammar."""
        conditions = self.training.conditions() if self.training else None
        if conditions is not None and not conditions.fits(len(self.vocabulary), self.grammar().class_count):
            raise PluginError(
                f"The conditions of the domain {self.name!r} are for other tokens or classes than its grammar has; "
                "a plugin must say of each kind of token and class of states whether it moves on."
            )
        return conditions

    def checked_prompt(self, item: Item | None = None, constraints: Any = None) -> Prompt:
        """Returns `prompting.prompt(item, constraints)` with automata without dead ends; raises what they raise."""
        return self.without_dead_ends(self.prompting.prompt(item, constraints))

    def without_dead_ends(self, prompt: Prompt) -> Prompt:
        """Returns a prompt of this domain with automata without dead ends. Raises PluginError for wrong automata.

        What its conditions draw is checked too; it raises PluginError for values that no channel has.
        """
        size, owner = len(self.vocabulary), f"the domain {self.name!r}"
        given = checked(prompt.given, size, owner) if isinstance(prompt.given, Grammar) else prompt.given
        conditions = prompt.conditions and self._checked_draw(prompt.conditions)
        return replace(prompt, grammar=checked(prompt.grammar, size, owner), given=given, conditions=conditions)

    def _checked_draw(self, conditions: PromptConditions) -> PromptConditions:
        """Returns the same conditions of a prompt, which raise PluginError for values that no channel has."""
        known = self.checked_conditions()

        def draw(ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            values = conditions.draw(ids, rng)
            if known is None or not known.accepts(values):
                raise PluginError(
                    f"The conditions of a prompt of the domain {self.name!r} have values that no channel has, or say "
                    "something of step 0; the plugin must draw those that its training has."
                )
            return values

        return replace(conditions, draw=draw)

    def capabilities(self) -> dict[str, list[str]]:
        """Returns what the domain offers: for each capability the methods of the contract that it implements."""
        held = {kind.attribute: getattr(self, kind.attribute) for kind in CAPABILITIES}
        return {
            attribute: [name for name in found.method_names() if found.offers(name)]
            for attribute, found in held.items()
            if found is not None
        }
