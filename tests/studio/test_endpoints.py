"""The list of everything that may be asked."""

from __future__ import annotations

from seqgen.studio.app import Studio
from seqgen.studio.endpoints import ENDPOINTS


def test_everything_is_listed_once_and_can_be_asked():
    places = [(one.method, one.path) for one in ENDPOINTS]
    assert len(set(places)) == len(places)
    for one in ENDPOINTS:
        assert callable(getattr(Studio, one.handler))
        assert one.summary.endswith(".")
        assert one.body is None or one.method in ("POST", "PATCH")
