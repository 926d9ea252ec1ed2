"""Who may ask: the page that has the token, on this machine, and no other web site.

Another page in the same browser can send requests to 127.0.0.1, and by DNS rebinding it can even read the answers. So
the token is needed for everything, Host and Origin must be those of the server, and no header lets another origin in
(CORS).
"""

from __future__ import annotations

import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
HOST_NAMES = (HOST, "localhost")
MAX_BODY_BYTES = 2**20
"""The limit for the body of a request. An upload has its own one."""
MAX_UPLOAD_BYTES = 16 * 2**20
UPLOAD_PATH = "/api/uploads"
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), midi=(self)",
    "Cache-Control": "no-store",
}
SAFE_METHODS = ("GET", "HEAD")


def new_token() -> str:
    """Returns a token that cannot be guessed."""
    return secrets.token_urlsafe(32)


class TooLarge(HTTPException):
    """The body of a request is too large."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The limit is {limit // 2**20} MiB.")


class Guard:
    """Middleware that refuses every request that does not come from the studio's own page, or has no token."""

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        """`port` is the one that the server listens on."""
        self.app = app
        self.token = token
        self.hosts = {f"{name}:{port}" for name in HOST_NAMES}
        self.origins = {f"http://{host}" for host in self.hosts}
        # Cookies do not tell ports apart, so two studios need two names.
        self.cookie = f"seqgen_studio_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        limit = MAX_UPLOAD_BYTES if scope["path"] == UPLOAD_PATH else MAX_BODY_BYTES
        await self.app(scope, _capped(receive, headers, limit), send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Returns the answer to a request that is not served, or None."""
        if headers.getlist("host") not in [[host] for host in self.hosts]:
            return PlainTextResponse("The studio answers only as 127.0.0.1 or localhost.", 421)
        origins = headers.getlist("origin")
        is_own_origin = all(origin in self.origins for origin in origins)
        if not is_own_origin or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            # A link to the studio from elsewhere is harmless, but opening the page has no need of one.
            return PlainTextResponse("Another site may not ask the studio.", 403)
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        has_bearer = self._is_token(bearer)
        if scope["path"] == "/" and scope["method"] == "GET":
            (given,) = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[:1]
            if self._is_token(given):
                answer = RedirectResponse("/", 303)
                answer.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
                return answer
        if not has_bearer and not self._is_token(self._cookie_of(headers)):
            return PlainTextResponse("Open the address that 'seqgen studio' printed; it holds a token.", 403)
        if scope["method"] not in SAFE_METHODS and not has_bearer and not origins:
            return PlainTextResponse("A request that changes something needs an Origin, or the token itself.", 403)
        return None

    def _cookie_of(self, headers: Headers) -> str:
        try:
            cookies: Any = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return ""
        return cookies[self.cookie].value if self.cookie in cookies else ""

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def _capped(receive: Receive, headers: Headers, limit: int) -> Receive:
    """Returns a receiver that raises TooLarge once a body has more bytes than `limit`."""
    received = 0

    async def receive_capped() -> Message:
        nonlocal received
        if any(_as_length(value) > limit for value in headers.getlist("content-length")):
            raise TooLarge(limit)
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise TooLarge(limit)
        return message

    return receive_capped


def _as_length(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() else 0
