"""seqgen score: likelihood of files and corpora, and the places of surprise."""

from __future__ import annotations

import json

import numpy as np
import pytest

import seqgen


def test_score_finds_the_surprise_and_draws_it(run_cli, run, pieces, tmp_path):
    code, out, _ = run_cli("score", run, pieces / "piece-01.mid", "--json")
    (scored,) = json.loads(out)["scores"]
    assert code == 0
    assert scored["perplexity"] == pytest.approx(np.exp(scored["nats_per_token"]))
    nats = [surprise["nats"] for surprise in scored["surprises"]]
    assert nats == sorted(nats, reverse=True)
    assert nats[0] > scored["nats_per_token"]
    out = run_cli("score", run, pieces / "piece-01.mid", "-o", tmp_path / "out")[1]
    assert "nats a note" in out
    assert f"drawn in {tmp_path / 'out' / 'piece-01-1.png'}" in out
    assert (tmp_path / "out" / "piece-01-1.png").read_bytes().startswith(b"\x89PNG")


def test_a_corpus_is_scored_as_a_whole_and_evaluate_agrees(run_cli, run):
    code, out, _ = run_cli("score", run, run / "corpus", "--json")
    (scored,) = json.loads(out)["scores"]
    evaluated = json.loads(run_cli("evaluate", run, "--json")[1])
    assert code == 0
    assert scored["nats_per_token"] == pytest.approx(evaluated["nats"], rel=1e-4)
    assert (scored["documents"], scored["tokens"]) == (evaluated["documents"], evaluated["tokens"])


def test_score_with_dynamic_evaluation_and_a_cache(run_cli, run, trained, pieces, monkeypatch):
    piece = pieces / "piece-01.mid"
    monkeypatch.setattr("seqgen.workflows.load.load", lambda path, **options: trained)
    code, out, _ = run_cli("score", run, piece, "--dynamic", "--cache", 64, "--json")
    (scored,) = json.loads(out)["scores"]
    settings = {"dynamic": seqgen.DynamicEvaluation(), "cache": seqgen.NeuralCache(64)}
    (score,) = trained.score(piece, **settings)
    (plain,) = trained.score(piece)
    assert code == 0
    assert scored["nats_per_token"] == pytest.approx(score.nats_per_token)
    assert score.nats_per_token != plain.nats_per_token
    probabilities = trained.probabilities(score.ids, **settings)
    of_ids = probabilities[np.arange(len(score.ids) - 1), score.ids[1:]]
    np.testing.assert_allclose(score.nats[1:], -np.log(of_ids), atol=1e-4)
    with pytest.raises(seqgen.UsageError, match=r"position 1 .*\.$"):
        trained.probabilities([0, 0])


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["score", "{run}", "{pieces}/photo.mid"], 1, "photo.mid"),
        (["score", "{run}", "{pieces}/piece-00.mid", "--cache", "0"], 2, "the cache"),
    ],
    ids=lambda value: " ".join(value[:2] + value[-2:]) if isinstance(value, list) else "",
)  # fmt: skip
def test_trouble_is_one_sentence_and_leaves_nothing_behind(check_refusal, arguments, code, sentence):
    check_refusal(arguments, code, sentence)


def test_a_plugin_that_cannot_draw_does_not_lose_the_score(run_cli, run, pieces, tmp_path, monkeypatch):
    def draw_surprise(self, ids, nats, path):
        return str(path)

    monkeypatch.setattr("seqgen.contract.plugins._reported", set())
    monkeypatch.setattr("seqgen_midi.display.midi_display.MidiDisplay.draw_surprise", draw_surprise)
    code, out, err = run_cli("score", run, pieces / "piece-00.mid", "-o", tmp_path / "out")
    assert code == 0
    assert "returns a str from display.draw_surprise, and Path was expected" in err
    assert "nats a" in out
