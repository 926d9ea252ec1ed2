"""A studio with one small model of music, for the tests of its parts. Nothing is loaded twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from seqgen.studio.model_shelf import find_models
from seqgen.studio.session import Session

SHORT = {"bars": 2, "time_signature": "2/4"}
"""Constraints of a short piece."""


@pytest.fixture
def session(run, trained, monkeypatch) -> Iterator[Session]:
    """Returns a session whose first model is the small one, which is loaded already."""
    monkeypatch.setattr("seqgen.workflows.load.load", lambda path: trained)
    session = Session(find_models(run))
    yield session
    session.close()


@pytest.fixture
def published(session, monkeypatch) -> list[tuple[str, dict[str, Any]]]:
    """Returns the events that a session has published so far, by kind."""
    events: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(session.events, "publish", lambda kind, value: events.append((kind, value)))
    return events


@pytest.fixture
def finished(session) -> Callable[[Any], Any]:
    """Returns a function that waits until a take is finished."""

    def finish(take: Any) -> Any:
        session.worker.submit(lambda: None).future.result(120)
        return take

    return finish
