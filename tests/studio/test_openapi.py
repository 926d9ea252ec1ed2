"""The description of the interface names everything that there is."""

from __future__ import annotations

import json

from seqgen.studio.endpoints import ENDPOINTS
from seqgen.studio.openapi import description


def test_every_endpoint_is_described_with_its_parameters():
    document = description(ENDPOINTS)
    json.dumps(document)
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert sorted(one["operationId"] for one in operations) == sorted(one.handler for one in ENDPOINTS)
    stop = document["paths"]["/api/takes/{number}/stop"]["post"]
    assert stop["parameters"] == [{"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}]
    draw = document["paths"]["/api/takes"]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert draw.rpartition("/")[2] in document["components"]["schemas"]
    assert document["security"] == [{"token": []}]
