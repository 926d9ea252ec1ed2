"""Finds the plugins that are installed, and calls the hooks of each inside its own guard.

A plugin is an entry point of one of the groups in hooks.py. A broken plugin is named with its distribution, its version
and the error, and breaks nothing else. What comes with seqgen is found in the same way as everything else.
"""

from __future__ import annotations

import difflib
import functools
import importlib.metadata
import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pluggy

from seqgen.contract.escaping import terminal_text
from seqgen.contract.hooks import GROUPS, PROJECT, HookSpecifications
from seqgen.contract.plugin_files import entry_points_of_files
from seqgen.contract.plugin_identity import PluginIdentity, cause, normalized, remedy
from seqgen.errors import PluginError, SeqgenError

NO_PLUGINS = "SEQGEN_NO_PLUGINS"
"""The environment variable that leaves out all plugins that do not come with seqgen; worker processes inherit it."""
ALLOWED = "SEQGEN_PLUGINS"
"""The environment variable that lists the plugins, or distributions, that are used beside those of seqgen: `a,b`."""
STRICT = "SEQGEN_STRICT_PLUGINS"
"""The environment variable that makes a broken plugin an error, in place of a line on standard error."""

MAX_IMPORT_SECONDS = 2.0
"""A plugin that takes longer to import is reported."""
LOGGER = logging.getLogger("seqgen.plugins")
"""Gets the traceback of each error of a plugin that does not end the command, at level DEBUG."""
_reported: set[str] = set()

Result = TypeVar("Result")


@dataclass(frozen=True)
class Plugin(PluginIdentity):
    """An entry point that is installed. Nothing of it has been imported."""

    entry_point: importlib.metadata.EntryPoint

    @property
    def identity(self) -> PluginIdentity:
        """The same without the entry point."""
        return PluginIdentity(self.name, self.distribution, self.version)


@contextmanager
def bundled_plugins_only() -> Iterator[None]:
    """Leaves out the plugins that do not come with seqgen, here and in worker processes that are started within."""
    before = os.environ.get(NO_PLUGINS)
    os.environ[NO_PLUGINS] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(NO_PLUGINS, None)
        else:
            os.environ[NO_PLUGINS] = before


def installed_plugins(hook: str) -> list[Plugin]:
    """Returns every installed plugin that announces a hook, without importing any.

    Bundled ones come first, then those of files that are tried; each part is in the order of the names. A file hides an
    installed plugin of its name. SEQGEN_NO_PLUGINS and SEQGEN_PLUGINS leave plugins out that do not come with seqgen.
    """
    group = GROUPS[hook]
    plugins = [plugin for plugin in _all_plugins(tuple(sys.path)) if plugin.entry_point.group == group]
    plugins = [plugin for plugin in plugins if plugin.is_bundled or _is_allowed(plugin)]
    tried = [Plugin(point.name, owner, "", point) for owner, point in entry_points_of_files() if point.group == group]
    hidden = {plugin.name for plugin in tried}
    plugins = [plugin for plugin in plugins if plugin.is_bundled or plugin.name not in hidden]
    return sorted([*tried, *plugins], key=_rank)


def _rank(plugin: Plugin) -> tuple[bool, bool, str, str]:
    return not plugin.is_bundled, plugin.version != "", plugin.name, plugin.distribution


def _is_allowed(plugin: Plugin) -> bool:
    """Whether the environment allows a plugin that does not come with seqgen."""
    allowed = [name.strip() for name in os.environ.get(ALLOWED, "").split(",") if name.strip()]
    if os.environ.get(NO_PLUGINS) == "1":
        return False
    return not allowed or plugin.name in allowed or normalized(plugin.distribution) in map(normalized, allowed)


