"""Finds the domains that are installed, and loads one of them or all, each inside its own guard.

A plugin is an entry point in the group `seqgen`: its name is the domain's name, its value a module with this hook:

    hookimpl = pluggy.HookimplMarker("seqgen")

    @hookimpl
    def seqgen_domain():
        return MyDomain

A broken plugin is reported with its name, distribution, version and error, and breaks nothing else. The bundled domains
are found exactly as a stranger's.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
from dataclasses import dataclass
from typing import Any

import pluggy

from seqgen.contract.domain import API_VERSION, Domain
from seqgen.errors import PluginError, UnknownName

GROUP = "seqgen"
BUNDLED = "seqgen-framework"

hookspec = pluggy.HookspecMarker(GROUP)


class Hooks:
    """What a plugin's module implements."""

    @hookspec
    def seqgen_domain(self) -> type[Domain]:  # type: ignore[empty-body]
        """The domain's class; its `name` is the name of the entry point."""


@dataclass(frozen=True)
class Plugin:
    """An entry point that is installed; nothing of it has been imported."""

    name: str
    distribution: str
    version: str
    entry_point: importlib.metadata.EntryPoint

    def __str__(self) -> str:
        return f"{self.name!r} of {self.distribution} {self.version}"


@dataclass(frozen=True)
class Loaded:
    """A plugin and either its domain or, where it is broken, what went wrong."""

    plugin: Plugin
    domain: type[Domain] | None
    error: str | None = None


def installed(*, bundled_only: bool = False) -> list[Plugin]:
    """Every entry point of the group, by name, without importing any; `bundled_only` leaves strangers out."""
    found: dict[tuple[str, str, str], Plugin] = {}
    for distribution in importlib.metadata.distributions():
        try:
            points = [point for point in distribution.entry_points if point.group == GROUP]
            if not points:
                continue
            owner, version = str(distribution.metadata["Name"]), str(distribution.version)
        except Exception:  # damaged metadata of a distribution that may have nothing to do with seqgen
            continue
        for point in points:
            # An editable installation can be on sys.path twice: the same one, not two with one name.
            found.setdefault((point.name, point.value, _normal(owner)), Plugin(point.name, owner, version, point))
    plugins = [plugin for plugin in found.values() if not bundled_only or _normal(plugin.distribution) == BUNDLED]
    return sorted(plugins, key=lambda plugin: (plugin.name, plugin.distribution))


def load_domain(name: str, *, bundled_only: bool = False) -> type[Domain]:
    """The domain of that name; imports that plugin alone.

    Raises UnknownName when no plugin is called that, PluginError when it is broken or two are called that.
    """
    plugins = installed(bundled_only=bundled_only)
    named = [plugin for plugin in plugins if plugin.name == name]
    if not named:
        raise UnknownName("domain", name, {plugin.name for plugin in plugins})
    if len(named) > 1:
        raise PluginError(_twice(named))
    return _load(named[0])


def load_all(*, bundled_only: bool = False) -> list[Loaded]:
    """Every plugin loaded inside its own guard, broken ones included.

    Raises PluginError at the first broken one when the environment says SEQGEN_STRICT_PLUGINS=1.
    """
    plugins = installed(bundled_only=bundled_only)
    results = []
    for plugin in plugins:
        try:
            named = [other for other in plugins if other.name == plugin.name]
            if len(named) > 1:
                raise PluginError(_twice(named))
            results.append(Loaded(plugin, _load(plugin)))
        except PluginError as error:
            if os.environ.get("SEQGEN_STRICT_PLUGINS") == "1":
                raise
            results.append(Loaded(plugin, None, str(error)))
    return results


def _load(plugin: Plugin) -> type[Domain]:
    try:
        module = plugin.entry_point.load()
        manager = pluggy.PluginManager(GROUP)
        manager.add_hookspecs(Hooks)
        manager.register(module, name=plugin.name)
        manager.check_pending()
        domains = manager.hook.seqgen_domain()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module that calls sys.exit() is as broken as one that raises
        raise PluginError(
            f"The plugin {plugin} cannot be loaded: {type(error).__name__}: {error}; update or uninstall it."
        ) from error
    fault = _fault(plugin, domains)
    if fault:
        raise PluginError(f"The plugin {plugin} is broken: {fault}; update or uninstall it.")
    return domains[0]


def _fault(plugin: Plugin, domains: list[Any]) -> str | None:
    if len(domains) != 1:
        return f"its module {plugin.entry_point.value!r} does not give a domain by the hook seqgen_domain"
    domain = domains[0]
    if not (isinstance(domain, type) and issubclass(domain, Domain)):
        return f"it gives {domain!r}, which is no subclass of seqgen.Domain"
    if domain.api_version != API_VERSION:
        return f"it is written for version {domain.api_version} of the interface, this is version {API_VERSION}"
    if getattr(domain, "name", None) != plugin.name:
        return f"its domain calls itself {getattr(domain, 'name', None)!r}"
    return None


def _twice(plugins: list[Plugin]) -> str:
    owners = " and ".join(f"{plugin.distribution} {plugin.version}" for plugin in plugins)
    return f"Two plugins are called {plugins[0].name!r}: of {owners}; uninstall one of them."


def _normal(distribution: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
