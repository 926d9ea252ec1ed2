"""Finds and loads the domains of the plugins that are installed.

Bundled domains are found in the same way as all others; a bundled one wins over another of the same name.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from seqgen.contract.core import INTERFACE_VERSION
from seqgen.contract.domain import Domain
from seqgen.contract.guarding import guarded_domain
from seqgen.contract.plugins import STRICT, Plugin, broken, call_hook, installed_plugins
from seqgen.errors import PluginError, UnknownName


@dataclass(frozen=True)
class LoadedPlugin:
    """A plugin and either its domain or, if it is broken, the error."""

    plugin: Plugin
    domain: type[Domain[Any]] | None
    error: str | None = None


def installed_domains() -> list[Plugin]:
    """Returns every installed domain without importing any. One that a bundled domain of its name hides is left out."""
    plugins = installed_plugins("seqgen_domain")
    bundled = {plugin.name for plugin in plugins if plugin.is_bundled}
    return [plugin for plugin in plugins if plugin.is_bundled or plugin.name not in bundled]


def hidden_domains(*, tried_only: bool = False) -> list[str]:
    """Returns a sentence for each domain that a bundled domain of the same name hides.

    tried_only: only those in files that are tried (`--plugin`)
    """
    used = installed_domains()
    return [
        f"The domain {plugin} is not used, because the one that comes with seqgen has the same name; rename it."
        for plugin in installed_plugins("seqgen_domain")
        if plugin not in used and not (tried_only and plugin.version)
    ]


def load_domain(name: str, made_with: dict[str, str] | None = None) -> type[Domain[Any]]:
    """Returns the domain of that name. Imports that plugin and no other.

    made_with: the distribution and version that a bundle or corpus was made with, for the message if it is missing.
    Raises UnknownName if no plugin has that name, PluginError if it is broken, missing, or one of two.
    """
    plugins = installed_domains()
    named = [plugin for plugin in plugins if plugin.name == name]
    if not named and made_with and not made_with["version"]:
        file = made_with["distribution"]
        raise PluginError(f"The domain {name!r} comes with the file {file}; use it: 'seqgen --plugin {file} …'.")
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
    plugins = installed_domains()
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
    named = next((plugin for plugin in installed_domains() if plugin.name == name), None)
    return None if named is None else {"distribution": named.distribution, "version": named.version}


def _load(plugin: Plugin) -> type[Domain[Any]]:
    domains = call_hook(plugin, "seqgen_domain")
    fault = _fault(plugin, domains)
    if fault:
        raise broken(plugin, f"is broken: {fault}")
    return guarded_domain(domains[0], plugin.identity)


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
    if isinstance(domain.reads, str):
        return f"the attribute reads of its domain is a text, and a tuple was expected: ({domain.reads!r},)"
    return None


def _name_clash(plugins: list[Plugin]) -> str:
    owners = " and ".join(f"{plugin.distribution} {plugin.version}" for plugin in plugins)
    return f"Two plugins are called {plugins[0].name!r}: of {owners}; uninstall one of them."
