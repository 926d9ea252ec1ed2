"""Every command refuses absurd numbers and bytes that are not UTF-8 in one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
from commands import all_commands, arguments_of, error_sentence

ABSURD_NUMBERS = ("99999999999999999999", "-99999999999999999999", "1" + "0" * 400, "nan", "inf", "-1")
NOT_UTF8 = os.fsdecode(b"caf\xe9")
BY_NAME = {"domains": "text", "corpora": "pop909", "check-plugin": "midi", "new-plugin": "chess"}


def valid_arguments(
    name: str, run: Path, pieces: Path, out: Path, leave_out: str | None = None, changed: Mapping[str, str] = {}
) -> list[str]:
    """Returns arguments that a command accepts, with one of its parameters left out or with another value."""
    piece = pieces / "piece-00.mid"
    values = {"run": run, "out": out, "files": piece, "sources": piece, "name": BY_NAME.get(name)}
    return arguments_of(name, {**values, **changed}, leave_out)


def parameters(*kinds: type[click.ParamType]) -> Iterator[tuple[str, click.Parameter]]:
    for name, command in all_commands().items():
        for parameter in command.params:
            if isinstance(parameter.type, kinds):
                yield name, parameter


def ids(value: object) -> str | None:
    return value.opts[0] if isinstance(value, click.Parameter) else None


NEW_FOLDERS = {("new-plugin", "folder"), ("studio", "takes")}
"""Parameters that name a folder which the command makes."""
NUMERIC = (click.types.IntParamType, click.types.FloatParamType)


@pytest.mark.parametrize(("name", "parameter"), parameters(*NUMERIC), ids=ids)
def test_an_absurd_number_is_refused_in_one_sentence(name, parameter, run_cli, run, loaded, pieces, tmp_path):
    for value in ABSURD_NUMBERS:
        arguments = valid_arguments(name, run, pieces, tmp_path / "out", leave_out=parameter.name)
        code, _, err = run_cli(name, *arguments, f"{parameter.opts[0]}={value}")
        assert code != 0, value
        assert "bug" not in error_sentence(err)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "parameter"), parameters(click.types.StringParamType), ids=ids)
def test_a_text_that_is_not_utf8_is_refused_in_one_sentence(name, parameter, run_cli, run, pieces, tmp_path):
    for value in (NOT_UTF8, f"key={NOT_UTF8}"):
        arguments = valid_arguments(name, run, pieces, tmp_path / "out", changed={parameter.name: value})
        code, _, err = run_cli(name, *arguments)
        assert (code, "not UTF-8" in error_sentence(err)) == (2, True)


@pytest.mark.parametrize(("name", "parameter"), parameters(click.Path), ids=ids)
def test_a_path_that_does_not_exist_can_have_any_bytes(name, parameter, run_cli, run, pieces, tmp_path):
    if parameter.name == "out" or (name, parameter.name) in NEW_FOLDERS:
        pytest.skip("this path need not exist")
    for value in (str(tmp_path / NOT_UTF8), str(tmp_path / "[live] \x1b[31m\n.mid"), "x" * 5000):
        arguments = valid_arguments(name, run, pieces, tmp_path / "out", changed={parameter.name: value})
        code, _, err = run_cli(name, *arguments)
        assert code != 0
        sentence = error_sentence(err)
        assert "bug" not in sentence
        assert "\x1b" not in sentence
        assert len(sentence) < 1100


@pytest.mark.parametrize(("name", "parameter"), parameters(click.Path), ids=ids)
def test_an_empty_path_is_refused(name, parameter, run_cli, run, pieces, tmp_path):
    code, _, err = run_cli(name, *valid_arguments(name, run, pieces, tmp_path / "out", changed={parameter.name: ""}))
    assert (code, "cannot be empty" in error_sentence(err)) == (2, True)
