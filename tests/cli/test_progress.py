"""Progress: what is printed where there is no terminal, and the line that describes a step of training."""

from __future__ import annotations

from seqgen.cli.progress import build_progress, describe, train_progress
from seqgen.engine.training.progress import TrainingProgress

STEP = TrainingProgress(
    step=1200,
    fraction=0.5,
    seconds=61.9,
    loss=1.5,
    held_out=None,
    best=None,
    tokens_per_second=12345.0,
    is_evaluation=False,
)


def test_a_build_prints_a_line_for_each_tenth(capsys):
    with build_progress() as progress:
        for done in range(1, 101):
            progress(done, 100, "files")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"read {10 * tenth} of 100 files" for tenth in range(1, 11)]


def test_training_prints_evaluations_and_notes(capsys):
    with train_progress() as progress:
        progress(STEP)
        progress(STEP._replace(is_evaluation=True, held_out=1.25, best=1.2))
        progress(STEP._replace(note="[/INST] was not learned"))
    evaluation, note = capsys.readouterr().err.splitlines()
    assert "held-out 1.2500  best 1.2000" in evaluation
    assert note == "[/INST] was not learned"


def test_a_step_is_described_in_one_line():
    assert describe(STEP) == " 50 %  step 1,200  loss 1.5000  nats/token  12,345 tokens/s  1:01 left"
    assert "left" not in describe(STEP._replace(fraction=0.0))
    assert "nats/letter  12,345 letters/s" in describe(STEP._replace(unit="letter"))


def test_files_that_are_listed_have_no_known_total(capsys):
    with build_progress() as progress:
        progress(10_000, 0, "files listed")
    assert capsys.readouterr().err == "10000 files listed\n"
