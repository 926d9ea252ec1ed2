"""The description of the interface names everything that there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from seqgen.studio.app import reply
from seqgen.studio.endpoints import ENDPOINTS
from seqgen.studio.openapi import description
from seqgen.studio.requests import DrawRequest
from seqgen.studio.takes import Takes

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "studio.md"
REAPER_REQUESTS = {
    """('-X POST --data-binary "@%s" %s'):format(body, address)""": ("post", "/api/takes", None),
    """address .. "/" .. number""": ("get", "/api/takes/{number}", None),
    """('-o "%s" "%s/%s/file?ending="'):format(path, address, number)""": (
        "get", "/api/takes/{number}/file", "ending",
    ),
}  # fmt: skip
"""What the script for REAPER asks by curl: the method, the path and the parameter of the address."""


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


def test_the_requests_of_the_guide_are_described():
    paths = description(ENDPOINTS)["paths"]
    rows = re.findall(r"^\| `(GET|POST) ([^`?]+)(?:\?([^`]+))?`", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) >= 6
    for method, path, query in rows:
        operation = paths[re.sub(r"/\d+", "/{number}", path)][method.lower()]
        known = {one["name"] for one in operation["parameters"]}
        assert set(re.findall(r"(\w+)=", query)) <= known, (method, path)


def test_the_script_for_reaper_asks_what_is_described_and_finds_what_is_answered():
    script = re.search(r"```lua\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[1]
    assert '("http://127.0.0.1:%d/api/takes"):format(PORT)' in script
    assert "Authorization: Bearer %s" in script
    assert script.count("ask(") == 1 + len(REAPER_REQUESTS)
    paths = description(ENDPOINTS)["paths"]
    for call, (method, path, parameter) in REAPER_REQUESTS.items():
        assert f"ask({call})" in script
        known = [one["name"] for one in paths[path][method]["parameters"] if one["in"] == "query"]
        assert parameter in [None, *known]
    body = DrawRequest.model_validate_json(re.search(r"local BODY = '(.*)'", script)[1])
    assert body.constraints == {"bars": 8}
    take = Takes().add(model="0", model_name="a", origin="drawn")
    answer = reply(take.summary()).body.decode()
    for pattern, found in (('"number": (%d+)', "1"), ('"state": "(%a+)"', "waiting")):
        assert f":match('{pattern}')" in script
        python_pattern = pattern.replace("%d", r"\d").replace("%a", "[a-zA-Z]")
        assert re.search(python_pattern, answer)[1] == found
