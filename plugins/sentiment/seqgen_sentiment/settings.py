"""What can be set: which domain the content is of, and the settings of that one under `base.`"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field, create_model, model_validator

from seqgen import Domain, Options, UnknownName, UsageError, Vocabulary, load_domain

BASE = "base."
DEFAULTS: dict[str, dict[str, Any]] = {"text": {"unit": "word", "document": "line", "vocabulary_size": 8192}}
"""Where the settings of a base as they come do not suit labelled content."""


class SentimentSettings(Options):
    """How labelled content is read and learned. `base.KEY` is the setting KEY of the base; all of them are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)

    base: str = Field(
        default="text", description="the domain of the content; base.KEY=VALUE sets what that one has (base.unit=bpe)"
    )
    content: str | None = Field(default=None, description="a table's column of content or of files; guessed if need be")
    label: str | None = Field(default=None, description="a table's column of labels; guessed if need be")
    label_first: float = Field(
        default=0.5, gt=0, lt=1, description="share of documents learned label first, to write to order; others judge"
    )
    label_weight: float | None = Field(
        default=None, gt=0, le=1e6, description="how many tokens a label counts for; as it comes, as its content has"
    )

    label_early: float = Field(
        default=0.5, ge=0, lt=1, description="share of a content's tokens after which its label is asked for already"
    )

    @classmethod
    def has(cls, key: str) -> bool:
        return super().has(key) or key.startswith(BASE)

    @model_validator(mode="before")
    @classmethod
    def _with_settings_of_the_base(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        mine = {key: value for key, value in values.items() if not key.startswith(BASE)}
        base = mine.get("base", cls.model_fields["base"].default)
        for key in mine:
            if not cls.has(key):
                raise UnknownName("setting", key, cls.model_fields)
        if base == "sentiment":
            raise ValueError("labels are put over another domain, not over themselves")
        given = {key.removeprefix(BASE): value for key, value in values.items() if key.startswith(BASE)}
        theirs = load_domain(str(base)).Settings.from_mapping({**DEFAULTS.get(str(base), {}), **given})
        return {**mine, **{BASE + key: value for key, value in theirs.model_dump(mode="json").items()}}

    def make_base(self, names: tuple[str, ...] | None = None) -> Domain[Any]:
        """The domain of the content, with the vocabulary of `names` where there is one."""
        made = load_domain(self.base)
        extra = self.model_extra or {}
        settings = made.Settings.from_mapping({key.removeprefix(BASE): value for key, value in extra.items()})
        return made(settings, None if names is None else Vocabulary(names))


def constraints_of(base: Domain[Any]) -> type[Options]:
    """What can be asked of a sample: a label, and whatever the base knows."""
    if base.Constraints.has("label"):
        raise UsageError(f"The domain {base.name!r} has a constraint 'label' of its own; it cannot be labelled.")
    return create_model(
        "Constraints",
        __base__=base.Constraints,
        __doc__="What can be asked of a sample: a label, and whatever can be asked of its content.",
        label=(str | None, Field(default=None, description="the label that it has")),
    )
