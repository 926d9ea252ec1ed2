"""The description of the local HTTP interface, as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from seqgen.studio.endpoints import Endpoint
from seqgen.studio.requests import schema_of

PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")


def description(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Returns the OpenAPI document of some endpoints."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    for one in endpoints:
        operation: dict[str, Any] = {
            "operationId": one.handler,
            "summary": one.summary,
            "parameters": [
                {"name": name, "in": "path", "required": True,
                 "schema": {"type": "integer" if kind == "int" else "string"}}
                for name, kind in PARAMETER.findall(one.path)
            ] + [
                {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
                for name, text in one.query.items()
            ],
            "responses": {
                "default": {"description": "JSON. An error has one sentence.", "content": {"application/json": {}}}
            },
        }  # fmt: skip
        if one.body is not None:
            schemas[one.body.__name__] = schema_of(one.body)
            reference = {"$ref": f"#/components/schemas/{one.body.__name__}"}
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
        paths.setdefault(PARAMETER.sub(r"{\1}", one.path), {})[one.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "seqgen studio",
            "version": _version(),
            "description": "Each request needs the header Authorization: Bearer TOKEN, with the token of the address.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _version() -> str:
    """Returns the version that is installed."""
    try:
        return version("seqgen-framework")
    except PackageNotFoundError:
        return "unknown"
