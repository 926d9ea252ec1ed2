"""The page in a browser: everything a user clicks, without a network, by keyboard, and for a screen reader.

The models draw what they are told, so that the page is tested and not TensorFlow. bench/studio.py has a real model.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from studio.drawn_models import TEXT, DrawnModel

from seqgen.models.bundle import PRETRAINED_FOLDER, pretrained_names
from seqgen.studio.app import Studio, make_app
from seqgen.studio.model_shelf import find_models
from seqgen.studio.security import new_token
from seqgen.studio.server import listening_socket
from seqgen.studio.session import Session

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; .ci/run installs it where it can")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
AXE = Path(__file__).parent / "axe" / "axe.min.js"
SECONDS = 60


class Server:
    """A studio in a thread of this process, with two models that draw what they are told."""

    def __init__(self, runs: Path, takes: Path, port: int | None = None) -> None:
        self.token = new_token()
        self.listening = listening_socket(port)
        self.port = self.listening.getsockname()[1]
        self.studio = Studio(Session(find_models(runs), takes))
        for key in ("0", "1"):
            self.studio.session.load(key)
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


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder of a run of music with a log, and of one of text, whose bundles are those of the box."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("chorales", "words"):
        shutil.copytree(PRETRAINED_FOLDER / pretrained_names()[0], folder / name / "bundle")
        (folder / name / "settings.json").write_text("{}")
    points = [{"step": step, "loss": 3 / step, "held_out": 4 / step, "best": 4 / step, "tokens_per_second": 9000.0,
               "seconds": 2.0 * step} for step in range(1, 20)]  # fmt: skip
    (folder / "chorales" / "metrics.jsonl").write_text("".join(json.dumps(point) + "\n" for point in points))
    return folder


@pytest.fixture(scope="module")
def models(runs: Path) -> Iterator[dict[str, DrawnModel]]:
    """Returns the models by the name of their run. They are loaded in place of what is in the bundles."""
    from seqgen.models.bundle import read_bundle
    from seqgen.studio import model_shelf

    bundle = read_bundle(runs / "chorales")
    music = bundle.domain.make_domain("The model was trained", ValueError)
    drawn = {"chorales": DrawnModel.of_music(music, runs / "chorales" / "bundle"),
             "words": DrawnModel.of_text(runs / "words" / "bundle")}  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("seqgen.workflows.load.load", lambda path: drawn[path.name])
        patched.setattr(model_shelf.ModelShelf, "domain", lambda shelf, key: drawn[shelf.place(key).path.name].domain
                        if shelf.place(key).path.name in drawn else music)  # fmt: skip
        yield drawn


@pytest.fixture(scope="module")
def server(runs: Path, models: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(runs, tmp_path_factory.mktemp("takes"))
    yield server
    server.end()


@pytest.fixture(scope="module")
def browser(server: Server) -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    """Returns the page with music. No test may leave an error in the console, or ask another machine."""
    with watched_page(browser, server.address) as page:
        yield page


@contextmanager
def watched_page(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page, faults, hosts = context.new_page(), [], set()
    page.faults = faults
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request", lambda request: hosts.add(request.url.split("/")[2].split(":")[0]) if "//" in request.url else None
    )
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


def test_a_take_is_drawn_heard_stopped_and_drawn_within(page, models):
    draw(page)
    count = note_count(page)
    assert count > 8
    heard = "performance.getEntriesByName('first-note').length"
    until(lambda: page.evaluate(heard), "the first note")
    first = title(page)
    page.locator("#roll-frame").focus()
    page.keyboard.press("Shift+ArrowRight")
    assert page.locator("#bar-last").input_value() > page.locator("#bar-first").input_value()
    for button, said in (
        ("Fill in again", "filled in"),
        ("Vary", "varied"),
        ("Harmonise", "harmonised"),
        ("Continue", "continued"),
    ):
        before = title(page)
        page.get_by_role("button", name=button).click()
        until(lambda before=before: title(page) != before and page.locator("#downloads").is_visible(), button, page)
        assert said in page.locator("#take-about").inner_text()
        page.locator("#stop").click(force=True)
        page.locator("#takes").get_by_role("button", name=first, exact=True).click()
    page.get_by_label("Surprise").check()
    until(lambda: "nats a note" in page.locator("#lens-about").inner_text(), "the surprise")
    page.get_by_label("Novelty").check()
    until(lambda: "training data" in page.locator("#problem").inner_text(), "the reason why there is no novelty")
    page.faults[:] = [fault for fault in page.faults if "400" not in fault]


def test_a_draw_survives_a_reload_and_is_seen_in_two_tabs(page, browser, server, models):
    models["chorales"].pace.clear()
    try:
        page.locator("#draw").click()
        until(lambda: "being drawn" in page.locator("#take-about").inner_text(), "a take that is drawn")
        drawn = title(page)
        page.reload()
        until(lambda: title(page) == drawn and page.locator("#music").is_visible(), "the take after the reload")
        with watched_page(browser, server.address) as other:
            until(lambda: other.locator("#takes").get_by_text(drawn, exact=True).count(), "the take in the other tab")
            models["chorales"].pace.set()
            for one in (page, other):
                one.locator("#takes").get_by_role("button", name=drawn, exact=True).click()
                until(lambda one=one: "being drawn" not in one.locator("#take-about").inner_text(), "the end")
            assert note_count(page) == note_count(other) > 8
    finally:
        models["chorales"].pace.set()


def test_a_draw_is_stopped_and_what_was_drawn_stays(page, models):
    models["chorales"].pace.clear()
    try:
        page.locator("#draw").click()
        until(
            lambda: page.locator("#music").is_visible() and "being drawn" in page.locator("#take-about").inner_text(),
            "it",
        )
        page.locator("#stop").click(force=True)
        until(lambda: "stopped" in page.locator("#take-about").inner_text(), "the stop")
        assert note_count(page) > 0
    finally:
        models["chorales"].pace.set()


def test_takes_are_renamed_removed_compared_and_all_of_it_undone(page):
    draw(page)
    draw(page)
    last = title(page)
    page.get_by_role("button", name=f"Rename {last}", exact=True).click()
    page.locator("#rename-name").fill("<img src=x onerror=alert(1)>")
    page.keyboard.press("Enter")
    until(lambda: title(page).startswith("<img"), "the name")
    assert page.locator("#takes img").count() == 0
    page.get_by_role("button", name="Undo").click()
    until(lambda: title(page) == last, "the old name")
    page.get_by_role("button", name="Redo").click()
    until(lambda: title(page).startswith("<img"), "the name again")
    page.get_by_role("button", name="Undo").click()
    until(lambda: title(page) == last, "the old name")
    page.get_by_role("button", name="Undo").click()
    until(lambda: title(page) != last, "the take before")
    page.get_by_role("button", name=f"Compare {last}", exact=True).click()
    page.get_by_text(f"Beside it: {last}").wait_for()
    page.get_by_role("button", name="Work on this one").click()
    until(lambda: title(page) == last, "the other take")
    page.get_by_role("button", name=f"Remove {last}", exact=True).click()
    until(lambda: not page.locator("#takes").get_by_text(last, exact=True).count(), "its removal")
    page.keyboard.press("Control+z")
    until(lambda: page.locator("#takes").get_by_text(last, exact=True).count(), "its return")


def test_files_are_brought_in_and_taken_out(page, tmp_path):
    draw(page)
    for ending, magic in ((".mid", b"MThd"), (".musicxml", b"<?xml"), (".abc", b"X:"), (".wav", b"RIFF")):
        with page.expect_download() as waiting:
            page.locator("#downloads").get_by_text(ending, exact=True).click()
        path = tmp_path / f"take{ending}"
        waiting.value.save_as(path)
        assert path.read_bytes().startswith(magic)
    count = note_count(page)
    page.locator("#file").set_input_files(tmp_path / "take.mid")
    until(lambda: title(page) == "take" and page.locator("#music").is_visible(), "the file")
    assert note_count(page) == count
    bad = tmp_path / "bad.mid"
    bad.write_bytes(b"no music")
    page.locator("#file").set_input_files(bad)
    until(lambda: "cannot be used" in page.locator("#take-about").inner_text(), "the reason")


def test_tokens_are_shown_with_their_likeliest_others(page):
    choose(page, "words")
    draw(page)
    tokens = page.locator("#tokens button:visible")
    assert "".join(tokens.all_text_contents()) == TEXT
    page.get_by_role("button", name="Show probabilities").click()
    until(lambda: page.locator("#tokens .surprising").count(), "the probabilities")
    tokens.nth(3).click()
    choices = page.locator("#token-about button:enabled")
    until(choices.count, "the likeliest others")
    before = title(page)
    choices.first.click()
    until(lambda: title(page) != before and page.locator("#text").is_visible(), "the new take")
    until(lambda: "".join(tokens.all_text_contents()).startswith(TEXT[:3]), "the same beginning")
    page.get_by_label("Beginning").fill("I know")
    draw(page)
    assert "".join(tokens.all_text_contents()).startswith("I know")


def test_a_run_is_followed(page):
    page.get_by_role("tab", name="Training").click()
    until(lambda: "9,000" in page.locator("#training-numbers").inner_text(), "the numbers")
    assert page.get_by_role("button", name="Stop training").is_disabled()
    assert "not being trained" in page.locator("#training-about").inner_text()


def test_the_inside_of_a_model_is_shown(page):
    draw(page)
    page.get_by_role("tab", name="Inside").click()
    page.get_by_role("button", name="Look inside").click()
    until(lambda: "unit" in page.locator("#heat-about").inner_text(), "a map")
    page.locator("#map").select_option("attention")
    until(lambda: "attention" in page.locator("#heat-about").inner_text(), "the attention")
    before = page.locator("#heat-about").inner_text()
    page.locator("#heat").locator("..").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#heat-about").inner_text() != before
    assert page.locator("#units tbody tr").count() > 0


def test_everything_is_reached_by_keyboard(page):
    draw(page)
    page.locator("#stop").click(force=True)
    page.get_by_role("tab", name="Play").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-inside"
    page.keyboard.press("Home")
    assert page.locator("#view-play").is_visible()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "model"
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
            )
        )
    assert {"draw", "file", "roll-frame", "listen", "fill", "take-name"} <= reached


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_has_a_fault_that_axe_finds(page, scheme):
    page.emulate_media(color_scheme=scheme)
    draw(page)
    page.locator("#stop").click(force=True)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for view in ("Play", "Inside", "Training"):
        page.get_by_role("tab", name=view).click()
        if view == "Inside":
            page.get_by_role("button", name="Look inside").click()
            until(lambda: page.locator("#units tbody tr").count(), "the units")
        found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        assert [(one["id"], [node["html"][:150] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize(("width", "height"), [(360, 740), (3840, 2160)])
def test_a_phone_and_a_large_screen_show_everything(page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    draw(page)
    for view in ("Play", "Inside", "Training"):
        page.get_by_role("tab", name=view).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("tab", name="Play").click()
    assert page.locator("#roll").bounding_box()["width"] > 0.6 * width - 400


def test_a_server_that_was_killed_and_started_again_has_its_takes(browser, runs, models, tmp_path):
    first = Server(runs, tmp_path)
    with watched_page(browser, first.address) as page:
        draw(page)
        drawn, count = title(page), note_count(page)
        first.end()
        until(lambda: "does not answer" in page.locator("#problem").inner_text(), "the loss of the server")
        second = Server(runs, tmp_path, first.port)
        try:
            until(lambda: "started again" in page.locator("#problem").inner_text(), "the other token")
            page.goto(second.address)
            until(lambda: title(page) == drawn and page.locator("#music").is_visible(), "the take that was kept")
            assert note_count(page) == count
            draw(page)
        finally:
            second.end()
        # A browser says in the console that a server was gone.
        page.faults[:] = [fault for fault in page.faults if "ERR_CONNECTION" not in fault and "403" not in fault
                          and "ERR_INCOMPLETE" not in fault]  # fmt: skip
