"""Calls of the command in the tests' own process, and what it prints on standard error."""

from __future__ import annotations

import logging
import sys

from seqgen.cli import main


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
