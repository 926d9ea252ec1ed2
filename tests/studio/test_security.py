"""Every way in but the page's own is closed."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from seqgen.studio.security import CONTENT_SECURITY_POLICY, MAX_BODY_BYTES, MAX_UPLOAD_BYTES, Guard, new_token

TOKEN = "a-token-of-32-characters-or-more-0123456789"
ADDRESS = "http://127.0.0.1:8765"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())} bytes")


@pytest.fixture
def client() -> TestClient:
    paths = ("/", "/api/takes", "/api/uploads")
    routes = [Route(path, echo, methods=["GET", "POST", "PATCH"]) for path in paths]
    return TestClient(Guard(Starlette(routes=routes), token=TOKEN, port=8765), base_url=ADDRESS)


@pytest.mark.parametrize("path", ["/", "/api/takes", "/studio.css", "/?token=", "/?token=wrong", f"/?token={TOKEN}x"])
def test_nothing_is_served_without_the_token(client, path):
    assert client.get(path).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer "}, {"Authorization": TOKEN[:-1]}, {"Cookie": "seqgen_studio_8765=x"},
     {"Cookie": f"seqgen_studio_1={TOKEN}"}, {"Cookie": "\x01=;;"}, {"Authorization": "Bearer ü".encode()}],
)  # fmt: skip
def test_a_wrong_token_is_none(client, headers):
    assert client.get("/api/takes", headers=headers).status_code == 403


def test_the_address_sets_a_cookie_and_leaves_the_token_behind(client):
    answer = client.get(f"/?token={TOKEN}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "domain" not in cookie
    assert client.get("/").status_code == 200
    assert client.get("/api/takes").status_code == 200


@pytest.mark.parametrize("host", ["example.org", "example.org:8765", "127.0.0.1", "127.0.0.1:80", "localhost:1", ""])
def test_a_name_that_was_rebound_to_this_machine_is_refused(client, host):
    assert client.get("/api/takes", headers={**BEARER, "Host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["https://example.org", "null", "http://127.0.0.1:8764", "http://localhost", ""])
def test_another_origin_is_refused(client, origin):
    for method in ("GET", "POST"):
        assert client.request(method, "/api/takes", headers={**BEARER, "Origin": origin}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "strange"])
def test_a_page_elsewhere_cannot_load_anything(client, site):
    assert client.get("/api/takes", headers={**BEARER, "Sec-Fetch-Site": site}).status_code == 403


def test_a_change_with_the_cookie_needs_the_own_origin(client):
    client.get(f"/?token={TOKEN}")
    assert client.post("/api/takes").status_code == 403
    assert client.post("/api/takes", headers={"Origin": ADDRESS}).status_code == 200
    assert client.post("/api/takes", headers={"Origin": "http://localhost:8765"}).status_code == 200
    assert TestClient(client.app, base_url=ADDRESS).post("/api/takes", headers=BEARER).status_code == 200


def test_no_answer_lets_another_origin_in(client):
    headers = {**BEARER, "Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    for answer in (client.options("/api/takes", headers=headers), client.get("/api/takes", headers=BEARER)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_has_a_strict_policy(client):
    for answer in (client.get("/api/takes", headers=BEARER), client.get("/"), client.get("/nowhere", headers=BEARER)):
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    for hole in ("unsafe", "*", "http", "data:"):
        assert hole not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(("path", "limit"), [("/api/takes", MAX_BODY_BYTES), ("/api/uploads", MAX_UPLOAD_BYTES)])
def test_a_body_is_capped_whether_or_not_it_says_its_length(client, path, limit):
    def in_parts(count):
        for begin in range(0, count, 2**20):
            yield bytes(min(2**20, count - begin))

    assert client.post(path, content=bytes(limit), headers=BEARER).text == f"{limit} bytes"
    assert client.post(path, content=bytes(limit + 1), headers=BEARER).status_code == 413
    assert client.post(path, content=in_parts(limit + 1), headers=BEARER).status_code == 413
    assert client.post(path, content=b"", headers={**BEARER, "Content-Length": str(2**40)}).status_code == 413


def test_tokens_cannot_be_guessed():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43
