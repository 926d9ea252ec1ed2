"""Events reach every page, and a page that does not read holds up nobody."""

from __future__ import annotations

import asyncio
import threading

from seqgen.studio.events import MAX_WAITING, EventHub


def test_events_of_any_thread_reach_all_pages():
    async def listen():
        hub = EventHub()
        pages = [hub.open(), hub.open()]
        threading.Thread(target=hub.publish, args=("take", {"name": "a\nb"})).start()
        events = [await asyncio.wait_for(page.get(), 5) for page in pages]
        assert events == [b'event: take\ndata: {"name": "a\\nb"}\n\n'] * 2

    asyncio.run(listen())


def test_a_page_that_does_not_read_is_closed_and_the_others_go_on():
    async def listen():
        hub = EventHub()
        slow, quick = hub.open(), hub.open()
        heard = 0
        for number in range(MAX_WAITING + 5):
            hub.publish("take", {"number": number})
            await asyncio.sleep(0)
            heard += bool(await quick.get())
        assert heard == MAX_WAITING + 5
        assert hub.page_count == 1
        assert slow.qsize() == 1
        assert [event async for event in hub.stream(slow)] == [b": open\n\n"]

    asyncio.run(listen())


def test_a_page_that_goes_away_is_forgotten():
    async def listen():
        hub = EventHub()
        stream = hub.stream(hub.open())
        await anext(stream)
        await stream.aclose()
        assert hub.page_count == 0
        hub.publish("take", {})

    asyncio.run(listen())


def test_without_a_page_nothing_happens():
    EventHub().publish("take", {})
