"""The tests of a plugin get fixtures: a registered domain, and a tiny model."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

from seqgen.workflows.new_plugin import new_plugin

TEST = """
import sys
sys.path.insert(0, {folder!r})
from pathlib import Path

import seqgen
from seqgen.contract.testing import check_domain
from seqgen_pebbles import PebblesDomain

WORDS = Path({folder!r}) / "examples" / "words.pebbles"


def test_registered(register_domain):
    register_domain(PebblesDomain)
    assert seqgen.load_domain("pebbles").name == "pebbles"


def test_trained(train_tiny_model):
    trained = train_tiny_model(PebblesDomain, [WORDS])
    assert len(trained.sample(2, max_new_tokens=5)) == 2
    check_domain(trained.domain, [WORDS], walks=2, oracle=trained.oracle)
"""


def test_a_domain_that_is_not_installed_trains_a_tiny_model(tmp_path):
    new_plugin("pebbles", tmp_path / "pebbles", ["prediction"])
    test = tmp_path / "test_pebbles.py"
    test.write_text(TEST.format(folder=str(tmp_path / "pebbles")))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
    if not any(point.value == "seqgen.workflows.pytest_plugin" for point in entry_points(group="pytest11")):
        command += ["-p", "seqgen.workflows.pytest_plugin"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
