"""seqgen evaluate: a model beside its baselines."""

from __future__ import annotations

import json

import pytest
from commands import error_sentence


def test_evaluate_stands_beside_its_baselines(run_cli, run):
    code, out, _ = run_cli("evaluate", run, "--json")
    told = json.loads(out)
    assert code == 0
    assert set(told["baselines"]) == {"unigram", "bigram"}
    assert 0 < told["nats"] < 10
    assert told["metrics"]["polyphony, samples"] > 0
    assert set(told["bits"]) == {"second", "quarter"}
    assert all(copy["source"].startswith("piece-") for copy in told["copies"] if copy["length"])


@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["table", "json"])
def test_what_was_computed_before_an_error_is_printed(run_cli, run, trained, monkeypatch, as_json):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr("seqgen.workflows.evaluate.load", lambda path, **options: trained)
    monkeypatch.setattr(trained.domain.metrics, "compare", fail)
    code, out, err = run_cli("evaluate", run, *as_json)
    assert (code, "not enough memory" in error_sentence(err)) == (1, True)
    if as_json:
        assert {"nats", "baselines", "bits", "copies"} <= json.loads(out).keys()
    else:
        assert "perplexity" in out
        assert "bits a quarter" in out
        assert "where it occurs" in out


def test_a_folder_without_a_run_is_one_sentence(check_refusal):
    check_refusal(["evaluate", "{tmp}/empty"], 1, "no run")
