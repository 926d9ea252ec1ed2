"""The page in a browser: everything a user clicks, without a network, by keyboard, and for a screen reader.

The models draw what they are told, so that the page is tested and not TensorFlow. bench/studio.py has a real model.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from studio.browser_pages import MODELS, Server, choose, draw, note_count, title, until, watched_page
from studio.drawn_models import TEXT, DrawnModel

from seqgen.models.bundle import PRETRAINED_FOLDER, pretrained_names

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; .ci/run installs it where it can")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
AXE = Path(__file__).parent / "axe" / "axe.min.js"


DROPPED = """(content) => { const transfer = new DataTransfer();
const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
transfer.items.add(new File([bytes], "duo.mid", { type: "audio/midi" })); return transfer; }"""
"""Returns what a browser hands over when a file of these bytes is dropped."""
MIDI_PORTS = """
globalThis.sent = [];
const output = { id: "out", name: "Synth", send: (bytes) => sent.push([...bytes]) };
const input = { id: "in", name: "Keyboard" };
globalThis.play = (at, pitch) => {
  input.onmidimessage({ data: [0x90, pitch, 90], timeStamp: at });
  input.onmidimessage({ data: [0x80, pitch, 0], timeStamp: at + 490 });
};
navigator.requestMIDIAccess = async () => ({ inputs: new Map([["in", input]]), outputs: new Map([["out", output]]) });
"""
"""A synthesiser and a keyboard in place of those of the machine."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder of runs, whose bundles are those of the box. That of the chorales has a log."""
    folder = tmp_path_factory.mktemp("runs")
    for name in MODELS:
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
    drawn = {
        "chorales": DrawnModel.of_music(music, runs / "chorales" / "bundle"),
        "band": DrawnModel.of_band(runs / "band" / "bundle"),
        "words": DrawnModel.of_text(runs / "words" / "bundle"),
    }
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
    assert page.locator("#legend").is_hidden()  # the colours of the voices are gone
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


def test_a_dropped_file_is_continued_varied_and_accompanied(page, tmp_path):
    choose(page, "band")
    draw(page)
    with page.expect_download() as waiting:
        page.locator("#downloads").get_by_text(".mid", exact=True).click()
    waiting.value.save_as(tmp_path / "duo.mid")
    content = base64.b64encode((tmp_path / "duo.mid").read_bytes()).decode()
    page.locator("#drop").dispatch_event("drop", {"dataTransfer": page.evaluate_handle(DROPPED, content)})
    until(lambda: title(page) == "duo" and page.locator("#music").is_visible(), "the file", page)
    assert note_count(page) == 20
    assert page.locator("#voices label").all_inner_texts() == ["Keep Violin", "Keep Cello"]
    for button, said in (("Continue", "continued"), ("Vary", "varied"), ("Accompany", "accompanied")):
        before = title(page)
        page.get_by_role("button", name=button).click()
        until(lambda before=before: title(page) != before and page.locator("#downloads").is_visible(), button, page)
        assert f"band · {said} · from duo" in page.locator("#take-about").inner_text()
        page.locator("#stop").click(force=True)
        page.locator("#takes").get_by_role("button", name="duo", exact=True).click()


def test_notes_go_to_a_midi_port_and_a_played_phrase_becomes_a_take(browser, server):
    with watched_page(browser, server.address, script=MIDI_PORTS) as page:
        page.get_by_text("MIDI", exact=True).click()
        page.get_by_role("button", name="Connect MIDI").click()
        page.get_by_label("Output").select_option(label="Synth")
        draw(page)
        until(lambda: page.evaluate("sent.filter(([status]) => status >> 4 === 9).length") >= 4, "notes")
        # The voices have channels of their own, and each note has an end.
        assert page.evaluate("new Set(sent.map(([status]) => status & 15)).size") == 4
        assert page.evaluate("sent.filter(([status]) => status >> 4 === 8).length") >= 4
        page.locator("#stop").click(force=True)
        until(lambda: page.evaluate("sent.filter(([, note]) => note === 123).length") >= 16, "silence")
        page.get_by_label("Input").select_option(label="Keyboard")
        page.get_by_role("button", name="Record a phrase").click()
        page.evaluate("[[0, 72], [500, 74], [1000, 76], [1500, 72]].forEach(([at, pitch]) => play(at, pitch))")
        page.get_by_role("button", name="Finish").click()
        until(lambda: title(page) == "Played phrase" and page.locator("#music").is_visible(), "the phrase", page)
        assert note_count(page) == 4


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
    # On a phone the roll follows after the button, not after all constraints.
    assert page.locator("#constraints").is_visible() == (width > 1000)


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
