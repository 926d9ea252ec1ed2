"""Sentences of film reviews as praise or blame: SST-2, by the public commands' own path.

    python bench/sentiment.py FOLDER [--minutes 10] [--set KEY=VALUE]…

FOLDER holds `train.tsv`, `dev.tsv` and `test.tsv` (sentence, tab, label 0 or 1; 6 920, 872 and 1 821 sentences). A
model is trained on the first file; the second chooses the best weights and the temperature; everything reported is of
the third, which is looked at once. Of 400 sentences written to order, `to_order` is the share that a logistic
regression on words and bigrams, learned from the training file, takes for what was ordered; `to_order_guided` is that
of as many with classifier-free guidance of 3.

Published, same data: Kim's CNN with random vectors 0.827 (Kim 2014).
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import finish

import seqgen

LINES = 10_000
RECIPE = {
    "width": 128, "layers": 1, "dropout": 0.3, "dropout_kind": "locked", "token_dropout": 0.4, "average": 0.998,
    "streams": 16, "segment": 32, "label_weight": 20,
}  # fmt: skip
"""A small model that reads with gaps: 6 920 sentences are soon learned by heart."""
REPORTED = {
    "accuracy": "accuracy",
    "logistic_accuracy": "accuracy, logistic regression",
    "majority_accuracy": "accuracy, majority class",
    "macro_f1": "macro-F1",
    "calibration_error": "calibration error",
    "to_order": "written to order, judged by logistic regression to be so",
    "to_order_guided": "written to order with guidance 3, judged by logistic regression to be so",
}


def items(trained: Any, path: Path) -> list[Any]:
    return [item for item in trained.domain.read(path) if not isinstance(item, seqgen.Remark)]


def lines_a_second(trained: Any, folder: Path, sentences: list[str]) -> float:
    """How many sentences of a file of 10 000 are predicted in a second, after one call that is not counted."""
    file = folder / "lines.txt"
    file.write_text("\n".join(itertools.islice(itertools.cycle(sentences), LINES)), encoding="utf-8")
    next(trained.predict(file))
    begun = time.perf_counter()
    predicted = sum(1 for _ in trained.predict(file))
    return predicted / (time.perf_counter() - begun)


def cold_seconds(run: Path, sentence: str) -> float:
    """How long the command takes for one line, from its start."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "seqgen.cli", "predict", str(run), "--text", sentence]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    settings = RECIPE | dict(setting.split("=", 1) for setting in arguments.settings)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        trained = seqgen.train(
            [arguments.folder / "train.tsv"], run, domain="sentiment", minutes=arguments.minutes, settings=settings,
            valid=[arguments.folder / "dev.tsv"],
            report=lambda progress: progress.evaluated and print(
                f"{progress.seconds:4.0f} s  step {progress.step:6}  loss {progress.loss:.4f}  "
                f"valid {progress.held_out:.4f}", flush=True
            ),
        )  # fmt: skip
        train, test = (items(trained, arguments.folder / name) for name in ("train.tsv", "test.tsv"))
        found = trained.domain.examine(train, test, trained.oracle)
        sentences = [item.content for item in test]
        finish(
            {
                **{key: found[name] for key, name in REPORTED.items()},
                "temperature": trained.domain.calibration.temperature,
                "lines_a_second": lines_a_second(trained, Path(folder), sentences),
                "cold_seconds": cold_seconds(run, sentences[0]),
                "kim_cnn_rand_accuracy": 0.827,
                "minutes": arguments.minutes,
            }
        )


if __name__ == "__main__":
    main()
