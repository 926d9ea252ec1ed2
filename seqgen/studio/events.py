"""Events that every open page hears, as server-sent events (https://html.spec.whatwg.org/#server-sent-events)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from seqgen.contract.escaping import json_text

MAX_PAGES = 16
"""How many pages may listen at once."""
MAX_WAITING = 2000
"""How many events may wait for a page that reads slowly. Then it is closed, comes back, and asks for everything."""
HEARTBEAT_SECONDS = 15.0
"""A comment is sent so often, so that a page that is gone is noticed."""
CLOSE = b""


class EventHub:
    """Sends each event to all pages. `publish` may be called by any thread, and never waits for a page."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pages: set[asyncio.Queue[bytes]] = set()

    @property
    def page_count(self) -> int:
        """How many pages listen."""
        return len(self._pages)

    def publish(self, kind: str, value: dict[str, Any]) -> None:
        """Sends an event to all pages."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._send, f"event: {kind}\ndata: {json_text(value)}\n\n".encode())

    def _send(self, event: bytes) -> None:
        for page in list(self._pages):
            if page.qsize() < MAX_WAITING:
                page.put_nowait(event)
            else:
                self._pages.discard(page)
                _drain(page)
                page.put_nowait(CLOSE)

    def close(self) -> None:
        """Ends the stream of every page."""
        for page in list(self._pages):
            page.put_nowait(CLOSE)

    def open(self) -> asyncio.Queue[bytes]:
        """Returns the events of one more page, from now on. Belongs to the thread of the event loop."""
        self._loop = asyncio.get_running_loop()
        page: asyncio.Queue[bytes] = asyncio.Queue()
        self._pages.add(page)
        return page

    async def stream(self, page: asyncio.Queue[bytes]) -> AsyncIterator[bytes]:
        """Yields the events of a page until it goes away."""
        try:
            yield b": open\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(page.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    event = b": still here\n\n"
                if event == CLOSE:
                    return
                yield event
        finally:
            self._pages.discard(page)


def _drain(page: asyncio.Queue[bytes]) -> None:
    while not page.empty():
        page.get_nowait()
