"""What the contract asks of returned values beyond their types. A check returns the fault in words, or None."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from seqgen.contract.documents import Answer, Prompt, Record, Remark
from seqgen.contract.return_types import describe_value
from seqgen.grammar import BOS

Check = Callable[[Any, tuple[Any, ...], Any], str | None]
"""Takes the object whose method was called, the positional arguments, and the value that it returned or yielded."""


def value_fault(method: str) -> Check:
    """Returns the check of a method. The name of a capability's method has the capability: "metrics.sizes"."""
    return _CHECKS.get(method, _no_fault)


def count_fault(method: str, arguments: tuple[Any, ...], count: int) -> str | None:
    """Returns the fault of a method that has yielded `count` values, or None."""
    if method not in ("prediction.predict", "prediction.explain") or not arguments or count == len(arguments[0]):
        return None
    return f"{count} answers about {len(arguments[0])} records"


def truth_fault(value: Any) -> str | None:
    """Returns the fault of a value that says whether a document is legal, or None."""
    return None if isinstance(value, bool | np.bool_) else f"{describe_value(value)}, and True or False was expected"


def mask_fault(vocabulary_size: int) -> Callable[[Any], str | None]:
    """Returns the check of a mask of the tokens that may come next."""

    def fault(value: Any) -> str | None:
        is_mask = isinstance(value, np.ndarray) and value.dtype == bool and value.shape == (vocabulary_size,)
        return None if is_mask else f"{describe_value(value)}, and bool[{vocabulary_size}] was expected"

    return fault


def conditions_fault(value: Any) -> str | None:
    """Returns the fault of the conditions of a document, or None."""
    is_table = isinstance(value, np.ndarray) and value.dtype.kind in "iu" and value.ndim == 2
    return None if is_table else f"{describe_value(value)}, and a table of integers, step by channel, was expected"


def choice_fault(value: Any) -> str | None:
    """Returns the fault of what was chosen for a sample, or None."""
    is_hashable = isinstance(value, Hashable)
    return None if is_hashable else f"{describe_value(value)}, and a value that can be hashed was expected"


def prompt_fault(value: Any) -> str | None:
    """Returns the fault of a prompt, or None."""
    if not isinstance(value, Prompt):
        return f"{describe_value(value)}, and a Prompt was expected"
    return _prompt_fault(None, (), value)


def _no_fault(owner: Any, arguments: tuple[Any, ...], value: Any) -> str | None:
    return None


def _element_fault(owner: Any, arguments: tuple[Any, ...], value: Any) -> str | None:
    """Finds wrong values in what `read` yields."""
    if isinstance(value, Remark) and not (isinstance(value.text, str) and isinstance(value.count, int) and value.count):
        return f"a remark that has no text or no count: {value!r}"
    if isinstance(value, Record) and not isinstance(value.metadata, Mapping):
        return f"a record whose metadata are {describe_value(value.metadata)} and no dictionary"
    return None


def _prompt_fault(owner: Any, arguments: tuple[Any, ...], value: Prompt) -> str | None:
    ids = value.ids
    if not isinstance(ids, np.ndarray) or ids.ndim != 1 or ids.dtype.kind not in "iu":
        return "a prompt whose ids are no row of integers"
    return None if len(ids) and ids[0] == BOS else "a prompt that does not begin with BOS"


def _ids_fault(owner: Any, arguments: tuple[Any, ...], value: np.ndarray) -> str | None:
    if value.ndim != 1 or value.dtype.kind not in "iu":
        return "an array that is no row of integers"
    return None if len(value) and value[0] == BOS else "ids that do not begin with BOS"


def _symbols_fault(owner: Any, arguments: tuple[Any, ...], value: np.ndarray) -> str | None:
    ids = arguments[0] if arguments else value
    if value.shape != ids.shape:
        return f"{len(value)} symbols of {len(ids)} ids"
    return None if value.dtype.kind in "iu" else "symbols that are no integers"


def _answer_fault(owner: Any, arguments: tuple[Any, ...], value: Answer) -> str | None:
    if not isinstance(value.text, str) or not isinstance(value.values, dict):
        return "an answer whose text is no text, or whose values are no dictionary"
    try:
        json.dumps(value.values)
    except (TypeError, ValueError) as error:
        return f"an answer whose values are not JSON ({error})"
    return None


def _calibration_fault(owner: Any, arguments: tuple[Any, ...], value: Any) -> str | None:
    return (
        None if isinstance(value, owner.Calibration) else f"{describe_value(value)}, and its Calibration was expected"
    )


def _settings_fault(owner: Any, arguments: tuple[Any, ...], value: Any) -> str | None:
    return None if hasattr(value, "model_dump") else f"{describe_value(value)}, and its Settings were expected"


_CHECKS: dict[str, Check] = {
    "read": _element_fault,
    "prompting.read": _element_fault,
    "prediction.read": _element_fault,
    "prompting.prompt": _prompt_fault,
    "prompting.without_prompt": _ids_fault,
    "metrics.copy_symbols": _symbols_fault,
    "prediction.predict": _answer_fault,
    "prediction.explain": _answer_fault,
    "prediction.calibrate": _calibration_fault,
    "inference.infer": _settings_fault,
}
