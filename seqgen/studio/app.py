"""The application: it answers what endpoints.py lists, and serves the page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from importlib.resources import files
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from seqgen.contract.drum_sound import drum_script
from seqgen.contract.escaping import json_text
from seqgen.errors import InvalidValue, SeqgenError, UnknownName, UsageError
from seqgen.studio.endpoints import ENDPOINTS
from seqgen.studio.events import MAX_PAGES
from seqgen.studio.inside import inside, inside_map
from seqgen.studio.openapi import description
from seqgen.studio.questions import novelty, surprise
from seqgen.studio.requests import ChangeRequest, DrawRequest, PrepareRequest
from seqgen.studio.security import Guard
from seqgen.studio.session import Session
from seqgen.studio.training_run import TrainingRun
from seqgen.studio.worker import TaskStopped, TooManyTasks

CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FILE_TYPES = {".mid": "audio/midi", ".wav": "audio/wav", ".png": "image/png"}
UPLOAD_SECONDS = 30.0
MAX_RENDERINGS = 2
"""How many files are rendered at a time."""
Answer = TypeVar("Answer", bound=BaseModel)


class Studio:
    """The handlers of the endpoints."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._trainings: dict[str, TrainingRun] = {}
        self._rendering = asyncio.Semaphore(MAX_RENDERINGS)

    def close(self) -> None:
        """Ends the session, and a training that the studio started."""
        self.session.close()
        for training in self._trainings.values():
            training.close()

    async def models(self, request: Request) -> Response:
        shelf = self.session.shelf
        described = [await run_in_threadpool(shelf.describe, key) for key in shelf.places]
        return reply({"models": described, "unusable_takes": self.session.unusable_takes})

    async def prepare(self, request: Request) -> Response:
        body = await parse(request, PrepareRequest)
        domain = await run_in_threadpool(self.session.shelf.domain, body.model)
        domain.Constraints.from_mapping(body.constraints, "constraint")
        self.session.load(body.model, body.constraints)
        return reply({}, 202)

    async def events(self, request: Request) -> Response:
        hub = self.session.events
        if hub.page_count >= MAX_PAGES:
            return reply({"error": f"{MAX_PAGES} pages are open, which is the limit; close one."}, 503)
        return StreamingResponse(hub.stream(hub.open()), media_type="text/event-stream")

    async def takes(self, request: Request) -> Response:
        return reply({"takes": [take.summary() for take in self.session.takes]})

    async def draw(self, request: Request) -> Response:
        body = await parse(request, DrawRequest)
        domain = await run_in_threadpool(self.session.shelf.domain, body.model)
        domain.Constraints.from_mapping(body.constraints, "constraint")
        if body.text is not None and not domain.prompting.offers("from_text"):
            raise UsageError("This model continues files, not texts; drop a file instead.")
        return reply(self.session.draw(body).summary(), 202)

    async def upload(self, request: Request) -> Response:
        query = request.query_params
        content = await asyncio.wait_for(request.body(), UPLOAD_SECONDS)
        if not content:
            raise UsageError("The file is empty; choose another one.")
        key = query.get("model", "")
        await run_in_threadpool(self.session.shelf.domain, key)
        take = self.session.upload(key, content, query.get("ending", ""), query.get("name", ""))
        return reply(take.summary(), 202)

    async def take(self, request: Request) -> Response:
        take = self.session.takes.get(request.path_params["number"])
        return reply(await run_in_threadpool(self.session.full, take))

    async def change(self, request: Request) -> Response:
        body, number = await parse(request, ChangeRequest), request.path_params["number"]
        takes = self.session.takes
        if body.name is not None:
            takes.rename(number, body.name)
        if body.is_deleted is not None:
            takes.delete(number, body.is_deleted)
        take = takes.get(number)
        self.session.events.publish("take", take.summary())
        return reply(take.summary())

    async def stop(self, request: Request) -> Response:
        self.session.stop(request.path_params["number"])
        return reply({}, 202)

    async def file(self, request: Request) -> Response:
        number, ending = request.path_params["number"], request.query_params.get("ending", "")
        async with self._rendering:
            name, content = await run_in_threadpool(self.session.file, number, ending)
        suffix = name[name.rfind(".") :]
        disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        kind = FILE_TYPES.get(suffix, "application/octet-stream")
        return Response(content, media_type=kind, headers={"Content-Disposition": disposition})

    async def surprise(self, request: Request) -> Response:
        return await answer_of(self.session.ask(request.path_params["number"], surprise))

    async def novelty(self, request: Request) -> Response:
        return await answer_of(self.session.ask(request.path_params["number"], novelty))

    async def inside(self, request: Request) -> Response:
        first = whole_number(request, "first")
        number = request.path_params["number"]
        return await answer_of(self.session.ask(number, lambda trained, take: inside(trained, take, first)))

    async def map(self, request: Request) -> Response:
        first, layer, name = (
            whole_number(request, "first"), whole_number(request, "layer"), request.query_params.get("name", "")
        )  # fmt: skip
        number = request.path_params["number"]
        return await answer_of(
            self.session.ask(number, lambda trained, take: inside_map(trained, take, name, layer, first))
        )

    async def training(self, request: Request) -> Response:
        return reply(await run_in_threadpool(self._training(request).status))

    async def resume_training(self, request: Request) -> Response:
        await run_in_threadpool(self._training(request).resume)
        return reply({}, 202)

    async def stop_training(self, request: Request) -> Response:
        self._training(request).stop()
        return reply({}, 202)

    async def openapi(self, request: Request) -> Response:
        return reply(description(ENDPOINTS))

    def _training(self, request: Request) -> TrainingRun:
        place = self.session.shelf.place(request.path_params["key"])
        if not place.is_run:
            raise UsageError("This model was not trained here; only a run has a training.")
        return self._trainings.setdefault(place.key, TrainingRun(place.path))


