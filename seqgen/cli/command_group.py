"""A click group whose commands are the modules of one package. A module is imported when its command is needed."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any

import click


class CommandGroup(click.Group):
    """A group of the commands in `package`. Each module exports `command`, and its name is the name of the command."""

    def __init__(self, *args: Any, package: ModuleType, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands in alphabetical order, and imports none of them."""
        return sorted(module.name for module in pkgutil.iter_modules(self.package.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports one command. Returns None if there is no command of this name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{self.package.__name__}.{cmd_name}").command
        command.name = cmd_name
        return command
