"""Labels over text and over music, by the public commands' own path: SST-2, and with `--base midi` VGMIDI.

    python bench/sentiment.py FOLDER [--phrases] [--seeds 1] [--minutes 10] [--set KEY=VALUE]…
    python bench/sentiment.py FOLDER --base midi [--unlabelled FOLDER] [--splits 10] [--minutes 0.4] [--set KEY=VALUE]…

Sentences of film reviews as praise or blame: FOLDER holds `train.tsv`, `dev.tsv` and `test.tsv` (sentence, tab, label 0
or 1; 6 920, 872 and 1 821 sentences). A model is trained on the first file; the second chooses the best weights, the
temperature and how much each expert of the answer counts (the network, naive Bayes, a regression on n-grams);
everything reported is of the third, which is looked at once. Of 400 sentences written to order, `to_order` is the share
that a logistic regression on words and bigrams, learned from the training file, takes for what was ordered, with the
guidance that the domain has; `to_order_without_guidance` is that of as many drawn as they come.

With `--phrases` the 64 509 labelled phrases of the training sentences in `train_phrases.tsv` are learned too, as spans;
validation and test are the same. With `--seeds N` figures are means over N models.

Published, same data: Kim's CNN with random vectors 0.827 (Kim 2014).

Piano pieces of video games as of positive or negative valence: FOLDER holds `labels.csv` (file, valence, arousal) and
the MIDI files. On each split, 80/10/10 by a hash of the file name, one model begins anew and one with what it learned
of the songs in the other folder (`pop909` beside FOLDER, unless it is named), which have no labels. Each trains for
`--minutes`; the songs are read once, for four times as long. Figures are means over the splits, with their standard
errors as `…_error`; accuracies are of whole pieces of the test part. Beside them stand the commonest label and logistic
regression on musical statistics, which also judges what is written to order.

Published, on an earlier edition of the data: about 0.90 with an mLSTM of 4 096 units (Ferreira & Whitehead 2019).
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import sentiment_midi
from common import finish, print_evaluations

import seqgen

MINUTES = {"text": 10.0, "midi": 0.4}
LINES = 10_000
RECIPE = {
    "hidden_size": 128, "num_layers": 1, "dropout": 0.3, "dropout_mask": "locked", "token_dropout": 0.4,
    "ema_decay": 0.998, "batch_size": 16, "bptt_length": 32, "label_weight": 20,
}  # fmt: skip
"""A small model that reads with gaps: 6 920 sentences are soon learned by heart."""
PHRASES = {"span_files": "train_phrases.tsv", "span_weight": 1.0}
"""What is set in addition with `--phrases`. Chosen on validation data (NOTES.md)."""
REPORTED = {
    "accuracy": "accuracy",
    "network_accuracy": "accuracy, network alone",
    "naive_bayes_accuracy": "accuracy, naive Bayes alone",
    "ngrams_accuracy": "accuracy, regression on n-grams alone",
    "logistic_accuracy": "accuracy, logistic regression",
    "majority_accuracy": "accuracy, majority class",
    "macro_f1": "macro-F1",
    "calibration_error": "calibration error",
    "to_order": "label accuracy of samples, by logistic regression",
    "to_order_without_guidance": "label accuracy of samples without guidance, by logistic regression",
}


def records(trained: Any, path: Path) -> list[seqgen.Record[Any]]:
    return [found for found in trained.domain.read(path) if isinstance(found, seqgen.Record)]


def lines_a_second(trained: Any, folder: Path, sentences: list[str]) -> float:
    """Returns how many sentences of a file of 10 000 are predicted in a second, after one call that is not counted."""
    file = folder / "lines.txt"
    file.write_text("\n".join(itertools.islice(itertools.cycle(sentences), LINES)), encoding="utf-8")
    next(trained.predict(file))
    begun = time.perf_counter()
    predicted = sum(1 for _ in trained.predict(file))
    return predicted / (time.perf_counter() - begun)


def cold_seconds(run: Path, sentence: str) -> float:
    """Returns how long the command takes for one line, from its start."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "seqgen.cli", "predict", str(run), "--text", sentence]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def measure_seeds(folder: Path, seeds: int, budget: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the figures of models of sentences with different seeds: means by name, and all accuracies."""
    found = []
    for seed in range(seeds):
        found.append(measure(folder, budget, {**asked, "seed": seed}))
        print(f"seed {seed}", found[-1], flush=True)
    means = {name: float(np.mean([one[name] for one in found])) for name, value in found[0].items() if name != "shares"}
    return {**means, "accuracies": [one["accuracy"] for one in found], "shares": [one["shares"] for one in found]}


def measure(folder: Path, budget: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the figures of one model of sentences."""
    sources = ["train.tsv", *([asked["span_files"]] if "span_files" in asked else [])]
    with tempfile.TemporaryDirectory() as temporary:
        run = Path(temporary) / "run"
        trained = seqgen.train(
            [folder / name for name in sources], run, domain="sentiment", settings={**RECIPE, **asked}, **budget,
            valid=[folder / "dev.tsv"],
            train_progress=print_evaluations("sentences"),
        )  # fmt: skip
        train, test = (records(trained, folder / name) for name in ("train.tsv", "test.tsv"))
        found = trained.domain.prediction.evaluate_answers(train, test, trained.oracle)
        sentences = [record.item.content for record in test]
        return {
            **{key: found[name] for key, name in REPORTED.items()},
            "temperature": trained.domain.prediction.calibration.temperature,
            "shares": trained.domain.prediction.calibration.shares,
            "lines_a_second": lines_a_second(trained, Path(temporary), sentences),
            "cold_seconds": cold_seconds(run, sentences[0]),
            "kim_cnn_rand_accuracy": 0.827,
            **budget,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--base", choices=MINUTES, default="text")
    parser.add_argument("--phrases", action="store_true", help="learn from labelled phrases too")
    parser.add_argument("--seeds", type=int, default=1, help="how many models of sentences")
    parser.add_argument("--unlabelled", type=Path)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--steps", type=int, help="of each training, in place of minutes: the same on any machine")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    folder, steps = arguments.folder, arguments.steps
    budget = {"steps": steps} if steps else {"minutes": arguments.minutes or MINUTES[arguments.base]}
    settings = dict(setting.split("=", 1) for setting in arguments.settings)
    if arguments.base == "text":
        phrases = PHRASES if arguments.phrases else {}
        finish(measure_seeds(folder, arguments.seeds, budget, {**phrases, **settings}))
    else:
        unlabelled = arguments.unlabelled or folder.resolve().parent / "pop909"
        finish(sentiment_midi.measure(folder, unlabelled, arguments.splits, budget, settings))


if __name__ == "__main__":
    main()
