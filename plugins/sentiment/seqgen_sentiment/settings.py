"""The settings and constraints of labelled content. Those of the base have the prefix `base.`"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ConfigDict, Field, create_model, model_validator

from seqgen import Domain, Options, UnknownName, UsageError, Vocabulary, load_domain
from seqgen.contract.renderers import with_renderers
from seqgen.contract.textfile import DEFAULT_ENCODING, Encoding

PREFIX = "base."
BASE_DEFAULTS: dict[str, dict[str, Any]] = {"text": {"tokenizer": "word", "document": "line", "vocabulary_size": 8192}}
"""The defaults of a base that suit labelled content better than its own."""


class SentimentSettings(Options):
    """How labelled content is read and learned. `base.KEY` is the setting KEY of the base; all of them are stored."""

    model_config = ConfigDict(extra="allow", frozen=True)

    base: str = Field(default="text", description="the domain of the content; base.KEY=VALUE sets one of its settings")
    content_column: str | None = Field(
        default=None, description="the column of a table with texts, or with paths of files; guessed if unset"
    )
    label_column: str | None = Field(default=None, description="the column of a table with labels; guessed if unset")
    group_column: str | None = Field(
        default=None, description="a column of a table whose equal cells stay in one split, such as an author"
    )
    span_files: str | None = Field(
        default=None,
        description="a pattern of the names of files that hold labelled parts of documents, such as '*_phrases.tsv'; "
        "give --valid or group_column too, so that no part of a held-out document is trained on",
    )
    span_weight: float = Field(
        default=1.0, gt=0, le=1e3, description="how much a document of span_files counts beside a whole one"
    )
    encoding: Encoding = Field(
        default=DEFAULT_ENCODING,
        description="the encoding of tables and of files of text: utf-8, utf-16, latin-1, cp1252 …",
    )
    label_first_probability: float = Field(
        default=0.5, gt=0, lt=1, description="how often a document is trained on label first, to generate by label"
    )
    label_weight: float | None = Field(
        default=None, gt=0, le=1e6, description="weight of a label in the loss, in tokens; that of its content if unset"
    )
    target_replication_probability: float = Field(
        default=0.5, ge=0, lt=1, description="share of a content's tokens after which the label is predicted too"
    )

    @classmethod
    def has_option(cls, key: str) -> bool:
        return super().has_option(key) or key.startswith(PREFIX)

    @model_validator(mode="before")
    @classmethod
    def _with_base_settings(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        own = {key: value for key, value in values.items() if not key.startswith(PREFIX)}
        base = str(own.get("base", cls.model_fields["base"].default))
        for key in own:
            if not cls.has_option(key):
                raise UnknownName("setting", key, cls.model_fields)
        if base == "sentiment":
            raise ValueError("a domain cannot be its own base")
        given = {key.removeprefix(PREFIX): value for key, value in values.items() if key.startswith(PREFIX)}
        base_settings = load_domain(base).Settings
        if "encoding" in own and base_settings.has_option("encoding"):
            given = {"encoding": own["encoding"], **given}
        settings = base_settings.from_mapping({**BASE_DEFAULTS.get(base, {}), **given})
        return {**own, **_prefixed(settings)}

    def with_base(self, settings: Options) -> Self:
        """Returns the same settings with others of the base."""
        return self.from_mapping({**self.model_dump(mode="json"), **_prefixed(settings)})

    def make_base(self, names: tuple[str, ...] | None = None, state: Mapping[str, Any] | None = None) -> Domain[Any]:
        """Returns the domain of the content, with the tokens `names` and the learned state if there are any."""
        domain = load_domain(self.base)
        given = {key.removeprefix(PREFIX): value for key, value in (self.model_extra or {}).items()}
        settings = domain.Settings.from_mapping(given)
        return with_renderers(domain(settings, None if names is None else Vocabulary(names), state))


def _prefixed(settings: Options) -> dict[str, Any]:
    return {PREFIX + key: value for key, value in settings.model_dump(mode="json").items()}


def constraints_of(base: Domain[Any]) -> type[Options]:
    """Returns the class of the base's constraints with a label. Raises UsageError if the base has such a constraint."""
    if base.Constraints.has_option("label"):
        raise UsageError(f"The domain {base.name!r} has a constraint 'label' of its own; it cannot be labelled.")
    return create_model(
        "Constraints",
        __base__=base.Constraints,
        __doc__="What can be asked of a sample: a label, and the constraints of its content.",
        label=(str | None, Field(default=None, description="the label of the sample")),
    )
