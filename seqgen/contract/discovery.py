"""Finds the plugins that are installed, and loads each inside its own guard.

A plugin is an entry point of one of the groups in hooks.py. A broken plugin is reported with its name, distribution,
version and error, and breaks nothing else. Bundled domains are found in the same way as all others; a bundled one wins
over another of the same name.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pluggy

from seqgen.contract.core import INTERFACE_VERSION
from seqgen.contract.domain import Domain
from seqgen.contract.hooks import GROUPS, PROJECT, HookSpecifications
from seqgen.errors import PluginError, UnknownName

BUNDLED = "seqgen-framework"
NO_PLUGINS = "SEQGEN_NO_PLUGINS"
"""The environment variable that leaves out all plugins that do not come with seqgen; worker processes inherit it."""
STRICT = "SEQGEN_STRICT_PLUGINS"


@dataclass(frozen=True)
class Plugin:
    """An entry point that is installed. Nothing of it has been imported."""

    name: str
    distribution: str
    version: str
    entry_point: importlib.metadata.EntryPoint

    def __str__(self) -> str:
        return f"{self.name!r} of {self.distribution} {self.version}"

    @property
    def is_bundled(self) -> bool:
        """Whether it comes with seqgen."""
        return _normalized(self.distribution) == BUNDLED


@dataclass(frozen=True)
class LoadedPlugin:
    """A plugin and either its domain or, if it is broken, the error."""

    plugin: Plugin
    domain: type[Domain[Any]] | None
    error: str | None = None


@contextmanager
def bundled_plugins_only(only: bool = True) -> Iterator[None]:
    """Leaves out the plugins that do not come with seqgen, here and in worker processes that are started within."""
    before = os.environ.get(NO_PLUGINS)
    if only:
        os.environ[NO_PLUGINS] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(NO_PLUGINS, None)
        else:
            os.environ[NO_PLUGINS] = before


def installed_plugins(hook: str = "seqgen_domain") -> list[Plugin]:
    """Returns every installed plugin that announces a hook, by name, without importing any.

    A plugin that is not bundled is left out if a bundled one has its name, or if SEQGEN_NO_PLUGINS is 1.
    """
    found: dict[tuple[str, str, str], Plugin] = {}
    for distribution in importlib.metadata.distributions():
        try:
            points = [point for point in distribution.entry_points if point.group == GROUPS[hook]]
            if not points:
                continue
            owner, version = str(distribution.metadata["Name"]), str(distribution.version)
        except Exception:  # damaged metadata of a distribution that may have nothing to do with seqgen
            continue
        for point in points:
            # An editable installation can be on sys.path twice: that is one plugin, not two with the same name.
            key = (point.name, point.value, _normalized(owner))
            found.setdefault(key, Plugin(point.name, owner, version, point))
    bundled = {plugin.name for plugin in found.values() if plugin.is_bundled}
    bundled_only = os.environ.get(NO_PLUGINS) == "1"
    kept = [plugin for plugin in found.values() if plugin.is_bundled or not (bundled_only or plugin.name in bundled)]
    return sorted(kept, key=lambda plugin: (plugin.name, plugin.distribution))


def hidden_plugins() -> list[str]:
    """Returns a sentence for each installed domain that a bundled domain of the same name hides."""
    with bundled_plugins_only():
        bundled = {plugin.name for plugin in installed_plugins()}
    return [
        f"The domain {point.name!r} of {point.dist.name} {point.dist.version} is not used, because the one that comes "
        "with seqgen has the same name; rename it."
        for point in importlib.metadata.entry_points(group=GROUPS["seqgen_domain"])
        if point.name in bundled and point.dist is not None and _normalized(point.dist.name) != BUNDLED
    ]


def load_domain(name: str, made_with: dict[str, str] | None = None) -> type[Domain[Any]]:
    """Returns the domain of that name. Imports that plugin and no other.

    made_with: the distribution and version that a bundle or corpus was made with, for the message if it is missing.
    Raises UnknownName if no plugin has that name, PluginError if it is broken, missing, or one of two.
    """
    plugins = installed_plugins()
    named = [plugin for plugin in plugins if plugin.name == name]
    if not named and made_with:
        source = f"{made_with['distribution']} {made_with['version']}"
        raise PluginError(f"The domain {name!r} comes with {source}, which is not installed; install it.")
    if not named:
        raise UnknownName("domain", name, {plugin.name for plugin in plugins})
    if len(named) > 1:
        raise PluginError(_name_clash(named))
    return _load(named[0])


def load_all() -> list[LoadedPlugin]:
    """Loads every domain inside its own guard, and returns the broken ones too.

    Raises PluginError at the first broken one if the environment variable SEQGEN_STRICT_PLUGINS is 1.
    """
    plugins = installed_plugins()
    results = []
    for plugin in plugins:
        try:
            named = [other for other in plugins if other.name == plugin.name]
            if len(named) > 1:
                raise PluginError(_name_clash(named))
            results.append(LoadedPlugin(plugin, _load(plugin)))
        except PluginError as error:
            if os.environ.get(STRICT) == "1":
                raise
            results.append(LoadedPlugin(plugin, None, str(error)))
    return results


def installed_plugin(name: str) -> dict[str, str] | None:
    """Returns the distribution and version that a domain comes with; None for a domain that is not installed.

    Bundles and corpora record it.
    """
    named = next((plugin for plugin in installed_plugins() if plugin.name == name), None)
    return None if named is None else {"distribution": named.distribution, "version": named.version}


@functools.cache
def plugin_manager() -> pluggy.PluginManager:
    """Returns the one plugin manager of the process."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(HookSpecifications)
    return manager


