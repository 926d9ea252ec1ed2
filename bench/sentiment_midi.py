"""Valence of piano pieces (VGMIDI), by the public path; `sentiment.py --base midi` runs this.

Pieces are cut into crops, each with its piece's label, which a model reads as performances; a piece is what its crops
are taken for on average. The judge of what is written to order, and a baseline, is logistic regression on the musical
statistics of crops: those of the domain `midi`, after muspy and mgeval. The same regression, learned and mixed in by
`train`, is one expert of each model.
"""

from __future__ import annotations

import csv
import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import print_evaluations
from seqgen_midi.music.piece import Piece

import seqgen

LABELS = {"-1": "negative", "1": "positive"}
CROP_SECONDS, FEWEST_NOTES = 8, 12
"""A shorter or emptier crop says little."""
PERFORMANCE = {"encoding": "performance", "velocity_bins": 8}
LABELLED = {
    "base": "midi", "label_weight": 60, "group_column": "piece",
    **{f"base.{key}": value for key, value in PERFORMANCE.items()},
}  # fmt: skip
SPLIT = {"train": 0.8, "valid": 0.9, "test": 1.0}
"""Up to where each part reaches on the line from 0 to 1 on which the hash of a name puts a piece."""
WRITTEN, LONGEST, GUIDANCE = 32, 500, 3.0
"""Crops to order for each label, tokens at most in one, and how strongly half of them are guided."""
PRETRAINED = 4
"""How many times as long the unlabelled songs are read as the labelled crops of one split."""
RECIPE = {
    "hidden_size": 128, "num_layers": 1, "dropout": 0.3, "dropout_mask": "locked", "token_dropout": 0.1,
    "ema_decay": 0.99, "batch_size": 16, "bptt_length": 64, "num_evaluations": 10,
}  # fmt: skip
"""A small model that reads with gaps: there are 200 pieces."""


class Crop(NamedTuple):
    """Some seconds of a piece, as a file in the folder that the tables lie in."""

    piece: str
    label: str
    file: str
    statistics: np.ndarray


