"""Callbacks of plugins: they see each evaluation, may end the training, and cannot spoil it."""

from __future__ import annotations

import json

import pytest

import seqgen
from seqgen import PluginError
from seqgen.workflows.training_callbacks import training_callbacks

GROUP = "seqgen.training"
GOOD = """
    import json
    import pluggy

    @pluggy.HookimplMarker("seqgen")
    def seqgen_train_callbacks(run, settings):
        def callback(metrics):
            with open(run / "told.jsonl", "a") as file:
                file.write(json.dumps([settings["batch_size"], metrics]) + chr(10))
            return "half is enough" if metrics["step"] >= 6 else None
        return [callback]
"""
BROKEN = {
    "import there_is_no_such_module": "ModuleNotFoundError",
    GOOD.replace("return [callback]", "1 / 0"): "ZeroDivisionError",
    GOOD.replace("[callback]", "[7]"): "no list of Callable",
}
BROKEN_LATE = {
    GOOD.replace("with open", "1 / 0\n            with open"): "fails in a callback of the training: ZeroDivisionError",
    GOOD.replace('"half is enough"', "7"): "returns 7 from a callback of the training",
}
METRICS = {"step": 6, "held_out": 1.0, "evaluations_without_improvement": 0}


def call(run, metrics, times=1):
    """Returns the reasons that the callbacks of all plugins but seqgen's own give."""
    callbacks = training_callbacks(run, 0, {"batch_size": 4, "early_stopping_patience": 0})
    strangers = [callback for callback in callbacks if not callback.plugin.is_bundled]
    return [[callback(metrics) for callback in strangers] for _ in range(times)]


def test_a_plugin_sees_each_evaluation_and_may_end_the_training(install, pieces, tmp_path):
    install("half", GOOD, group=GROUP)
    notes = []
    seqgen.train(
        [pieces],
        tmp_path / "run",
        domain="midi",
        size="tiny",
        steps=12,
        settings={"batch_size": 4, "bptt_length": 32, "num_evaluations": 4},
        train_progress=lambda progress: notes.append((progress.step, progress.note)),
    )
    assert notes[-1] == (6, "half is enough: training ends")
    told = [json.loads(line) for line in (tmp_path / "run" / "told.jsonl").read_text().splitlines()]
    log = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [batch_size for batch_size, _ in told] == [4, 4]
    assert [metrics for _, metrics in told] == log
    assert [metrics["step"] for metrics in log] == [3, 6]


@pytest.mark.parametrize(("body", "sentence"), BROKEN.items(), ids=BROKEN.values())
def test_a_broken_plugin_is_named_and_the_others_are_called(install, capsys, tmp_path, body, sentence):
    install("bad", body, group=GROUP)
    install("half", GOOD, group=GROUP)
    assert call(tmp_path, METRICS) == [["half is enough"]]
    (line,) = capsys.readouterr().err.splitlines()
    assert "'bad' of seqgen-bad 2.5" in line
    assert sentence in line


@pytest.mark.parametrize(("body", "sentence"), BROKEN_LATE.items(), ids=BROKEN_LATE.values())
def test_a_callback_that_fails_is_named_and_not_called_again(install, capsys, tmp_path, monkeypatch, body, sentence):
    install("bad", body, group=GROUP)
    install("half", GOOD, group=GROUP)
    assert call(tmp_path, METRICS, times=3) == [[None, "half is enough"]] * 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "'bad' of seqgen-bad 2.5" in line
    assert sentence in line
    monkeypatch.setenv("SEQGEN_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match="'bad' of seqgen-bad"):
        call(tmp_path, METRICS)
