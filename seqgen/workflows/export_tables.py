"""What stands beside an exported model: the tables of its grammar and of all else that its samples keep, and its names.

`docs/guides/export.md` says for people how to use them. The arrays, by name:

    allowed               bool[S, V], whether a token may come next, by state
    next_state            int32[S, V], the state after a token
    state_class           int32[S], what the step is told of a state
    prompt                int32[n], what every sample begins with: BOS, and what was asked for
    budget_cost           int32[V], what each token costs, if the grammar has a budget
    register_…            the registers that relations compare (seqgen/grammar/registers.py)
    relation_K_…          relation number K (seqgen/grammar/relations.py)
    condition_…           what may be known ahead (seqgen/grammar/conditions.py), and examples of it
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from seqgen.contract.documents import Prompt, PromptConditions
from seqgen.errors import UsageError
from seqgen.grammar import EOS, Conditions, Grammar, Relations

DRAWS = 32
"""Examples of what is known ahead, for each beginning of a document. One of them is chosen at random."""
MAX_BEGINNINGS = 4096

Arrays = dict[str, np.ndarray]


def grammar_tables(start: Prompt) -> tuple[Arrays, dict[str, Any]]:
    """Returns the arrays of the grammar of a prompt and its numbers by name."""
    grammar, budget = start.grammar, start.grammar.budget
    arrays = {
        "allowed": grammar.allowed,
        "next_state": grammar.next_state,
        "state_class": grammar.state_class,
        "prompt": start.ids.astype(np.int32),
    }
    numbers: dict[str, Any] = {"start_state": int(grammar.start), "budget": None}
    if budget is not None:
        arrays["budget_cost"] = budget.cost.astype(np.int32)
        numbers["budget"] = {
            "maximum": int(budget.maximum), "slack": int(budget.slack), "end_token": int(budget.end_token),
        }  # fmt: skip
    return arrays, numbers


def relation_tables(relations: Relations | None) -> tuple[Arrays, list[dict[str, Any]]]:
    """Returns the arrays of relations and of their registers, and which registers each comparison compares."""
    if relations is None:
        return {}, []
    registers, found = relations.registers, []
    arrays = {
        "register_slot": registers.slots,
        "register_kind": registers.kind.astype(np.int32),
        "register_update": registers.update.astype(np.int32),
        "register_sources": registers.sources.astype(np.int32),
    }
    for number, relation in enumerate(relations.relations):
        arrays[f"relation_{number}_applies"] = relation.applies
        arrays[f"relation_{number}_forbidden"] = relation.forbidden
        for place, one in enumerate(relation.comparisons):
            arrays[f"relation_{number}_outcomes_{place}"] = one.table(registers.coordinates).astype(np.int32)
        sides = [{"minuend": int(one.minuend), "subtrahend": int(one.subtrahend)} for one in relation.comparisons]
        found.append({"comparisons": sides})
    return arrays, found


def condition_tables(
    conditions: Conditions | None, start: Prompt
) -> tuple[Arrays, dict[str, Any] | None]:  # fmt: skip
    """Returns the arrays of conditions with examples of what is known ahead, and how many ids they depend on.

    condition_beginnings int32[P, n] are the first ids of documents, condition_choices int32[P, K] for each of them rows
    of condition_values int32[D, C, J]. Without examples, nothing is known ahead. Raises UsageError if there are too
    many beginnings.
    """
    if conditions is None:
        return {}, None
    arrays = {"condition_kind": conditions.kind.astype(np.int32), "condition_advances": conditions.advances}
    if start.conditions is None:
        return arrays, {"after": None}
    arrays |= _examples(start.conditions, start)
    return arrays, {"after": int(arrays["condition_beginnings"].shape[1])}


def _examples(known: PromptConditions, start: Prompt) -> Arrays:
    length = max(known.after, len(start.ids))
    beginnings = list(_beginnings(start.grammar, start.ids, length))
    values: dict[bytes, int] = {}
    distinct: list[np.ndarray] = []
    choices = np.zeros((len(beginnings), DRAWS), np.int32)
    # What a prompt leaves open, such as the key, is drawn too. The grammar stays that of all that it leaves open.
    conditions = _conditions_of_draws(known, start)
    for row, ids in enumerate(beginnings):
        for draw in range(DRAWS):
            one = conditions[draw].draw(ids, np.random.default_rng([draw])).astype(np.int32)
            content = one.tobytes()
            if content not in values:
                values[content] = len(distinct)
                distinct.append(one)
            choices[row, draw] = values[content]
    # A row of zeros says nothing, so shorter ones may be filled up with it.
    padded = np.zeros((len(distinct), max(map(len, distinct)), distinct[0].shape[1]), np.int32)
    for number, one in enumerate(distinct):
        padded[number, : len(one)] = one
    return {
        "condition_beginnings": np.stack(beginnings), "condition_choices": choices, "condition_values": padded,
    }  # fmt: skip


def _conditions_of_draws(known: PromptConditions, start: Prompt) -> list[PromptConditions]:
    """Returns the conditions of each draw, for which it is chosen what the prompt leaves open."""
    choice = start.choice
    if choice is None:
        return [known] * DRAWS
    chosen = [choice.draw(np.random.default_rng([draw])) for draw in range(DRAWS)]
    conditions = {one: choice.resolve(one).conditions or known for one in set(chosen)}
    return [conditions[one] for one in chosen]


def _beginnings(grammar: Grammar, prompt: np.ndarray, length: int) -> Iterator[np.ndarray]:
    """Yields the beginnings of so many ids that documents after a prompt can have."""
    unfinished = [(prompt.tolist(), int(grammar.unroll(prompt)[-1]))]
    count = 0
    while unfinished:
        ids, state = unfinished.pop()
        if len(ids) == length:
            count += 1
            if count > MAX_BEGINNINGS:
                raise UsageError(
                    "What is known ahead of a document depends on its first tokens, for which there are too many "
                    "possibilities to export; ask for less variety by --set (constraints)."
                )
            yield np.array(ids, np.int32)
            continue
        for token in np.flatnonzero(grammar.allowed[state]).tolist():
            if token != EOS:
                unfinished.append(([*ids, token], int(grammar.next_state[state, token])))
