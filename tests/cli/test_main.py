"""The command as a whole: exit codes, plugins, start-up."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings
from json import loads

import pytest

from seqgen import SeqgenWarning
from seqgen.cli import show_only_warnings_of_seqgen


def test_a_call_that_click_refuses_exits_with_2(run_cli):
    assert run_cli("sample")[0] == 2
    assert run_cli("dance")[0] == 2


def test_a_broken_plugin_is_named_in_one_line_and_breaks_nothing(install, run_cli, loaded, run, pieces):
    install("broken", "raise RuntimeError('no luck today')", distribution="broken")
    code, out, _ = run_cli("domains")
    assert code == 0
    (line,) = (line for line in out.splitlines() if line.startswith("broken"))
    assert "no luck today" in line
    assert "broken 2.5" in line
    assert "midi:" in out
    assert "broken" not in run_cli("--no-plugins", "domains")[1]
    assert run_cli("score", run, pieces / "piece-00.mid")[0] == 0


def modules_after(*arguments, exit_code=0) -> set[str]:
    """Returns the modules that are loaded after `seqgen arguments…`, in a process of its own."""
    code = (
        f"import sys; sys.argv = {['seqgen', *map(str, arguments)]}\n"
        "from seqgen.cli import main\n"
        f"try:\n    main()\nexcept SystemExit as leaving:\n    assert (leaving.code or 0) == {exit_code}\n"
        "print(*sys.modules, sep=', ', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert exit_code or "Usage: seqgen" in done.stdout
    return set(done.stderr.splitlines()[-1].split(", "))


HEAVY = {"tensorflow", "keras", "numpy", "music21", "matplotlib", "symusic", "pydantic", "rich"}


@pytest.mark.parametrize("arguments", [["sample", "-o", "out"], ["score", "some.mid"], ["predict", "some.mid"]])
def test_a_damaged_model_is_refused_before_tensorflow_is_loaded(tmp_path, arguments):
    (tmp_path / "config.json").write_text("{")
    (tmp_path / "some.mid").touch()
    command, *others = (tmp_path / argument if "." in argument else argument for argument in arguments)
    assert "tensorflow" not in modules_after(command, tmp_path, *others, exit_code=1)


def test_help_loads_nothing_heavy_and_only_plugins_that_bring_commands():
    modules = modules_after("--help")
    assert not modules & HEAVY
    from_plugins = {name for name in modules if name.startswith("seqgen_")}
    commands = {"seqgen_midi.display.render_command", "seqgen_midi.display.live_command"}
    assert from_plugins == {"seqgen_midi", "seqgen_midi.display", *commands}


def test_the_help_of_a_command_loads_no_plugin():
    modules = modules_after("train", "--help")
    assert not modules & (HEAVY | {"pluggy", "importlib.metadata"})
    assert not {name for name in modules if name.startswith("seqgen_")}


def test_debug_shows_the_traceback(run_cli, tmp_path):
    assert "Traceback" in run_cli("--debug", "evaluate", tmp_path)[2]


@pytest.mark.parametrize("json", [[], ["--json"]], ids=["table", "json"])
def test_names_of_files_may_be_any_bytes(tmp_path, json):
    for name in (b"one\xff [live].txt", b"two :smile:.txt", b"three.txt"):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
            file.write(name[:3] + b"\n\nmore\n\n\xff" * (name == b"three.txt"))
    out = os.path.join(os.fsencode(tmp_path), b"corpus\xff [neg]")
    command = [sys.executable, "-m", "seqgen.cli", "build", str(tmp_path), "--domain", "text", "-o", out, *json]
    environment = {**os.environ, "COLUMNS": "300", "PYTHONUTF8": "1"}
    done = subprocess.run(command, capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr
    if json:
        assert loads(done.stdout)["path"] == os.fsdecode(out)  # half a surrogate pair stands for the byte
    else:
        assert b"corpus\xff [neg]" in done.stdout
    assert b"three.txt: byte 0xFF" in done.stdout


def test_warnings_of_seqgen_are_shown_once_and_those_of_libraries_never(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        show_only_warnings_of_seqgen()
        for _ in range(2):
            warnings.warn("two take turns", SeqgenWarning, stacklevel=1)
            warnings.warn("a library is old", DeprecationWarning, stacklevel=1)
            logging.getLogger("tensorflow").warning("a function is traced again")
    assert capsys.readouterr().err == "seqgen: two take turns\n"


def test_a_plugin_is_tried_without_being_installed(run_cli, tmp_path, monkeypatch):
    body = (
        "import pluggy\nfrom seqgen import Domain\n\n\nclass Tried(Domain):\n    '''Lines.'''\n\n    name = 'tried'\n"
        "    interface_version = 2\n\n\n@pluggy.HookimplMarker('seqgen')\ndef seqgen_domain():\n    return Tried\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "tried_lines.py"
    path.write_text(body)
    assert "tried: Lines." in run_cli("--plugin", path, "domains")[1]
    assert "tried:" not in run_cli("domains")[1]
    text = tmp_path / "tried_text.py"
    text.write_text(body.replace("'tried'", "'text'"))
    code, _, err = run_cli("--plugin", text, "domains")
    assert code == 2
    assert "The domain 'text' of tried_text.py is not used, because the one that comes with seqgen" in err
