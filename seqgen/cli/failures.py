"""What a command prints when it fails: one sentence on standard error. Returns the exit code.

This is the only place that turns an exception into a message, so that all commands fail in the same way.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import TextIO

import click

from seqgen.cli.output import print_message
from seqgen.errors import SeqgenError, UsageError

FAILED, WRONG_CALL = 1, 2
INTERRUPTED = "interrupted. No half-written file is left, and the same build command continues where it stopped."


def report_failure(error: BaseException) -> int:
    """Prints one sentence about an exception that ended a command, and returns the exit code.

    Prints nothing if the reader of a pipe has ended, as `head` does.
    """
    discard_if_broken(sys.stdout)
    try:
        if "--debug" in sys.argv:
            traceback.print_exception(error)
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            error.show()
        elif not isinstance(error, BrokenPipeError):
            print_message(f"seqgen: {sentence(error)}")
    except OSError:
        pass  # Standard error takes no more either, and the exit code says that the command failed.
    discard_if_broken(sys.stderr)
    return WRONG_CALL if isinstance(error, (UsageError, click.ClickException)) else FAILED


def sentence(error: BaseException) -> str:
    """Returns what an exception means for a user."""
    if isinstance(error, SeqgenError):
        return str(error)
    if isinstance(error, click.ClickException):
        return _sentence_of_click(error)
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        return INTERRUPTED
    if isinstance(error, MemoryError):
        return "There is not enough memory; ask for less at a time, or close other programs."
    if isinstance(error, OSError):
        return _sentence_of_system(error)
    from seqgen.contract.plugin_identity import cause

    return (
        f"This is a bug of seqgen ({cause(error)}); please report what 'seqgen --debug' prints in front of the "
        "same command."
    )


def discard_if_broken(stream: TextIO) -> None:
    """Flushes a stream. If it takes no more, what it still holds goes nowhere, or Python would fail at its end."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _sentence_of_click(error: click.ClickException) -> str:
    message = error.format_message().strip().rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{message}; see '{context.command_path} --help'." if context else f"{message}."


def _sentence_of_system(error: OSError) -> str:
    reason = error.strerror or error
    if error.filename is None:  # It comes from writing to a stream or a file that is open.
        return f"A result cannot be written: {reason}; free some space or choose another place."
    return f"{os.fsdecode(error.filename)} cannot be used: {reason}; check the path and its permissions."
