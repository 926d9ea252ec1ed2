"""The hooks that a plugin's module may implement, and the entry-point group that announces each.

    import pluggy

    @pluggy.HookimplMarker("seqgen")
    def seqgen_domain():
        return MyDomain

An entry point of the group names the module. Each hook has a group of its own, so that seqgen imports a plugin only for
what is needed: `seqgen --help` imports the plugins that bring commands, and no other.
"""

from __future__ import annotations

from typing import Any

import pluggy

from seqgen.contract.domain import Domain

PROJECT = "seqgen"
GROUPS = {"seqgen_domain": "seqgen"}
"""The entry-point group of each hook."""

hookspec = pluggy.HookspecMarker(PROJECT)


class HookSpecifications:
    """What a plugin's module implements."""

    @hookspec
    def seqgen_domain(self) -> type[Domain[Any]]:  # type: ignore[empty-body]
        """Returns the domain's class. Its `name` is the name of the entry point."""