def reply(value: Any, status: int = 200) -> Response:
    """Returns a value as JSON, in which no character drives a terminal or a page."""
    return Response(json_text(value), status, media_type="application/json")


async def parse(request: Request, body: type[Answer]) -> Answer:
    """Returns the checked body of a request. Raises InvalidValue."""
    try:
        return body.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise InvalidValue(f"The request cannot be used: {where}: {first['msg']}.") from None


def whole_number(request: Request, name: str) -> int:
    """Returns a parameter of the address, 0 by default. Raises InvalidValue."""
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise InvalidValue(f"{name} cannot be {text[:40]!r}; it must be a whole number from 0 on.")
    return int(text)


async def answer_of(future: Future[Any]) -> Response:
    """Returns what the worker answers."""
    return reply(await asyncio.wrap_future(future))


async def on_error(request: Request, error: Exception) -> Response:
    """Returns an error of seqgen as one sentence of JSON."""
    status = 429 if isinstance(error, TooManyTasks) else 404 if isinstance(error, UnknownName) else 400
    return JSONResponse({"error": str(error)}, status)


async def on_stop(request: Request, error: Exception) -> Response:
    """Returns that a task was stopped."""
    return JSONResponse({"error": "It was stopped, or took too long."}, 409)


async def on_late(request: Request, error: Exception) -> Response:
    """Returns that a body came too slowly."""
    return JSONResponse({"error": "The file came too slowly; try again."}, 408)


def page_files() -> dict[str, tuple[str, bytes]]:
    """Returns the files of the page by their paths on the server: content type and content."""
    folder = files("seqgen.studio").joinpath("page")
    found = {f"/{file.name}": file for file in folder.iterdir() if file.name.rpartition(".")[2] in CONTENT_TYPES}
    contents = {path: (CONTENT_TYPES[file.name.rpartition(".")[2]], file.read_bytes()) for path, file in found.items()}
    drums = CONTENT_TYPES["js"], drum_script().encode()
    return {"/": contents["/index.html"], "/drum_sound.js": drums, **contents}


def make_app(studio: Studio, *, token: str, port: int) -> Guard:
    """Returns the application behind its guard. `port` is the one that the server listens on."""
    page = page_files()

    async def show(request: Request) -> Response:
        kind, content = page[request.url.path]
        return Response(content, media_type=kind)

    routes = [Route(one.path, handler(studio, one.handler), methods=[one.method]) for one in ENDPOINTS]
    routes += [Route(path, show) for path in page]
    handlers: dict[Any, Any] = {SeqgenError: on_error, TaskStopped: on_stop, TimeoutError: on_late}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), token=token, port=port)


def handler(studio: Studio, name: str) -> Callable[[Request], Awaitable[Response]]:
    """Returns the handler of an endpoint."""
    found: Callable[[Request], Awaitable[Response]] = getattr(studio, name)
    return found
