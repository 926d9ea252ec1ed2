"""Each failure of a command is one sentence: full disks, closed pipes, encodings, and bugs."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import click
import pytest
from commands import error_sentence
from words_plugin import changed

from seqgen.cli import commands

EXAMPLE_CALLS = {
    "domains": ["text"],
    "corpora": [],
    "build": ["{piece}", "{other}", "{third}", "--domain", "midi", "-o", "{out}"],
}
"""Calls that print something."""


def start(arguments: list[str], paths: dict[str, object], stdout: int, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "seqgen.cli", *(argument.format(**paths) for argument in arguments)]
    return subprocess.Popen(
        command, stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env={**os.environ, **environment}
    )


@pytest.fixture
def paths(pieces, tmp_path):
    return {
        "piece": pieces / "piece-00.mid",
        "other": pieces / "piece-01.mid",
        "third": pieces / "piece-02.mid",
        "out": tmp_path / "out",
    }


# tests/cli/test_every_command.py calls all commands with such outputs, in its own process.
@pytest.mark.parametrize("name", ["domains", "corpora"])
def test_a_full_disk_behind_standard_output_is_one_sentence(name, paths):
    with open("/dev/full", "wb") as full:
        process = start([name, *EXAMPLE_CALLS[name]], paths, full.fileno())
        _, err = process.communicate()
    assert process.returncode == 1
    assert "A result cannot be written: No space left on device" in error_sentence(err.decode())


def test_a_closed_pipe_ends_the_command_without_a_word(paths):
    reader, writer = os.pipe()
    os.close(reader)
    process = start(["domains", *EXAMPLE_CALLS["domains"]], paths, writer)
    os.close(writer)
    _, err = process.communicate()
    assert (process.returncode, err) == (1, b"")


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C"}])
@pytest.mark.parametrize("name", ["domains", "build"])
def test_any_encoding_of_the_terminal_will_do(name, environment, paths, tmp_path):
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    for key in ("piece", "other", "third"):
        copy = tmp_path / f"Ж😀 {key}.mid"
        copy.write_bytes(paths[key].read_bytes()[: -1 if key == "third" else None])
        paths[key] = copy
    process = start([name, *EXAMPLE_CALLS[name]], paths, subprocess.PIPE, **environment)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert out.decode(encoding)
    process = start(["score", "{piece}", "{out}"], paths, subprocess.PIPE, **environment)
    out, err = process.communicate()
    assert process.returncode != 0
    shown = "\\u0416\\U0001f600 piece.mid" if encoding == "cp1252" else "Ж😀 piece.mid"
    assert shown in error_sentence(err.decode(encoding))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied", "/etc/[shadow]\n"), "/etc/[shadow]\\n cannot be used"),
        (OSError(28, "No space left on device"), "cannot be written: No space left on device"),
        (OSError(5, "Input/output error"), "cannot be written: Input/output error"),
        (MemoryError(), "not enough memory"),
        (KeyError("surprise\x1b"), "This is a bug of seqgen (KeyError: 'surprise"),
        (RecursionError("maximum recursion depth exceeded"), "This is a bug of seqgen (RecursionError"),
    ],
    ids=repr,
)
def test_any_exception_is_one_sentence(error, words, run_cli, monkeypatch, tmp_path):
    def fail() -> None:
        click.echo("computed before")
        raise error

    (tmp_path / "fail.py").touch()
    monkeypatch.setattr(commands, "__path__", [str(tmp_path)])
    monkeypatch.setitem(
        sys.modules, "seqgen.cli.commands.fail", SimpleNamespace(command=click.Command("", callback=fail))
    )
    code, out, err = run_cli("fail")
    assert (code, out) == (1, "computed before\n")
    assert words in error_sentence(err)
    assert "Traceback" in run_cli("--debug", "fail")[2]


def test_what_click_refuses_is_one_sentence_that_names_the_help(run_cli):
    for arguments in (["sample"], ["dance"], ["sample", "x", "--nosuch\x1b"], ["sample", "x", "-n", "many"]):
        code, _, err = run_cli(*arguments)
        assert code == 2
        assert "--help'." in error_sentence(err)
        assert "\x1b" not in err


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "some.words"
    path.write_text("\n".join(f"{one}{other}{third}" for one in "abcde" for other in "abcde" for third in "abcde"))
    return path


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("return Example", "return {}['e9'] or Example", "fails in encode: KeyError: 'e9'"),
        ("for word in", "for word in {}['e9'] or", "fails in read: KeyError: 'e9'"),
        ("yield word", "yield 7", "yields an int from read, and str or Record[str]"),
        ("return Vocabulary", "return {}['e9'] or Vocabulary", "fails in learn: KeyError: 'e9'"),
    ],
    ids=["encode", "read", "a wrong type", "learn"],
)
def test_a_failing_plugin_is_named_by_build(install, run_cli, words, tmp_path, old, new, sentence):
    install("words", changed(old, new))
    code, _, err = run_cli("build", words, "--domain", "words", "-o", tmp_path / "corpus")
    assert code == 1
    assert f"seqgen: The plugin 'words' of seqgen-words 2.5 {sentence}" in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback_of_a_worker_process(install, run_cli, words, tmp_path):
    install("words", changed("index(letter)", "index(letter.upper())"))
    code, _, err = run_cli("--debug", "build", words, "--domain", "words", "-o", tmp_path / "corpus")
    assert code == 1
    assert "fails in encode: ValueError: substring not found" in err
    assert "seqgen_words_fake.py" in err
    assert "index(letter.upper())" in err
