"""For tests of the page: a studio in this process, pages that are watched, and what a user does on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from seqgen.studio.app import Studio, make_app
from seqgen.studio.model_shelf import find_models
from seqgen.studio.security import new_token
from seqgen.studio.server import listening_socket
from seqgen.studio.session import Session

MODELS = ("chorales", "band", "words")
"""The runs of the tests."""
SECONDS = 60


class Server:
    """A studio in a thread of this process, with models that draw what they are told."""

    def __init__(self, runs: Path, takes: Path, port: int | None = None) -> None:
        self.token = new_token()
        self.listening = listening_socket(port)
        self.port = self.listening.getsockname()[1]
        self.studio = Studio(Session(find_models(runs), takes))
        for key in range(len(MODELS)):
            self.studio.session.load(str(key))
        app = make_app(self.studio, token=self.token, port=self.port)
        config = uvicorn.Config(
            app, log_config=None, log_level="error", timeout_graceful_shutdown=0, http="h11", ws="none"
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listening]}, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    def end(self) -> None:
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(20)
        self.listening.close()
        self.studio.close()


@contextmanager
def watched_page(browser: Any, address: str, script: str | None = None) -> Iterator[Any]:
    """Yields a page with music, on which the script runs first. At its end, it must have left no fault."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page, faults, hosts = context.new_page(), [], set()
    page.faults = faults
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request", lambda request: hosts.add(request.url.split("/")[2].split(":")[0]) if "//" in request.url else None
    )
    if script is not None:
        page.add_init_script(script)
    page.set_default_timeout(1000 * SECONDS)
    page.goto(address)
    choose(page, "chorales")
    yield page
    assert hosts <= {"127.0.0.1", None}  # a download has an address of the browser's own
    assert faults == []
    context.close()


def until(condition: Callable[[], Any], what: str, page: Any = None) -> Any:
    """Waits for a condition. With a page, the error quotes what the page says.

    Playwright's own waiting for functions needs eval, which the page's policy forbids.
    """
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.03)
    said = page.locator("#views").inner_text()[:1000] if page is not None else ""
    raise AssertionError(f"waited for {what} in vain {said}")


def choose(page: Any, model: str) -> None:
    page.locator("#model").select_option(label=model)
    page.get_by_role("status").filter(has_text="Ready").first.wait_for()


def title(page: Any) -> str:
    return str(page.locator("#take-title").inner_text())


def draw(page: Any) -> None:
    """Draws a take, and waits until it is there."""
    before = title(page)
    page.locator("#draw").click()
    until(lambda: title(page) != before and page.locator("#downloads").is_visible(), "a take", page)


def note_count(page: Any) -> int:
    return int(page.locator("#roll").get_attribute("aria-label").split()[2])
