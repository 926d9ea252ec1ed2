"""What tests of building a corpus share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="module")
def one_reader():
    """A build starts a reader for each core; where little is read, one is enough."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "cpu_count", lambda: 1)
        yield
