"""Checks of the constraints: each alone, pairs of them, and the examples of the author."""

from __future__ import annotations

import enum
import itertools
import time
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

from seqgen.contract.documents import Prompt
from seqgen.contract.domain import Domain
from seqgen.contract.options import Options
from seqgen.errors import ImpossibleConstraints, InvalidValue, UsageError
from seqgen.grammar import EOS, Grammar

MAX_SECONDS = 10.0
"""Examples of the author are always tried. What is derived from the fields is tried as long as this allows."""
MAX_VALUES = 2
WALKS, MAX_WALK_LENGTH = 3, 500
REFUSALS = (ImpossibleConstraints, InvalidValue, UsageError)
"""What a domain may raise for constraints that cannot be satisfied."""


def check_constraints(domain: Domain[Any], examples: Iterable[Mapping[str, Any]], rng: np.random.Generator) -> None:
    """Checks that every document under constraints is one of the domain.

    Constraints that cannot be kept are refused by their errors.
    """
    begin = time.monotonic()
    for values in examples:
        check_combination(domain, values, rng)
    for values in combinations(domain.Constraints):
        if time.monotonic() - begin > MAX_SECONDS:
            break
        check_combination(domain, values, rng)


def check_combination(domain: Domain[Any], values: Mapping[str, Any], rng: np.random.Generator) -> None:
    """Checks the documents under some constraints, with values by name."""
    described = ", ".join(f"{name}={value}" for name, value in values.items())
    try:
        prompt = domain.checked_prompt(None, domain.Constraints.from_mapping(values, "constraint"))
    except REFUSALS:
        return
    except Exception as error:
        raise AssertionError(
            f"the constraints {described} raise {error!r}; the contract asks for ImpossibleConstraints or InvalidValue"
        ) from error
    free = domain.grammar()
    for _ in range(WALKS):
        ids = walk(prompt, rng)
        if ids[-1] != EOS:
            continue
        try:
            free.unroll(ids)
            domain.decode(ids)
        except Exception as error:
            raise AssertionError(
                f"the constraints {described} allow a document that is none of the domain: {error}; constraints only "
                "take documents away"
            ) from error


def walk(prompt: Prompt, rng: np.random.Generator) -> np.ndarray:
    """Returns a random document of a prompt, with what is given in it if the prompt says that by an automaton."""
    grammar = prompt.given if isinstance(prompt.given, Grammar) else prompt.grammar
    return grammar.walk(rng, len(prompt.ids) + MAX_WALK_LENGTH, prompt.ids)


def combinations(options: type[Options]) -> Iterator[dict[str, Any]]:
    """Yields each constraint with some values, and then pairs of constraints. A text has no values that are known."""
    values = {name: field_values(field.annotation, field.metadata) for name, field in options.model_fields.items()}
    for name, some in values.items():
        yield from ({name: value} for value in some)
    for one, other in itertools.combinations([name for name, some in values.items() if some], 2):
        yield {one: values[one][0], other: values[other][0]}


def field_values(annotation: Any, metadata: Iterable[Any] = ()) -> list[Any]:
    """Returns some values of a type: [True, False] for bool. Metadata has the bounds of a number."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return [value for one in arguments for value in field_values(one, metadata)][:MAX_VALUES]
    if origin is Literal:
        return list(arguments)[:MAX_VALUES]
    if annotation is bool:
        return [True, False]
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return list(annotation)[:MAX_VALUES]
    if annotation in (int, float):
        return _numbers(annotation, metadata)
    return []


def _numbers(kind: type[int] | type[float], metadata: Iterable[Any]) -> list[Any]:
    """Returns numbers within the bounds in the metadata of a field, the least first."""
    bounds = {name: getattr(one, name) for one in metadata for name in ("ge", "gt", "le") if hasattr(one, name)}
    low = bounds["gt"] + 1 if "gt" in bounds else bounds.get("ge", 1)
    return [kind(number) for number in (low, low + 1) if number <= bounds.get("le", number)]
