"""Properties that hypothesis tries. Of a document, a file or a text that breaks one, it finds the smallest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
from hypothesis import strategies

from seqgen.contract.domain import Domain
from seqgen.contract.testing.core import check_document, check_hostile_file
from seqgen.errors import UnusableFile, UsageError
from seqgen.grammar import BOS, EOS, Grammar

MAX_LENGTH = 40
MAX_BYTES, MAX_LETTERS = 200, 50


@strategies.composite
def documents(draw: strategies.DrawFn, grammar: Grammar) -> np.ndarray:
    """Draws a document int32[n] of a grammar, cut after MAX_LENGTH tokens. The smallest ends at once."""
    ids, state = [BOS], grammar.start
    while ids[-1] != EOS and len(ids) < MAX_LENGTH:
        allowed = np.flatnonzero(grammar.allowed[state])
        ids.append(int(allowed[draw(strategies.integers(0, len(allowed) - 1))]))
        state = int(grammar.next_state[state, ids[-1]])
    return np.array(ids, np.int32)


def check_documents(domain: Domain[Any], grammar: Grammar, count: int, exact: bool) -> None:
    """Checks that short documents of the grammar decode, whole or cut, and encode to themselves again (if `exact`)."""
    _try(documents(grammar), lambda ids: check_document(domain, ids, exact), count)


def check_hostile_bytes(domain: Domain[Any], folder: Path, count: int) -> None:
    """Checks that any bytes give items or UnusableFile."""
    path = folder / f"bytes{domain.reads[0] if domain.reads else '.bin'}"
    _try(strategies.binary(max_size=MAX_BYTES), lambda content: check_hostile_file(domain, path, content), count)


def check_texts(domain: Domain[Any], count: int) -> None:
    """Checks that any text of the command line gives an item or UnusableFile."""
    if domain.prompting.offers("from_text"):
        _try(strategies.text(max_size=MAX_LETTERS), lambda text: _check_text(domain, text), count)


def _check_text(domain: Domain[Any], text: str) -> None:
    try:
        domain.prompting.from_text(text)
    except (UnusableFile, UsageError):
        pass
    except Exception as error:
        raise AssertionError(
            f"from_text raises {error!r} for {text!r}, not UnusableFile, which users understand"
        ) from error


def _try(strategy: strategies.SearchStrategy[Any], check: Callable[[Any], None], count: int) -> None:
    """Calls `check` with `count` values. Raises the AssertionError of the smallest value that it finds."""

    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def test(value: Any) -> None:
        check(value)

    test()
