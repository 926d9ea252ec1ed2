"""Commands are found by their files, and imported when they are needed."""

from __future__ import annotations

import sys

from click.testing import CliRunner

from seqgen.cli import commands, group

SOURCE = '''
import click

@click.command()
@click.argument("name")
def command(name: str) -> None:
    """Greet somebody."""
    click.echo(f"Hello {name}.")
'''


def test_a_command_is_one_file(tmp_path, monkeypatch):
    (tmp_path / "hello.py").write_text(SOURCE)
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "seqgen.cli.commands.hello", raising=False)
    run = CliRunner().invoke
    assert "hello     Greet somebody." in run(group, ["--help"]).output
    assert "seqgen hello [OPTIONS] NAME" in run(group, ["hello", "--help"], prog_name="seqgen").output
    assert run(group, ["hello", "Ada"]).output == "Hello Ada.\n"


def test_only_the_command_that_is_called_is_imported(tmp_path, monkeypatch):
    (tmp_path / "hello.py").write_text(SOURCE)
    (tmp_path / "broken.py").write_text("raise RuntimeError('imported')")
    monkeypatch.setattr(commands, "__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "seqgen.cli.commands.hello", raising=False)
    assert CliRunner().invoke(group, ["hello", "Ada"]).exit_code == 0
    assert CliRunner().invoke(group, ["build"]).exit_code == 2
