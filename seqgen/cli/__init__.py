"""The command `seqgen`. Each subcommand is one file in `commands`: it parses, calls the Python API, and prints."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import click

import seqgen
from seqgen.cli import commands
from seqgen.cli.command_group import CommandGroup
from seqgen.cli.failures import report_failure
from seqgen.cli.output import accept_all_characters, print_message
from seqgen.contract.escaping import terminal_lines
from seqgen.errors import SeqgenWarning, UsageError


def leave_plugins_out(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    """Leaves plugins that do not come with seqgen out until the command has ended."""
    if value:
        from seqgen.contract.plugins import bundled_plugins_only

        context.with_resource(bundled_plugins_only())


def try_plugin_files(context: click.Context, parameter: click.Parameter, value: tuple[Path, ...]) -> None:
    """Uses the plugins in some files until the command has ended."""
    if value:
        from seqgen.contract.discovery import hidden_domains
        from seqgen.contract.plugin_files import plugin_files

        context.with_resource(plugin_files(value))
        for sentence in hidden_domains(tried_only=True):
            raise UsageError(sentence)


@click.group(
    cls=CommandGroup,
    package=commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(seqgen.__version__, prog_name="seqgen")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option(
    "--no-plugins",
    is_flag=True,
    is_eager=True,  # before --help, which lists the commands of plugins
    expose_value=False,
    callback=leave_plugins_out,
    help="Use only the plugins that come with seqgen.",
)
@click.option(
    "--plugin",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=try_plugin_files,
    help="Try the plugin in this Python file or package, which is not installed. Repeat it for more.",
)
def group(debug: bool) -> None:
    """Train an LSTM with attention on your own sequences, and generate new ones."""


def show_only_warnings_of_seqgen() -> None:
    """Shows each SeqgenWarning once, as a sentence, and no warnings of libraries but with --debug."""

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        print_message(f"seqgen: {message}")

    if "--debug" in sys.argv:
        return
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    warnings.simplefilter("once", SeqgenWarning)
    warnings.showwarning = show


def show_debugging_messages() -> None:
    """Shows the debugging messages of seqgen on standard error if the call has --debug."""
    if "--debug" not in sys.argv:
        return
    import logging

    class Handler(logging.Handler):
        """Prints each message with its traceback."""

        def emit(self, record: logging.LogRecord) -> None:
            click.echo(terminal_lines(self.format(record)), err=True)

    logger = logging.getLogger("seqgen")
    logger.setLevel(logging.DEBUG)
    logger.handlers = [Handler()]


def main() -> None:
    """Runs the command. Exit codes: 0 done, 1 it failed, 2 the call was wrong."""
    accept_all_characters()
    show_only_warnings_of_seqgen()
    show_debugging_messages()
    try:
        # Without standalone mode, click returns the exit code that a command passed to `context.exit`.
        code = group.main(standalone_mode=False) or 0
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        code = report_failure(error)
    sys.exit(code)
