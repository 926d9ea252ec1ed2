"""Takes are drawn, filled in, brought in, stopped, and written as files."""

from __future__ import annotations

import numpy as np
import pytest
from studio.conftest import SHORT

from seqgen import SeqgenError, UnknownName, UsageError
from seqgen.errors import BrokenStream
from seqgen.studio.requests import DrawRequest
from seqgen.studio.session import MAX_STREAM_ATTEMPTS


def request(**values) -> DrawRequest:
    return DrawRequest(**{"model": "0", "constraints": SHORT, "seed": 3, **values})


def test_notes_appear_while_a_take_is_drawn(session, published, finished, trained):
    take = finished(session.draw(request()))
    assert take.state == "done", take.remark
    np.testing.assert_array_equal(take.ids, trained.sample(1, constraints=SHORT, seed=3)[0].ids)
    parts = [value for kind, value in published if kind == "progress"]
    assert [part["is_new"] for part in parts] == [True, *[False] * (len(parts) - 1)]
    notes: list = []
    for part in parts:
        notes[part["first"] :] = part["notes"]
    assert notes == session.full(take)["roll"]["notes"]
    states = [value["state"] for kind, value in published if kind == "take"]
    assert states == ["waiting", "drawing", "done"]


def test_bars_are_filled_in_and_a_take_is_continued(session, published, finished):
    first = finished(session.draw(request()))
    filled = finished(session.draw(request(take=1, constraints={"fill": "1"}, origin="filled in", num_particles=2)))
    assert filled.state == "done", filled.remark
    assert filled.parent == first.number
    longer = finished(session.draw(request(take=1, constraints={"prompt_bars": 1}, max_new_tokens=20)))
    assert longer.state == "done", longer.remark
    assert "cut off" in longer.remark
    assert longer.prompt_length > 1


def test_a_file_is_read_by_a_worker_process_under_a_name_of_the_servers(session, published, finished, pieces):
    content = (pieces / "piece-00.mid").read_bytes()
    take = finished(session.upload("0", content, ".MID", "../../<b>song</b>"))
    assert take.state == "done", take.remark
    assert take.name == "../../<b>song</b>"
    assert len(take.item) > 0
    bad = finished(session.upload("0", b"\xff\xd8\xff\xe0 no music", ".mid", "photo"))
    assert bad.state == "failed"
    assert bad.remark.startswith("photo.mid cannot be used: ")
    for ending in ("", ".exe", ".mid/../../x", "/etc/passwd", "."):
        with pytest.raises(UnknownName):
            session.upload("0", content, ending, "x")


def test_what_is_impossible_is_one_sentence(session, published, finished):
    take = finished(session.draw(request(constraints={"bars": 2, "density": "400-500"})))
    assert take.state == "failed"
    assert take.remark.endswith(".")
    with pytest.raises(UnknownName):
        session.draw(request(model="9"))
    with pytest.raises(UnknownName):
        session.draw(request(take=99))
    with pytest.raises(UsageError, match="give one of them"):
        session.draw(request(take=1, text="x"))


def test_a_take_that_cannot_go_on_is_drawn_again(session, published, finished, trained, monkeypatch):
    stream, attempts = trained.stream_ids, []

    def broken_once(number, **options):
        attempts.append(number)
        parts = stream(number, **options)
        yield next(parts)
        if number == 0 or len(attempts) > 2:
            raise BrokenStream("Nothing follows.")
        yield from parts

    monkeypatch.setattr(trained, "stream_ids", broken_once)
    assert finished(session.draw(request())).state == "done"
    assert attempts == [0, 1]
    assert [value["is_new"] for kind, value in published if kind == "progress"].count(True) == 2
    assert finished(session.draw(request())).state == "failed"
    assert len(attempts) == 2 + MAX_STREAM_ATTEMPTS


def test_a_take_is_stopped_and_what_was_drawn_stays(session, published, finished, trained, monkeypatch):
    stream = trained.stream_ids

    def stopped_after_one(number, **options):
        parts = stream(number, **options)
        yield next(parts)
        session.stop(take.number)
        yield from parts

    monkeypatch.setattr(trained, "stream_ids", stopped_after_one)
    release = session.worker.submit(lambda: held.wait(10))
    import threading

    held = threading.Event()
    take = session.draw(request())
    held.set()
    release.future.result(10)
    assert finished(take).state == "stopped"
    assert len(take.ids) >= 1
    with pytest.raises(UnknownName):
        session.stop(77)


def test_a_take_becomes_files_whatever_it_is_called(session, published, finished):
    take = finished(session.draw(request()))
    session.takes.rename(take.number, "../ü/<x>\n")
    for ending, magic in (("", b"MThd"), ("musicxml", b"<?xml"), ("abc", b"X:")):
        name, content = session.file(take.number, ending)
        assert "/" not in name
        assert "<" not in name
        assert content.startswith(magic)
    for ending in ("exe", "../mid", "mid\0"):
        with pytest.raises(UnknownName):
            session.file(take.number, ending)


def test_loading_prepares_the_first_draw(session, published):
    session.load("0", SHORT).future.result(120)
    assert [value["is_ready"] for kind, value in published if kind == "model"] == [False, True]
    session.load("0", {"density": "400-500", "bars": 1}).future.result(120)
    assert [kind for kind, _ in published if kind == "problem"] == ["problem"]


def test_a_plugins_bug_costs_one_take(session, published, finished, trained, monkeypatch):
    monkeypatch.setattr(trained, "prepare", lambda *_: 1 / 0)
    take = finished(session.draw(request()))
    assert take.state == "failed"
    assert "ZeroDivisionError" in take.remark
    monkeypatch.setattr(trained, "prepare", lambda *_: (_ for _ in ()).throw(SeqgenError("No.")))
    assert finished(session.draw(request())).remark == "No."
