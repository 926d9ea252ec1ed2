"""seqgen evaluate: a model beside its baselines."""

from __future__ import annotations

import json


def test_evaluate_stands_beside_its_baselines(run_cli, run):
    code, out, _ = run_cli("evaluate", run, "--json")
    told = json.loads(out)
    assert code == 0
    assert set(told["baselines"]) == {"unigram", "bigram"}
    assert 0 < told["nats"] < 10
    assert told["metrics"]["polyphony, samples"] > 0
    assert set(told["bits"]) == {"second", "quarter"}
    assert all(copy["source"].startswith("piece-") for copy in told["copies"] if copy["length"])


def test_a_folder_without_a_run_is_one_sentence(check_refusal):
    check_refusal(["evaluate", "{tmp}/empty"], 1, "no run")
