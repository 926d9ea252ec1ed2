"""What the units of a model follow: their activations beside what can be said of each token by name.

Single units of a recurrent model follow the position in a line, quotation marks or the depth of a nesting (Karpathy,
Johnson & Fei-Fei 2016, *Visualizing and Understanding Recurrent Networks*). Here such units are found by correlation,
with what the grammar, the registers and the domain say of each token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seqgen.engine.scoring.introspection import Activations
from seqgen.grammar import EOS, Grammar

if TYPE_CHECKING:
    from seqgen.workflows.trained_model import TrainedModel

MIN_SHARE = 0.05
"""A feature is left out if it has one value nearly everywhere, at all but so large a share of the tokens."""
UNITS_OF_FEATURE = 3
"""How many units are named for one feature."""
BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))


@dataclass(frozen=True)
class NamedUnit:
    """A unit that follows something with a name.

    layer, unit: of a recurrent layer, from 0
    correlation: Pearson's, between the state of the unit and the feature
    """

    feature: str
    layer: int
    unit: int
    correlation: float


def token_features(trained: TrainedModel, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Returns what can be said of each token of a document int32[n] by name: float32[n] each.

    The domain's own features, such as the position in the bar; the registers; the depth of brackets; how many tokens
    may follow in the grammar, and how many must at least follow to the end. Raises ValueError for ids that the grammar
    forbids.
    """
    grammar, domain = trained.model.grammar, trained.domain
    states = grammar.unroll(ids)
    features: dict[str, np.ndarray] = {
        "tokens so far": np.arange(len(ids)),
        "tokens that may follow": grammar.allowed.sum(1)[states],
        "tokens to the end, at least": shortest_ends(grammar)[states],
    }
    registers = trained.model.registers
    if registers is not None:
        values = registers.unroll(ids, grammar.state_class[states])
        first_counter = registers.register_count - registers.counter_count
        for number in range(registers.register_count):
            kind = "register" if number < first_counter else "counter"
            features[f"{kind} {number}"] = values[:, number]
    names = [domain.vocabulary[token].strip() for token in ids.tolist()]
    for opening, closing in BRACKETS:
        if opening in names:
            change = [(name == opening) - (name == closing) for name in names]
            features[f"depth of {opening} {closing}"] = np.cumsum(change)
    if domain.metrics is not None:
        features |= domain.metrics.token_features(ids)
    return {name: np.asarray(values, np.float32) for name, values in features.items()}


def find_named_units(
    activations: Activations, features: Mapping[str, np.ndarray], count: int = 20
) -> list[NamedUnit]:  # fmt: skip
    """Returns the units that follow features float32[n] most closely, at most `count`, the closest first.

    The cell states are compared, or the hidden states where the cell has none.
    """
    states = activations.hidden_states if activations.cell_states is None else activations.cell_states
    units = states.shape[-1]
    columns = _standardized(states.reshape(len(states), -1))
    found = []
    for name, values in features.items():
        if _largest_share(values) > 1 - MIN_SHARE:
            continue
        correlations = _standardized(values[:, None])[:, 0] @ columns / len(values)
        for place in np.argsort(-np.abs(correlations))[:UNITS_OF_FEATURE].tolist():
            found.append(NamedUnit(name, place // units, place % units, float(correlations[place])))
    return sorted(found, key=lambda one: -abs(one.correlation))[:count]


def shortest_ends(grammar: Grammar) -> np.ndarray:
    """Returns how many tokens a document needs at least to end, from each state: int32[S], EOS included."""
    source, token = np.nonzero(grammar.allowed)
    target = np.where(token == EOS, -1, grammar.next_state[source, token])
    edges = np.unique(np.stack([source, target], 1), axis=0)
    order = np.argsort(edges[:, 1], kind="stable")
    source, target = edges[order].T
    distance = np.full(grammar.state_count, -1, np.int32)
    begin, end = (np.searchsorted(target, np.arange(-1, grammar.state_count), side) for side in ("left", "right"))
    reached, steps = [-1], 0
    while len(reached):
        steps += 1
        sources = np.concatenate([source[begin[state + 1] : end[state + 1]] for state in reached])
        reached = np.unique(sources[distance[sources] < 0]).tolist()
        distance[reached] = steps
    return distance


def _standardized(columns: np.ndarray) -> np.ndarray:
    """Returns columns [n, k] with mean 0 and variance 1; a constant column becomes 0."""
    centred = columns - columns.mean(0)
    deviation = centred.std(0)
    return np.asarray(centred / np.where(deviation > 0, deviation, np.inf))


def _largest_share(values: np.ndarray) -> float:
    """Returns the share of the commonest value."""
    _, counts = np.unique(values, return_counts=True)
    return float(counts.max() / len(values))