def call_hook(plugin: Plugin, hook: str, **arguments: Any) -> list[Any]:
    """Imports a plugin and returns what its implementation of a hook returns: [] if it does not implement it.

    Raises PluginError for whatever the plugin raises.
    """
    manager = plugin_manager()
    key = f"{hook} {plugin}"
    try:
        module = plugin.entry_point.load()
        if manager.get_plugin(key) is not module:
            if manager.has_plugin(key):
                manager.unregister(name=key)
            manager.register(module, name=key)
        manager.check_pending()
        others = [other for other in manager.get_plugins() if other is not module]
        return list(manager.subset_hook_caller(hook, others)(**arguments))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module that calls sys.exit() is as broken as one that raises
        if manager.has_plugin(key):
            manager.unregister(name=key)
        raise PluginError(
            f"The plugin {plugin} cannot be loaded: {type(error).__name__}: {error}; update or uninstall it."
        ) from error


def _load(plugin: Plugin) -> type[Domain[Any]]:
    domains = call_hook(plugin, "seqgen_domain")
    fault = _fault(plugin, domains)
    if fault:
        raise PluginError(f"The plugin {plugin} is broken: {fault}; update or uninstall it.")
    domain: type[Domain[Any]] = domains[0]
    return domain


def _fault(plugin: Plugin, domains: list[Any]) -> str | None:
    if len(domains) != 1:
        return f"its module {plugin.entry_point.value!r} does not give a domain by the hook seqgen_domain"
    domain = domains[0]
    if not (isinstance(domain, type) and issubclass(domain, Domain)):
        return f"it gives {domain!r}, which is no subclass of seqgen.Domain"
    version = getattr(domain, "interface_version", None)
    if version is None:
        return f"its domain does not state the interface_version that it was written for, such as {INTERFACE_VERSION}"
    if version != INTERFACE_VERSION:
        return f"it is written for version {version} of the interface, this is version {INTERFACE_VERSION}"
    if getattr(domain, "name", None) != plugin.name:
        return f"its domain calls itself {getattr(domain, 'name', None)!r}"
    return None


def _name_clash(plugins: list[Plugin]) -> str:
    owners = " and ".join(f"{plugin.distribution} {plugin.version}" for plugin in plugins)
    return f"Two plugins are called {plugins[0].name!r}: of {owners}; uninstall one of them."


def _normalized(distribution: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