def faults_of_announcements() -> list[str]:
    """Returns a sentence for each entry point whose group looks like one of seqgen but is none."""
    faults = []
    for plugin in _all_plugins(tuple(sys.path)):
        group = plugin.entry_point.group
        if group not in GROUPS.values() and _is_allowed(plugin):
            near = difflib.get_close_matches(group, GROUPS.values(), n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            faults.append(
                f"The plugin {plugin} is not used, because there is no group {group!r} of entry points; {hint}"
                f"there are: {', '.join(GROUPS.values())}."
            )
    return faults


@functools.lru_cache(maxsize=1)
def _all_plugins(path: tuple[str, ...]) -> list[Plugin]:
    """Returns the plugins of all hooks on `path`, which is sys.path, and those of unknown groups named `seqgen.…`."""
    found: dict[tuple[str, str, str, str], Plugin] = {}
    for distribution in importlib.metadata.distributions():
        try:
            points = [point for point in distribution.entry_points if f"{point.group}.".startswith("seqgen.")]
            if not points:
                continue
            owner, version = str(distribution.metadata["Name"]), str(distribution.version)
        except Exception:  # damaged metadata of a distribution that may have nothing to do with seqgen
            continue
        for point in points:
            # An editable installation can be on sys.path twice: that is one plugin, not two with the same name.
            key = (point.group, point.name, point.value, normalized(owner))
            found.setdefault(key, Plugin(point.name, owner, version, point))
    return list(found.values())


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
    manager, name = plugin_manager(), plugin.entry_point.value
    try:
        module = _load(plugin)
        if manager.get_plugin(name) is not module:
            if manager.has_plugin(name):
                manager.unregister(name=name)
            manager.register(module, name=name)
        manager.check_pending()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module that calls sys.exit() is as broken as one that raises
        if manager.has_plugin(name):
            manager.unregister(name=name)
        raise broken(plugin, f"cannot be loaded: {cause(error)}") from error
    try:
        others = [other for other in manager.get_plugins() if other is not module]
        return list(manager.subset_hook_caller(hook, others)(**arguments))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        manager.unregister(name=name)
        raise broken(plugin, f"fails in the hook {hook}: {cause(error)}") from error


def _load(plugin: Plugin) -> Any:
    """Imports the module of a plugin. Reports a plugin that takes long, because every command would wait for it."""
    begin = time.monotonic()
    module = plugin.entry_point.load()
    seconds = time.monotonic() - begin
    if seconds > MAX_IMPORT_SECONDS and not plugin.is_bundled:
        _report_once(
            f"The plugin {plugin} takes {seconds:.0f} s to import; tell its author to import large libraries inside "
            "functions."
        )
    return module


def hook_results(hook: str, kind: type[Result], **arguments: Any) -> list[tuple[Plugin, Result]]:
    """Returns each object of the lists that all plugins return for a hook, with its plugin; bundled ones come first.

    kind: the type of the objects. A plugin that is broken, or that returns something else, is reported and left out.
    """
    found: list[tuple[Plugin, Result]] = []
    for plugin in installed_plugins(hook):
        with report_broken_plugins():
            for returned in call_hook(plugin, hook, **arguments):
                if not (isinstance(returned, Sequence) and all(isinstance(one, kind) for one in returned)):
                    raise broken(plugin, f"returns {returned!r} from {hook}, which is no list of {kind.__name__}")
                found += [(plugin, one) for one in returned]
    return found


def unique(
    named: Iterable[tuple[str, Plugin, Result]], what: str, reserved: Iterable[str] = ()
) -> dict[str, tuple[Plugin, Result]]:
    """Returns the first result of each name, with its plugin. Reports the plugin of every other one.

    what:     what a result is called in the report, such as "command"
    reserved: names that no result may have
    """
    taken = set(reserved)
    found: dict[str, tuple[Plugin, Result]] = {}
    for name, plugin, result in named:
        with report_broken_plugins():
            if name in taken:
                raise PluginError(
                    f"The {what} {name!r} of the plugin {plugin} is not used, because there is another; rename it."
                )
            taken.add(name)
            found[name] = plugin, result
    return found


@contextmanager
def guard(plugin: PluginIdentity, activity: str) -> Iterator[None]:
    """Raises PluginError for whatever a plugin raises within. Errors that seqgen raises pass through.

    activity: what the plugin is doing, such as "the rendering 'svg'", for the message
    """
    try:
        yield
    except (KeyboardInterrupt, SeqgenError):
        raise
    except BaseException as error:  # as in call_hook
        raise broken(plugin, f"fails in {activity}: {cause(error)}") from error


@contextmanager
def report_broken_plugins() -> Iterator[None]:
    """Prints a PluginError that is raised within to standard error, and goes on; each error only once.

    Raises it if SEQGEN_STRICT_PLUGINS is 1.
    """
    try:
        yield
    except PluginError as error:
        if os.environ.get(STRICT) == "1":
            raise
        _report_once(str(error), error)


def _report_once(sentence: str, error: BaseException | None = None) -> None:
    if sentence not in _reported:
        _reported.add(sentence)
        print(f"seqgen: {terminal_text(sentence)}", file=sys.stderr)
        LOGGER.debug("%s", sentence, exc_info=error)


def broken(plugin: PluginIdentity, fault: str) -> PluginError:
    """Returns the error that names a plugin and its fault."""
    return PluginError(f"The plugin {plugin} {fault}; {remedy(plugin)}.")
