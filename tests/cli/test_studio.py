"""The command that serves the studio."""

from __future__ import annotations

import sys

import pytest
from commands import error_sentence, exit_code

from seqgen.cli.commands.studio import has_desktop


def test_it_prints_the_address_and_opens_it_where_there_is_a_desktop(monkeypatch, capsys, tmp_path):
    served, opened = {}, []

    def serve(run, *, takes, port, report):
        served.update(run=run, takes=takes, port=port)
        report("http://127.0.0.1:7/?token=x")

    monkeypatch.setattr("seqgen.studio.server.serve", serve)
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("seqgen.cli.commands.studio.has_desktop", lambda: True)
    assert exit_code(monkeypatch, "studio", "--takes", tmp_path, "--port", 7, "--no-open") == 0
    assert "http://127.0.0.1:7/?token=x" in capsys.readouterr().out
    assert served == {"run": None, "takes": tmp_path, "port": 7}
    assert opened == []
    assert exit_code(monkeypatch, "studio") == 0
    assert opened == ["http://127.0.0.1:7/?token=x"]


def test_a_folder_without_a_model_is_refused_before_anything_is_served(monkeypatch, capsys, tmp_path):
    assert exit_code(monkeypatch, "studio", tmp_path) == 1
    assert "no trained model" in error_sentence(capsys.readouterr().err)


def test_without_the_extra_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "seqgen.studio.server", raising=False)
    assert exit_code(monkeypatch, "studio") == 2
    assert "pip install 'seqgen-framework[studio]'" in error_sentence(capsys.readouterr().err)


@pytest.mark.parametrize("display", ["", ":0"])
def test_a_terminal_gets_no_browser(monkeypatch, display):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    assert has_desktop() == bool(display)
