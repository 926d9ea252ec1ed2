"""seqgen build --part and seqgen merge."""

from __future__ import annotations

import json

import pytest


def test_parts_are_built_learned_from_encoded_and_joined(run_cli, tmp_path):
    (tmp_path / "texts").mkdir()
    for number in range(6):
        (tmp_path / "texts" / f"{number}.txt").write_text(f"This is text number {number}. " * 20)
    parts = [tmp_path / "part-1", tmp_path / "part-2"]
    arguments = ["build", tmp_path / "texts", "--domain", "text", "-o"]
    assert run_cli(*arguments, tmp_path / "at-once")[0] == 0
    for call in ("repeat this call", "joins all parts"):
        for number, part in enumerate(parts, 1):
            code, out, _ = run_cli(*arguments, part, "--part", f"{number}/2")
            assert (code, call in out) == (0, True), out
        code, out, _ = run_cli("merge", *parts, "-o", tmp_path / "merged", "--json")
        assert code == 0
        assert json.loads(out)["is_complete"] == (tmp_path / "merged").exists() == (call == "joins all parts")
    for path in (tmp_path / "at-once").iterdir():
        assert path.read_bytes() == (tmp_path / "merged" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ("merge {tmp}", 1, "There is no part in"),
        ("build {tmp} --domain midi --part 2", 2, "takes I/N"),
        ("build {tmp} --domain midi --part 3/2", 2, "the parts are 1 to 2"),
        ("build {tmp} --domain midi --part 1/2 --on local:1", 2, "leave out"),
    ],
)
def test_trouble_is_one_sentence_and_leaves_nothing_behind(run_cli, tmp_path, arguments, code, sentence):
    found, _, error = run_cli(*arguments.format(tmp=tmp_path).split(), "-o", tmp_path / "out")
    assert (found, sentence in error, error.count("\n")) == (code, True, 1)
    assert not list(tmp_path.iterdir())