def measure(
    folder: Path, unlabelled: Path, splits: int, budget: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the figures of all splits: means by name, and their standard errors.

    `budget` is minutes or steps a training.
    """
    settings = {**RECIPE, **settings}
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        crops = cut(folder, work)
        pretrained = work / "pretrained"
        seqgen.train([unlabelled], pretrained, domain="midi", settings={**settings, **PERFORMANCE},
                     train_progress=print_evaluations("songs"),
                     **{kind: PRETRAINED * share for kind, share in budget.items()})  # fmt: skip
        found = [measure_split(number, crops, work, pretrained, budget, settings) for number in range(splits)]
    figures: dict[str, Any] = {"pieces": len({crop.piece for crop in crops}), "crops": len(crops), "splits": splits}
    for name in found[0]:
        values = [figures_of_split[name] for figures_of_split in found]
        figures[name] = float(np.mean(values))
        if splits > 1:
            figures[f"{name}_error"] = float(np.std(values, ddof=1) / splits**0.5)
    return {**figures, "ferreira_whitehead_mlstm_accuracy": 0.90, **budget}


def cut(folder: Path, into: Path) -> list[Crop]:
    """Writes the crops of all labelled pieces as files."""
    midi = performances()
    crops = []
    with open(folder / "labels.csv", encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    for number, row in enumerate(rows):
        (piece,) = (item for item in midi.read(folder / row["file"]) if isinstance(item, Piece))
        for place, crop in enumerate(crops_of(piece)):
            (path,) = midi.write(crop, into / f"{number}-{place}")
            crops.append(Crop(row["file"], LABELS[row["valence"]], path.name, statistics(midi, crop)))
    return crops


def crops_of(piece: Piece) -> list[Piece]:
    """Returns the notes that begin in each so many seconds, from 0 on; parts with few notes are left out."""
    which = (piece.seconds(piece.start) // CROP_SECONDS).astype(int)
    crops = []
    for number in np.flatnonzero(np.bincount(which) >= FEWEST_NOTES):
        start, *rest = (column[which == number] for column in piece.notes)
        crops.append(Piece.of(piece.resolution, piece.tracks, [start - start.min(), *rest], tempos=piece.tempos))
    return crops


def performances() -> seqgen.Domain[Any]:
    """Returns the domain of pieces as the models read them."""
    kind = seqgen.load_domain("midi")
    return kind(kind.Settings.from_mapping(PERFORMANCE))


def statistics(midi: seqgen.Domain[Any], piece: Piece) -> np.ndarray:
    """float64[k]: the musical statistics of a piece, NaN where one cannot be told."""
    return np.array([*midi.require(seqgen.Metrics, "statistics").statistics(piece).values()])


def side(piece: str, split: int) -> str:
    """Returns the part that a piece belongs to, by a hash of its name."""
    place = int.from_bytes(hashlib.sha256(f"{split} {piece}".encode()).digest()[:8], "big") / 2**64
    return next(part for part, reach in SPLIT.items() if place < reach)


def measure_split(
    number: int, crops: Sequence[Crop], work: Path, pretrained: Path, budget: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> dict[str, float]:  # fmt: skip
    """What is found on one split: of the model begun anew, of the one begun with the unlabelled songs, of others."""
    parts = {part: [crop for crop in crops if side(crop.piece, number) == part] for part in SPLIT}
    tables = {part: write_table(work / f"{number}-{part}.csv", rows) for part, rows in parts.items()}
    judge = judge_of(parts["train"])
    judged = judge(np.array([crop.statistics for crop in parts["test"]]))
    labels = [label for _, label in sorted({crop.piece: crop.label for crop in parts["test"]}.items())]
    commonest = max(LABELS.values(), key=[crop.label for crop in parts["train"]].count)
    figures = {
        "majority_accuracy": labels.count(commonest) / len(labels),
        "statistics_accuracy": accuracy_of_pieces(parts["test"], judged),
        "statistics_accuracy_of_crops": share(parts["test"], judged),
    }
    for name, start in (("", None), ("pretrained_", pretrained)):
        trained = seqgen.train(
            [tables["train"]], work / f"{name}{number}", domain="sentiment", init_from=start, **budget,
            valid=[tables["valid"]], test=[tables["test"]], train_progress=print_evaluations(f"split {number} {name}"),
            settings={**LABELLED, **settings},
        )  # fmt: skip
        answers = positive(trained, tables["test"])
        figures[f"{name}accuracy"] = accuracy_of_pieces(parts["test"], answers)
        figures[f"{name}accuracy_of_crops"] = share(parts["test"], answers)
        figures[f"{name}share_of_regression"] = trained.domain.prediction.calibration.shares["regression on statistics"]
        trained.domain.prediction.calibration = trained.domain.prediction.Calibration()
        figures[f"{name}network_accuracy"] = accuracy_of_pieces(parts["test"], positive(trained, tables["test"]))
        for strength, how in ((1.0, ""), (GUIDANCE, "_guided")):
            figures[f"{name}to_order{how}"] = to_order(trained, judge, strength)
    figures["pretrained_gain"] = figures["pretrained_accuracy"] - figures["accuracy"]
    print(f"split {number}", {name: round(value, 3) for name, value in figures.items()}, flush=True)
    return figures


def positive(trained: Any, table: Path) -> np.ndarray:
    """p(positive) float64[n] of the rows of a table."""
    return np.array([answer.values["probabilities"]["positive"] for answer in trained.predict(table)])


def write_table(path: Path, crops: Sequence[Crop]) -> Path:
    """Writes a table of files, labels and pieces beside the files, and returns its path."""
    with open(path, "w", encoding="utf-8", newline="") as table:
        rows = ((crop.file, crop.label, crop.piece) for crop in crops)
        csv.writer(table).writerows([("file", "valence", "piece"), *rows])
    return path


def judge_of(crops: Sequence[Crop]) -> Callable[[np.ndarray], np.ndarray]:
    """Gives p(positive) float64[n] of statistics float64[n, k], as learned from crops."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit(np.array([crop.statistics for crop in crops]), [crop.label == "positive" for crop in crops])
    return lambda rows: model.predict_proba(rows)[:, 1]


def accuracy_of_pieces(crops: Sequence[Crop], positive: np.ndarray) -> float:
    """The share of pieces whose crops are on average taken for what they are: float64[n], p(positive) of each crop."""
    pieces, which = np.unique([crop.piece for crop in crops], return_inverse=True)
    labels = {crop.piece: crop.label == "positive" for crop in crops}
    means = np.bincount(which, positive) / np.bincount(which)
    return float(np.mean([(mean > 0.5) == labels[piece] for piece, mean in zip(pieces, means, strict=True)]))


def share(crops: Sequence[Crop], positive: np.ndarray) -> float:
    """Returns the share of crops that are taken for what they are."""
    return float(
        np.mean([(one > 0.5) == (crop.label == "positive") for crop, one in zip(crops, positive, strict=True)])
    )


def to_order(trained: Any, judge: Callable[[np.ndarray], np.ndarray], guidance: float) -> float:
    """Returns the share of crops written to order that the judge takes for what was ordered."""
    shares, midi = [], performances()
    for label in LABELS.values():
        samples = trained.sample(WRITTEN, constraints={"label": label}, guidance=guidance, max_new_tokens=LONGEST)
        judged = judge(np.array([statistics(midi, sample.item.content) for sample in samples]))
        shares.append(np.mean((judged > 0.5) == (label == "positive")))
    return float(np.mean(shares))
