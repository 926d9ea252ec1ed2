"""seqgen build: what is kept, what is dropped, and why."""

from __future__ import annotations

import json

import pytest


def test_build_says_what_was_kept_and_dropped(run_cli, pieces, tmp_path):
    code, out, _ = run_cli("build", pieces, "--domain", "midi", "-o", tmp_path / "corpus", "--json")
    told = json.loads(out)
    assert code == 0
    assert sum(part["documents"] for part in told["splits"].values()) == 12
    assert list(told["dropped"].values()) == [1]
    assert "kept" in run_cli("build", pieces, "--domain", "midi", "-o", tmp_path / "again")[1]


def test_build_takes_files_for_a_split_by_name(run_cli, pieces, tmp_path):
    first, second, *rest = sorted(pieces.glob("piece-*.mid"))
    held_out = ["--valid", first, "--test", second]
    code, out, _ = run_cli("build", *rest, "--domain", "midi", "-o", tmp_path / "corpus", *held_out, "--json")
    assert code == 0
    assert [part["documents"] for part in json.loads(out)["splits"].values()] == [10, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["build", "{tmp}/empty", "--domain", "midi", "-o", "{out}"], 1, "no files"),
        (["build", "bach-chorales", "-o", "{out}", "--valid", "{tmp}"], 2, "says how it is split"),
    ],
    ids=lambda value: " ".join(value[:2] + value[-2:]) if isinstance(value, list) else "",
)  # fmt: skip
def test_trouble_is_one_sentence_and_leaves_nothing_behind(check_refusal, arguments, code, sentence):
    check_refusal(arguments, code, sentence)
