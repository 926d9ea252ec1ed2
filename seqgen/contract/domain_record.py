"""What a corpus or a bundle stores about its domain, so that the same domain can be made again."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from seqgen.contract.core import INTERFACE_VERSION
from seqgen.contract.discovery import installed_plugin, load_domain
from seqgen.contract.domain import Domain
from seqgen.contract.vocabulary import Vocabulary
from seqgen.errors import SeqgenError, UsageError

MAX_NAME_LENGTH = 4096
MAX_VOCABULARY_LENGTH = 8 * 2**20
"""Of the names of all tokens together. Tables of a domain grow with it."""


class DomainRecord(BaseModel):
    """A domain as JSON values.

    plugin:     the distribution and the version that the domain came with; None if its plugin was not installed
    vocabulary: the names of the tokens, without BOS and EOS
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    interface_version: int
    plugin: dict[str, str] | None
    settings: dict[str, Any]
    vocabulary: Annotated[list[Annotated[str, Field(max_length=MAX_NAME_LENGTH)]], Field(fail_fast=True)]
    state: dict[str, Any]

    @field_validator("plugin")
    @classmethod
    def _names_distribution_and_version(cls, plugin: dict[str, str] | None) -> dict[str, str] | None:
        if plugin is not None and plugin.keys() != {"distribution", "version"}:
            raise ValueError("it must have a distribution and a version")
        return plugin

    @field_validator("vocabulary")
    @classmethod
    def _is_a_vocabulary(cls, names: list[str]) -> list[str]:
        if sum(map(len, names)) > MAX_VOCABULARY_LENGTH:
            raise ValueError(f"the names of its tokens are longer than {MAX_VOCABULARY_LENGTH} characters together")
        Vocabulary(names)
        return names

    @classmethod
    def of(cls, domain: Domain[Any]) -> Self:
        """Returns the record of a domain."""
        return cls(
            name=domain.name,
            interface_version=domain.interface_version,
            plugin=installed_plugin(domain.name),
            settings=domain.settings.model_dump(mode="json"),
            vocabulary=list(domain.vocabulary.names[2:]),
            state=dict(domain.state),
        )

    @property
    def distribution(self) -> str:
        """The distribution and the version of the plugin, for messages."""
        return f"{self.plugin['distribution']} {self.plugin['version']}" if self.plugin else f"a plugin {self.name!r}"

    def check_interface(self, origin: str, remedy: str, error: type[SeqgenError]) -> None:
        """Raises `error` if the plugin was written for another version of the contract.

        origin, remedy: parts of the sentence, such as "The corpus x was built" and "build it again"
        """
        if self.interface_version != INTERFACE_VERSION:
            raise error(
                f"{origin} with {self.distribution}, which is written for version {self.interface_version} of the "
                f"plugin interface, this is version {INTERFACE_VERSION}; {remedy}."
            )

    def make_domain(self, origin: str, error: type[SeqgenError]) -> Domain[Any]:
        """Returns the domain, made by the plugin that is installed.

        Raises PluginError if the plugin is missing or broken, and `error` if it does not accept the settings.
        """
        kind = load_domain(self.name, self.plugin)
        try:
            return kind(kind.Settings.from_mapping(self.settings), Vocabulary(self.vocabulary), self.state)
        except UsageError as reason:
            raise error(self.describe_misfit(origin, reason)) from reason

    def describe_misfit(self, origin: str, reason: Exception) -> str:
        """Returns a sentence about values that the installed plugin does not accept, with both versions."""
        plugin = installed_plugin(self.name)
        installed = f"{plugin['distribution']} {plugin['version']}" if plugin else f"the plugin {self.name!r}"
        return f"{origin} with {self.distribution} and does not fit {installed}, which is installed: {reason}"
