"""Generates the pages of the reference from the code, each time the site is built (a hook of MkDocs).

So the reference names every command, setting, constraint, hook and public name that there is.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pydantic import BaseModel

import seqgen
import seqgen.contract
import seqgen.grammar
from seqgen.cli import group
from seqgen.contract.discovery import load_all
from seqgen.contract.hooks import GROUPS
from seqgen.engine.settings import SIZES, ModelSettings, TrainingSettings

HELP_WIDTH = 100


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages of the reference to the files of the site."""
    for path, text in reference_pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def reference_pages() -> dict[str, str]:
    """Returns the Markdown of each page of the reference by its path."""
    return {
        "reference/commands.md": commands_page(),
        "reference/settings.md": settings_page(),
        "reference/python.md": python_page(),
        "reference/contract.md": contract_page(),
        "reference/hooks.md": hooks_page(),
        "reference/grammar.md": grammar_page(),
    }


def commands_page() -> str:
    """Returns the help text of every command."""
    parts = ["# Commands\n\nEach command answers `--help`. Exit codes: 0 done, 1 it failed, 2 the call was wrong."]
    root = click.Context(group, info_name="seqgen", max_content_width=HELP_WIDTH, terminal_width=HELP_WIDTH)
    parts.append(f"```text\n{group.get_help(root)}\n```")
    for name in group.list_commands(root):
        found = group.get_command(root, name)
        assert found is not None
        context = click.Context(found, root, name, max_content_width=HELP_WIDTH, terminal_width=HELP_WIDTH)
        parts.append(f"## seqgen {name}\n\n```text\n{found.get_help(context)}\n```")
    return "\n\n".join(parts) + "\n"


def settings_page() -> str:
    """Returns tables of every setting and constraint: those of the engine, then those of each domain."""
    parts = [
        "# Settings and constraints",
        "`seqgen train --set KEY=VALUE` sets a setting, `seqgen sample --set KEY=VALUE` asks for a constraint. "
        "A bundle stores the settings of its model.",
        "## The model", options_table(ModelSettings),
        "## Its training", options_table(TrainingSettings),
        "## Sizes", "`--size` sets several settings at once. `small` is the default.", sizes_table(),
    ]  # fmt: skip
    for loaded in load_all():
        if loaded.domain is not None:
            name, domain = loaded.plugin.name, loaded.domain
            parts += [f"## The domain {name}", inspect.cleandoc(domain.__doc__ or "")]
            parts += [f"### Settings of {name}", options_table(domain.Settings)]
            parts += [f"### Constraints of {name}", options_table(domain.Constraints)]
    return "\n\n".join(parts) + "\n"


def options_table(options: type[BaseModel]) -> str:
    """Returns one row for each option: its name, its default and what it does."""
    rows = [
        (f"`{name}`", "" if field.get_default() is None else f"`{field.get_default()}`", field.description or "")
        for name, field in options.model_fields.items()
    ]
    return _table(("name", "default", "what it does"), rows) if rows else "None."


def sizes_table() -> str:
    """Returns one row for each size of a model."""
    rows = [(f"`{name}`", ", ".join(f"`{key}={value}`" for key, value in size.items())) for name, size in SIZES.items()]
    return _table(("size", "settings"), rows)


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def python_page() -> str:
    """Returns the functions and classes that `import seqgen` gives, but for those of the contract."""
    names = [name for name in seqgen.__all__ if not _origin(name).startswith(("seqgen.contract", "seqgen.grammar"))]
    intro = (
        "Everything here is imported from `seqgen`, as in `seqgen.train(…)`. A name is loaded when it is first used, "
        "so `import seqgen` loads neither TensorFlow nor a plugin."
    )
    entries = [*_entries(names), _object("seqgen.workflows.trained_model.TrainedModel", ["inherited_members: true"])]
    return "\n\n".join(["# Python API", intro, *entries, "## Results", _module("seqgen.workflows.results")]) + "\n"


def contract_page() -> str:
    """Returns what a plugin implements and may use."""
    names = [name for name in seqgen.__all__ if _origin(name).startswith("seqgen.contract")]
    intro = (
        "A plugin imports the names below from `seqgen`, and everything else from `seqgen.contract` and "
        "`seqgen.grammar`. [The tutorial](../tutorial/chess.md) builds a domain step by step."
    )
    helpers = [f"seqgen.contract.{module.name}" for module in pkgutil.iter_modules(seqgen.contract.__path__)]
    shown = {_origin(name).rpartition(".")[0] for name in names} | {"seqgen.contract.hooks"}
    modules = [f"## {module}\n\n{_module(module)}" for module in helpers if module not in shown]
    return "\n\n".join(["# The plugin contract", intro, *_entries(names), *modules]) + "\n"


def hooks_page() -> str:
    """Returns the hooks that a plugin's module may implement."""
    rows = [(f"`{hook}`", f"`{group}`") for hook, group in GROUPS.items()]
    parts = [
        "# Hooks",
        "A module implements a hook, and an entry point of the hook's group names the module.",
        _table(("hook", "entry-point group"), rows),
        _module("seqgen.contract.hooks"),
    ]
    return "\n\n".join(parts) + "\n"


def grammar_page() -> str:
    """Returns automata over tokens and their algebra."""
    names = [name for name in seqgen.grammar.__all__ if inspect.isclass(value := getattr(seqgen.grammar, name))
             or inspect.isfunction(value)]  # fmt: skip
    entries = [_object(f"{getattr(seqgen.grammar, name).__module__}.{name}") for name in sorted(names)]
    introduction = inspect.cleandoc(seqgen.grammar.__doc__ or "")
    constants = f"Constants: {', '.join(f'`{name}`' for name in sorted(set(seqgen.grammar.__all__) - set(names)))}."
    return "\n\n".join(["# Grammars", introduction, constants, *entries]) + "\n"


def _entries(names: list[str]) -> Iterator[str]:
    """Yields the entry of each public name of seqgen."""
    for name in names:
        yield _object(_origin(name))


def _origin(name: str) -> str:
    """Returns the full name under which a public name of seqgen is defined."""
    value: Any = getattr(seqgen, name)
    modules: Mapping[str, str] = seqgen._MODULE_OF
    module = getattr(value, "__module__", None) if inspect.isclass(value) or inspect.isfunction(value) else None
    return f"{module or f'seqgen.{modules[name]}'}.{name}"


def _object(full_name: str, options: Sequence[str] = ()) -> str:
    """Returns the lines for which mkdocstrings inserts the documentation of an object, under its name."""
    lines = [f"::: {full_name}", "    options:"]
    return "\n      ".join(["\n".join(lines), "show_root_heading: true", "heading_level: 2", *options])


def _module(name: str) -> str:
    """Returns the line for which mkdocstrings inserts the documentation of what a module defines."""
    importlib.import_module(name)
    return f"::: {name}"
