"""What the tests of the commands share: a call of the command, and the check of a refusal."""

from __future__ import annotations

import pytest
from commands import error_sentence, exit_code


@pytest.fixture
def run_cli(monkeypatch, capsys):
    """Returns a function that calls seqgen and returns the exit code, standard output and standard error."""

    def call(*arguments) -> tuple[int, str, str]:
        code = exit_code(monkeypatch, *arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def loaded(trained, monkeypatch):
    """Lets all commands of a test share one loaded model, so that it is compiled once."""
    for module in ("load", "evaluate"):
        monkeypatch.setattr(f"seqgen.workflows.{module}.load", lambda path, **options: trained)


@pytest.fixture
def check_refusal(run_cli, run, pieces, tmp_path):
    """Returns a check: a call exits with `code`, prints one sentence that contains `sentence`, and leaves no file.

    In the arguments, {tmp} is a folder with the folders `empty`, `broken` (a damaged file) and `lonely` (one good
    file), {out} is a folder that does not exist, {run} is a run, and {pieces} is a folder of pieces.
    """
    for name in ("empty", "broken", "lonely"):
        (tmp_path / name).mkdir()
    (tmp_path / "broken" / "a.mid").write_bytes(b"MThd\x00\x00")
    (tmp_path / "lonely" / "a.mid").write_bytes((pieces / "piece-03.mid").read_bytes())
    paths = {"tmp": tmp_path, "out": tmp_path / "out", "run": run, "pieces": pieces}

    def check(arguments: list[str], code: int, sentence: str) -> None:
        before = sorted(path.name for path in tmp_path.iterdir())
        actual_code, _, err = run_cli(*(argument.format(**paths) for argument in arguments))
        assert sentence.lower() in error_sentence(err).lower()
        assert actual_code == code
        assert sorted(path.name for path in tmp_path.iterdir()) == before

    return check
