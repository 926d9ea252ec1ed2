"""The local HTTP interface: what the page asks, and what other programs on this machine may ask with the token.

`ENDPOINTS` is the only list of what there is. The routes and the description of the interface are made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pydantic import BaseModel

from seqgen.studio.requests import ChangeRequest, DrawRequest, PrepareRequest


class Endpoint(NamedTuple):
    """One thing that may be asked.

    handler: a method of `Studio`
    body:    what the request contains, or None
    query:   the parameters of the address, and what they mean
    """

    method: str
    path: str
    handler: str
    summary: str
    body: type[BaseModel] | None = None
    query: Mapping[str, str] = MappingProxyType({})


TAKE = "/api/takes/{number:int}"
ENDPOINTS = (
    Endpoint("GET", "/api/models", "models", "The models, with what they can do and the schema of their constraints."),
    Endpoint("POST", "/api/prepare", "prepare", "Loads a model, and makes a draw ready.", PrepareRequest),
    Endpoint("GET", "/api/events", "events", "Server-sent events: model, take, progress (while it is drawn), problem."),
    Endpoint("GET", "/api/takes", "takes", "All takes without their documents."),
    Endpoint("POST", "/api/takes", "draw", "Draws a new take. Its notes or tokens come as events.", DrawRequest),
    Endpoint(
        "POST", "/api/uploads", "upload", "A file as a new take; the body is the file.",
        query={"model": "the key of the model", "ending": "the ending of the file, such as .mid",
               "name": "what the take is called"},
    ),
    Endpoint("GET", TAKE, "take", "A take with its notes or tokens."),
    Endpoint("PATCH", TAKE, "change", "Renames a take, hides it, or shows it again.", ChangeRequest),
    Endpoint("POST", f"{TAKE}/stop", "stop", "Stops the drawing of a take; what was drawn stays."),
    Endpoint("GET", f"{TAKE}/file", "file", "A take as a file.",
             query={"ending": "such as wav; empty for the model's own"}),
    Endpoint("GET", f"{TAKE}/surprise", "surprise", "−ln p of each note or token, in nats, and the likeliest tokens."),
    Endpoint("GET", f"{TAKE}/novelty", "novelty", "How long a passage of the training data each note is part of."),
    Endpoint("GET", f"{TAKE}/inside", "inside", "What there is to see of a take, and norms of gradients.",
             query={"first": "the first token"}),
    Endpoint("GET", f"{TAKE}/map", "map", "One map: gates, states or attention over the tokens.",
             query={"name": "the name of the map", "layer": "from 0", "first": "the first token"}),
    Endpoint("GET", "/api/training/{key}", "training", "The log of a run, and whether it is being trained."),
    Endpoint("POST", "/api/training/{key}/resume", "resume_training", "Goes on with the training of a run."),
    Endpoint("POST", "/api/training/{key}/stop", "stop_training", "Stops a training that the studio started."),
    Endpoint("GET", "/api/openapi.json", "openapi", "This description."),
)  # fmt: skip
