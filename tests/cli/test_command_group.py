"""Commands are found by their files, and imported when they are needed."""

from __future__ import annotations

import re
import sys

import pytest
from click.testing import CliRunner
from commands import error_sentence

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
    assert re.search(r"^  hello +Greet somebody\.$", run(group, ["--help"]).output, re.MULTILINE)
    assert "seqgen hello [OPTIONS] NAME" in run(group, ["hello", "--help"], prog_name="seqgen").output
    assert run(group, ["hello", "Ada"]).output == "Hello Ada.\n"


def test_only_the_command_that_is_called_is_imported(tmp_path, monkeypatch):
    (tmp_path / "hello.py").write_text(SOURCE)
    (tmp_path / "broken.py").write_text("raise RuntimeError('imported')")
    monkeypatch.setattr(commands, "__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "seqgen.cli.commands.hello", raising=False)
    assert CliRunner().invoke(group, ["hello", "Ada"]).exit_code == 0
    assert CliRunner().invoke(group, ["build"]).exit_code == 2


GROUP = "seqgen.commands"
PLUGIN = """
    import click
    import pluggy

    @click.command()
    @click.argument("name")
    def greet(name):
        '''Greet somebody politely.'''
        click.echo(f"Good day, {name}.")

    @pluggy.HookimplMarker("seqgen")
    def seqgen_commands():
        return [greet]
"""
BROKEN = {
    "import there_is_no_such_module": "ModuleNotFoundError",
    PLUGIN.replace("return [", "1 / 0; return ["): "ZeroDivisionError",
    PLUGIN.replace("return [greet]", "return greet"): "no list of Command",
    PLUGIN.replace("greet(", "sample(").replace("[greet]", "[sample]"): "The command 'sample' of the plugin 'bad'",
}


def test_a_plugin_adds_a_command(install, run_cli):
    install("polite", PLUGIN, group=GROUP)
    assert re.search(r"^  greet +Greet somebody politely\.$", run_cli("--help")[1], re.MULTILINE)
    assert run_cli("greet", "Ada") == (0, "Good day, Ada.\n", "")
    assert run_cli("--no-plugins", "greet", "Ada")[0] == 2


def test_no_plugin_is_imported_that_adds_no_command_and_none_for_a_command_of_seqgen(install, run_cli):
    install("domain", "raise SystemExit('imported')", group="seqgen")
    install("polite", PLUGIN, group=GROUP)
    assert run_cli("corpora", "--help")[0] == 0
    assert "seqgen_polite_fake" not in sys.modules
    assert run_cli("--help")[0] == 0
    assert "seqgen_polite_fake" in sys.modules
    assert "seqgen_domain_fake" not in sys.modules


@pytest.mark.parametrize(("body", "sentence"), BROKEN.items(), ids=BROKEN.values())
def test_a_broken_plugin_is_named_once_in_the_help(install, run_cli, body, sentence):
    install("bad", body, group=GROUP)
    install("polite", PLUGIN, group=GROUP)
    code, out, err = run_cli("--help")
    assert code == 0
    for command, sentence_of_help in (("sample", "Draw new files from a trained model."), ("greet", "Greet somebody")):
        assert re.search(rf"^  {command} +{sentence_of_help}", out, re.MULTILINE)
    (line,) = err.splitlines()
    assert "'bad' of seqgen-bad 2.5" in line
    assert sentence in line


def test_a_command_that_raises_is_one_sentence_that_names_the_plugin(install, run_cli):
    install("bad", PLUGIN.replace("click.echo", "1 / 0; click.echo"), group=GROUP)
    code, _, err = run_cli("greet", "Ada")
    assert code == 1
    assert "The plugin 'bad' of seqgen-bad 2.5 fails in the command 'greet': ZeroDivisionError" in error_sentence(err)
    assert "Traceback" in run_cli("--debug", "greet", "Ada")[2]


def test_errors_of_seqgen_and_click_keep_their_exit_codes_in_a_plugins_command(install, run_cli):
    body = "import seqgen\n    " + PLUGIN.strip().replace("click.echo", "raise seqgen.UsageError")
    install("strict", "    " + body, group=GROUP)
    assert run_cli("greet", "Ada") == (2, "", "seqgen: Good day, Ada.\n")
    assert run_cli("greet")[0] == 2
