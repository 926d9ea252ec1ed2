"""A click group of the modules of one package and the commands that plugins add. Each is imported when it is needed."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from seqgen.cli.argument_checks import check_arguments_of
from seqgen.errors import SeqgenError

if TYPE_CHECKING:
    from seqgen.contract.plugins import Plugin

PLUGIN_COMMANDS = "seqgen.cli.plugin_commands"
"""The key in the meta data of a click context."""


class CommandGroup(click.Group):
    """A group of the commands in `package`, and of those that plugins return by the hook seqgen_commands.

    Each module of the package exports `command`, and its name is the name of the command, with `-` for `_`. A plugin's
    command cannot have the name of one of these. No plugin is imported for a command of the package.
    """

    def __init__(self, *args: Any, package: ModuleType, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands in alphabetical order. Imports only plugins that add commands."""
        return sorted({*self._module_names(), *self._plugin_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports one command, which will check its arguments. Returns None if there is no command of this name."""
        if cmd_name not in self._module_names():
            found = self._plugin_commands(ctx).get(cmd_name)
            command = found[1] if found else None
        else:
            command = importlib.import_module(f"{self.package.__name__}.{cmd_name.replace('-', '_')}").command
            command.name = cmd_name
        if command is not None:
            check_arguments_of(command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command. Raises PluginError for what a plugin's command raises, unless it is an error of seqgen."""
        try:
            return super().invoke(ctx)
        except (SeqgenError, click.ClickException, click.exceptions.Exit, click.Abort, OSError):
            raise
        except Exception as error:
            found = ctx.meta.get(PLUGIN_COMMANDS, {}).get(ctx.invoked_subcommand)
            if found is None:
                raise
            from seqgen.contract.plugin_identity import cause
            from seqgen.contract.plugins import broken

            raise broken(found[0], f"fails in the command {ctx.invoked_subcommand!r}: {cause(error)}") from error

    def _module_names(self) -> list[str]:
        return [module.name.replace("_", "-") for module in pkgutil.iter_modules(self.package.__path__)]

    def _plugin_commands(self, ctx: click.Context) -> dict[str, tuple[Plugin, click.Command]]:
        """Returns the commands of plugins by name, each with its plugin. Asks the plugins once a call of `seqgen`."""
        if PLUGIN_COMMANDS not in ctx.meta:
            from seqgen.contract.plugins import hook_results, unique

            found = hook_results("seqgen_commands", click.Command)
            named = [(str(command.name), plugin, command) for plugin, command in found]
            ctx.meta[PLUGIN_COMMANDS] = unique(named, "command", reserved=self._module_names())
        commands: dict[str, tuple[Plugin, click.Command]] = ctx.meta[PLUGIN_COMMANDS]
        return commands
