"""Plugins in files, which are tried without being installed: `seqgen --plugin FILE.py …`.

A file is a module with hooks, such as `seqgen_domain`; a folder is a package with hooks in its `__init__.py`. The paths
are in an environment variable, so that worker processes find them too.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from seqgen.contract.hooks import GROUPS
from seqgen.contract.plugin_identity import cause
from seqgen.errors import PluginError, UsageError

PLUGIN_FILES = "SEQGEN_PLUGIN_FILES"
"""The environment variable with the paths of the files, separated as in PATH."""


@contextmanager
def plugin_files(paths: tuple[Path, ...]) -> Iterator[None]:
    """Uses the plugins in these files, here and in worker processes that are started within.

    Raises UsageError for a file that is no plugin, and PluginError for one that cannot be imported.
    """
    before = os.environ.get(PLUGIN_FILES)
    os.environ[PLUGIN_FILES] = os.pathsep.join(str(path.resolve()) for path in paths)
    try:
        entry_points_of_files()
        yield
    finally:
        if before is None:
            os.environ.pop(PLUGIN_FILES, None)
        else:
            os.environ[PLUGIN_FILES] = before


def entry_points_of_files() -> list[tuple[str, EntryPoint]]:
    """Returns the entry point of each hook in the files, with the name of the file. Imports the files."""
    paths = os.environ.get(PLUGIN_FILES, "")
    return [point for path in paths.split(os.pathsep) if path for point in _entry_points(Path(path))]


@functools.cache
def _entry_points(path: Path) -> list[tuple[str, EntryPoint]]:
    module = _import(path)
    hooks = [hook for hook in GROUPS if hasattr(module, hook)]
    if not hooks:
        raise UsageError(f"{path} is no plugin: it has no hook; define one of {', '.join(GROUPS)}.")
    return [(path.name, EntryPoint(_name(module, hook, path), path.stem, GROUPS[hook])) for hook in hooks]


def _import(path: Path) -> Any:
    """Imports a file as the module of its name, which workers can import too. Raises UsageError, PluginError."""
    module = path / "__init__.py" if path.is_dir() else path
    if not module.is_file() or module.suffix != ".py" or not path.stem.isidentifier():
        raise UsageError(
            f"{path} is no plugin; give a Python file that exists and has a name such as my_plugin.py, or the folder "
            "of a package."
        )
    if str(path.parent) not in sys.path:
        # It comes last, so that the folder of the file hides no library.
        sys.path.append(str(path.parent))
        importlib.invalidate_caches()
    found = importlib.util.find_spec(path.stem)
    if found is None or found.origin is None or Path(found.origin).resolve() != module:
        raise UsageError(f"{path} has the name of another module, {path.stem}; rename the file.")
    try:
        return importlib.import_module(path.stem)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module that calls sys.exit() is as broken as one that raises
        raise PluginError(f"The plugin {path} cannot be loaded: {cause(error)}; correct it.") from error


def _name(module: Any, hook: str, path: Path) -> str:
    """Returns the name of the entry point: that of the domain, or of the file."""
    if hook != "seqgen_domain":
        return path.stem
    try:
        return str(module.seqgen_domain().name)
    except Exception as error:
        raise PluginError(f"The plugin {path} fails in the hook {hook}: {cause(error)}; correct it.") from error
