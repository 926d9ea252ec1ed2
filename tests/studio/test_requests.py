"""A request contains what it may contain, and nothing else."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from seqgen.studio.requests import MAX_TEXT_LENGTH, ChangeRequest, DrawRequest, schema_of


def test_a_request_with_defaults_is_short():
    constraints = '{"bars": 4, "key": "Cmaj", "parallels": false}'
    request = DrawRequest.model_validate_json(f'{{"model": "0", "constraints": {constraints}}}')
    assert request.constraints == {"bars": 4, "key": "Cmaj", "parallels": False}
    assert (request.take, request.text, request.seed) == (None, None, None)


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"model": 7}', '{"model": "0", "path": "/etc/passwd"}', '{"model": "0", "seed": -1}',
     '{"model": "0", "temperature": NaN}', '{"model": "0", "max_new_tokens": 100000000}',
     '{"model": "0", "num_particles": 1000000}', '{"model": "0", "constraints": {"bars": [1]}}',
     '{"model": "0", "text": "%s"}' % ("x" * (MAX_TEXT_LENGTH + 1)), '{"model": "%s"}' % ("x" * 100)],
)  # fmt: skip
def test_anything_else_is_refused(body):
    with pytest.raises(ValidationError):
        DrawRequest.model_validate_json(body)


def test_a_schema_says_what_each_name_means():
    properties = schema_of(DrawRequest)["properties"]
    assert properties["seed"]["description"]
    assert set(schema_of(ChangeRequest)["properties"]) == {"name", "is_deleted"}
