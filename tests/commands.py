"""Calling the command in the tests' own process."""

from __future__ import annotations

import sys

from seqgen.cli import main


def exit_code(monkeypatch, *arguments) -> int:
    """The exit code of `seqgen arguments…`."""
    monkeypatch.setattr(sys, "argv", ["seqgen", *map(str, arguments)])
    try:
        main()
    except SystemExit as leaving:
        return leaving.code or 0
    return 0
