"""Serves the studio on the loopback interface until it is interrupted."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn

from seqgen.errors import OutputError
from seqgen.studio.app import Studio, make_app
from seqgen.studio.model_shelf import find_models
from seqgen.studio.security import HOST, new_token
from seqgen.studio.session import Session

DEFAULT_PORT = 8765
MAX_CONNECTIONS = 64
MAX_HEADER_BYTES = 16 * 1024


def serve(
    folder: Path | None,
    *,
    takes: Path | None = None,
    port: int | None = None,
    report: Callable[[str], None],
    token: str | None = None,
) -> None:
    """Serves the models of a folder and those that come with seqgen, until Ctrl-C.

    takes:  the folder in which takes are kept
    port:   by default DEFAULT_PORT, or a free one if another program has it
    report: is called with the address of the page once it can be opened
    token:  by default a random one

    Raises BundleError if there is no model in the folder, and OutputError if the port cannot be had.
    """
    places = find_models(folder)
    with listening_socket(port) as listening:
        number = listening.getsockname()[1]
        token = token or new_token()
        studio = Studio(Session(places, takes))
        studio.session.load(places[0].key)
        config = uvicorn.Config(
            make_app(studio, token=token, port=number), log_config=None, log_level="error", access_log=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS, timeout_keep_alive=10, timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES, http="h11", ws="none",
        )  # fmt: skip
        try:
            report(f"http://{HOST}:{number}/?token={token}")
            # uvicorn raises the signal again that ended it.
            with suppress(KeyboardInterrupt):
                uvicorn.Server(config).run(sockets=[listening])
        finally:
            studio.close()


def listening_socket(port: int | None) -> socket.socket:
    """Returns a socket that listens on the loopback interface alone. Raises OutputError."""
    candidates = [DEFAULT_PORT, 0] if port is None else [port]
    for number in candidates:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, number))
            listening.listen(128)
        except OSError as error:
            listening.close()
            if number == candidates[-1]:
                raise OutputError(
                    f"Port {number} cannot be had ({error.strerror}); choose another one with --port."
                ) from error
        else:
            return listening
    raise AssertionError("one of the candidates was taken or refused")
