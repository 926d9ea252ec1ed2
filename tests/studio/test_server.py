"""The server listens on the loopback interface alone."""

from __future__ import annotations

import pytest
import uvicorn

from seqgen import OutputError
from seqgen.studio.server import DEFAULT_PORT, listening_socket, serve


def test_only_this_machine_can_reach_it():
    with listening_socket(None) as first, listening_socket(None) as second:
        assert first.getsockname()[0] == second.getsockname()[0] == "127.0.0.1"
        taken = first.getsockname()[1]
        assert second.getsockname()[1] != taken
        with pytest.raises(OutputError, match=f"Port {taken} cannot be had"):
            listening_socket(taken)
    assert DEFAULT_PORT > 1024


def test_it_is_reported_before_tensorflow_is_needed_and_ends_with_ctrl_c(run, trained, monkeypatch):
    monkeypatch.setattr("seqgen.workflows.load.load", lambda path: trained)

    def interrupt(self, sockets):
        assert sockets[0].getsockname()[0] == "127.0.0.1"
        raise KeyboardInterrupt

    monkeypatch.setattr(uvicorn.Server, "run", interrupt)
    addresses: list[str] = []
    serve(run, report=addresses.append)
    serve(run, report=addresses.append, token="known")
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)
    assert addresses[1].endswith("?token=known")
    assert len(addresses[0].partition("?token=")[2]) >= 43
