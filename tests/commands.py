"""Calls of the command in the tests' own process, what it prints on standard error, and a list of all commands."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

import click

from seqgen.cli import group, main


def exit_code(monkeypatch, *arguments) -> int:
    """Returns the exit code of `seqgen arguments…`."""
    monkeypatch.setattr(sys, "argv", ["seqgen", *map(str, arguments)])
    for name, value in (("handlers", []), ("level", logging.NOTSET)):  # which --debug changes
        monkeypatch.setattr(logging.getLogger("seqgen"), name, value)
    try:
        main()
    except SystemExit as leaving:
        return leaving.code or 0
    return 0


def error_sentence(err: str) -> str:
    """Returns the only line of `err` beside progress; asserts that it is one sentence of seqgen."""
    lines = [line for line in err.splitlines() if not line.startswith("read ")]
    assert len(lines) == 1, err
    assert lines[0].startswith("seqgen: ")
    assert lines[0].endswith(".")
    return lines[0]


def all_commands() -> dict[str, click.Command]:
    """Returns the commands by their names, those of plugins included."""
    with click.Context(group) as context:
        found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def arguments_of(name: str, values: Mapping[str, object], leave_out: str | None = None) -> list[str]:
    """Returns arguments of a command: those of `values` that it has, by the names of its parameters."""
    arguments: list[str] = []
    for parameter in all_commands()[name].params:
        if parameter.name == leave_out or values.get(str(parameter.name)) is None:
            continue
        option = [parameter.opts[0]] if isinstance(parameter, click.Option) else []
        arguments += [*option, str(values[str(parameter.name)])]
    return arguments
