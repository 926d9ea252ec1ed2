"""The interface, as the page and other programs ask it."""

from __future__ import annotations

import json
import re

import pytest
from starlette.testclient import TestClient
from studio.conftest import SHORT

from seqgen.studio.app import Studio, make_app, page_files
from seqgen.studio.endpoints import ENDPOINTS
from seqgen.studio.worker import MAX_WAITING

TOKEN = "t" * 43


@pytest.fixture
def client(session) -> TestClient:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return TestClient(
        make_app(Studio(session), token=TOKEN, port=8765), base_url="http://127.0.0.1:8765", headers=headers
    )


def test_a_take_is_drawn_and_asked_about(client, session, finished, published):
    drawn = client.post("/api/takes", json={"model": "0", "constraints": SHORT, "seed": 3})
    assert drawn.status_code == 202
    finished(None)
    take = client.get("/api/takes/1").json()
    assert take["state"] == "done"
    assert len(client.get("/api/takes/1/surprise").json()["nats"]) == len(take["roll"]["notes"])
    assert len(client.get("/api/takes/1/novelty").json()["lengths"]) == len(take["roll"]["notes"])
    maps = client.get("/api/takes/1/inside").json()["maps"]
    assert client.get("/api/takes/1/map", params={"name": maps[0]}).json()["values"]
    file = client.get("/api/takes/1/file")
    assert file.content.startswith(b"MThd")
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''Take%201.mid"
    assert client.patch("/api/takes/1", json={"name": "<b>A</b>", "is_deleted": True}).json()["name"] == "<b>A</b>"
    assert [one["is_deleted"] for one in client.get("/api/takes").json()["takes"]] == [True]
    assert client.post("/api/takes/1/stop").status_code == 202


def test_models_are_described_by_their_own_schema(client):
    described = client.get("/api/models").json()["models"]
    assert described[0]["constraints"]["properties"]["bars"]["description"]
    assert described[0]["is_run"]
    assert client.get("/api/training/0").json()["points"]
    assert client.get(f"/api/training/{described[-1]['key']}").status_code == 400
    assert client.get("/api/openapi.json").json()["openapi"].startswith("3.1")


def test_a_file_is_brought_in(client, finished, pieces, published):
    content = (pieces / "piece-00.mid").read_bytes()
    made = client.post("/api/uploads?model=0&ending=.mid&name=../x", content=content)
    assert made.status_code == 202
    finished(None)
    assert client.get("/api/takes/1").json()["roll"]["notes"]
    assert client.post("/api/uploads?model=0&ending=.exe", content=content).status_code == 404
    assert client.post("/api/uploads?model=0&ending=.mid").status_code == 400
    assert client.post("/api/uploads?model=77&ending=.mid", content=content).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/takes", {"model": "0", "constraints": {"bars": "many"}}),
     ("/api/takes", {"model": "0", "constraints": {"x": 1}}), ("/api/takes", {"model": "0", "text": "a text"}),
     ("/api/takes", {"model": "9"}), ("/api/takes", {"model": "0", "take": 4}), ("/api/takes", []),
     ("/api/prepare", {"model": "0", "constraints": {"bars": 0}})],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(client, path, body):
    answer = client.post(path, json=body)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"].endswith(".")
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/../pyproject.toml", "/..%2f..%2fpyproject.toml", "/%2e%2e/studio.css", "/page/main.js", "//etc/passwd",
     "/app.py", "/api/takes/-1", "/api/takes/x", "/api/takes/99999999999999999999", "/api/training/..%2f..",
     "/api/takes/1/file?ending=../x", "/api/takes/1/map?layer=-1", "/api/takes/1/inside?first=x"],
)  # fmt: skip
def test_no_path_leads_to_a_file_that_is_not_the_pages(client, path):
    answer = client.get(path)
    assert answer.status_code in (400, 404)
    assert "[project]" not in answer.text


def test_more_than_the_queue_holds_is_refused_at_once(client, session):
    import threading

    held = threading.Event()
    session.worker.submit(lambda: held.wait(10))
    codes = [client.post("/api/takes", json={"model": "0"}).status_code for _ in range(MAX_WAITING + 3)]
    assert codes[-1] == 429
    for take in session.takes:
        session.stop(take.number)
    held.set()


def test_the_page_ships_whole_and_loads_nothing_from_elsewhere():
    files = page_files()
    html = files["/"][1].decode()
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=", html)
    assert set(re.findall(r'(?:src|href)="(/[^"]*)"', html)) <= set(files)
    for path, (_, content) in files.items():
        text = content.decode()
        assert not re.search(
            r"https?://(?!www\.w3\.org/2000/svg)|innerHTML|outerHTML|insertAdjacentHTML|eval\(|document\.write", text
        ), path
        for imported in re.findall(r'from "\./([^"]+)"', text):
            assert f"/{imported}" in files


def test_every_path_of_the_interface_needs_the_token(session):
    stranger = TestClient(make_app(Studio(session), token=TOKEN, port=8765), base_url="http://127.0.0.1:8765")
    for one in ENDPOINTS:
        path = one.path.replace("{number:int}", "1").replace("{key}", "0")
        assert stranger.request(one.method, path).status_code == 403
    assert json.loads(json.dumps([one.summary for one in ENDPOINTS]))
