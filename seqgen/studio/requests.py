"""What a request may contain. The page and the description of the interface (openapi.py) use the same models."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from seqgen.studio.takes import MAX_NAME_LENGTH

MAX_TEXT_LENGTH = 20_000
MAX_NEW_TOKENS = 8192
Value = str | int | float | bool


class Body(BaseModel):
    """The body of a request: JSON with these names alone."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class DrawRequest(Body):
    """Draw a new take."""

    model: str = Field(max_length=20, description="the key of the model")
    constraints: dict[str, Value] = Field(
        default_factory=dict, max_length=40, description="what the take must satisfy, by the names of the model"
    )
    take: int | None = Field(default=None, description="the take that is continued, or that notes are drawn within")
    text: str | None = Field(default=None, max_length=MAX_TEXT_LENGTH, description="the text that is continued")
    origin: str = Field(default="drawn", max_length=20, description="what the take is called in the list")
    seed: int | None = Field(default=None, ge=0, lt=2**53, description="the same seed gives the same take")
    temperature: float | None = Field(default=None, ge=0, le=10, description="below 1 is safer, above 1 more varied")
    guidance: float | None = Field(default=None, ge=0, le=20, description="strength of classifier-free guidance")
    num_particles: int = Field(default=64, ge=1, le=512, description="candidates for notes that are drawn within")
    max_new_tokens: int = Field(default=4096, ge=1, le=MAX_NEW_TOKENS, description="where the take is cut off")


class PrepareRequest(Body):
    """Make everything ready for a draw with these constraints, so that its first note comes at once."""

    model: str = Field(max_length=20, description="the key of the model")
    constraints: dict[str, Value] = Field(default_factory=dict, max_length=40)


class ChangeRequest(Body):
    """Rename a take, hide it, or show it again."""

    name: str | None = Field(default=None, max_length=MAX_NAME_LENGTH)
    is_deleted: bool | None = None


def schema_of(body: type[BaseModel]) -> dict[str, Any]:
    """Returns the JSON schema of a body, as OpenAPI 3.1 takes it."""
    return body.model_json_schema(ref_template="#/components/schemas/{model}")
