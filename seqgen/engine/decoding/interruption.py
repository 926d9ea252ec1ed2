"""Stops a draw that is going on: another thread sets an event, which the loops look at between two chunks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_STOP: ContextVar[threading.Event | None] = ContextVar("stop", default=None)


class DrawingStopped(Exception):
    """A draw was asked to stop."""


@contextmanager
def stopped_by(stop: threading.Event) -> Iterator[None]:
    """Lets `stop` end the draws of this thread within the block. They raise DrawingStopped once it is set."""
    token = _STOP.set(stop)
    try:
        yield
    finally:
        _STOP.reset(token)


def raise_if_stopped() -> None:
    """Raises DrawingStopped if the draw of this thread was asked to stop."""
    stop = _STOP.get()
    if stop is not None and stop.is_set():
        raise DrawingStopped
