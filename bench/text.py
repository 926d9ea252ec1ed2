"""Tiny Shakespeare through the command: nats a character after 70 s, 3 minutes and 20 minutes, and every tokenizer.

    python bench/text.py FOLDER [--seconds 70 180 1200] [--tokenizer-seconds 180]

FOLDER holds `input.txt`; its first 90 % are trained on, its last 10 % are the validation part, as in nanoGPT. Both are
cut into documents of at most 10 000 characters, each read from a fresh state; what a document's end costs is counted as
a cost of its characters. Time runs from the first step on, compiling included; the best weights by validation are
judged, as nanoGPT does. Then each tokenizer (byte, character, BPE) is trained for that long: bits a character.

nanoGPT on the same split: 1.88 nats with its recipe for a CPU, 1.4697 with that for an A100 (its README).
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

from common import finish

TRAIN_SHARE = 0.9
NANOGPT = {"nanogpt_cpu_nats": 1.88, "nanogpt_a100_nats": 1.4697}
COMMON = {"max_document_length": 10_000, "batch_size": 16, "bptt_length": 64}
SHORT = {**COMMON, "hidden_size": 192, "learning_rate": 8e-3, "dropout": 0.0, "num_evaluations": 8}
MIDDLE = {**COMMON, "hidden_size": 256, "learning_rate": 6e-3, "dropout": 0.1, "num_evaluations": 8}
LONG = {**COMMON, "hidden_size": 256, "learning_rate": 6e-3, "dropout": 0.2, "num_evaluations": 40}
TOKENIZERS = {"byte": {}, "character": {}, "bpe": {"vocabulary_size": 1024}}


def recipe(seconds: float) -> dict[str, float]:
    """The longer the training, the larger the model that pays and the more it must be kept from learning by heart."""
    return SHORT if seconds < 120 else MIDDLE if seconds < 600 else LONG


def seqgen(*arguments: object) -> str:
    """Returns what the command prints on standard output; its progress is shown."""
    command = [sys.executable, "-m", "seqgen.cli", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def bits_a_character(folder: Path, name: str, seconds: float, **settings: object) -> float:
    """Trains on train.txt, judges on valid.txt."""
    options = [f"--set={key}={value}" for key, value in {**recipe(seconds), **settings}.items()]
    run = folder / name
    seqgen("train", folder / "train.txt", "--valid", folder / "valid.txt", "--domain", "text", "-o", run,
           "--minutes", seconds / 60, *options)  # fmt: skip
    return float(json.loads(seqgen("evaluate", run, "--json"))["bits"]["character"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, nargs="*", default=[70, 180, 1200])
    parser.add_argument("--tokenizer-seconds", type=float, default=180, help="0 leaves the tokenizers out")
    arguments = parser.parse_args()
    text = (arguments.folder / "input.txt").read_text(encoding="utf-8")
    cut = int(TRAIN_SHARE * len(text))
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "train.txt").write_text(text[:cut], encoding="utf-8")
        (folder / "valid.txt").write_text(text[cut:], encoding="utf-8")
        for seconds in arguments.seconds:
            bits = bits_a_character(folder, f"for-{seconds:g}-seconds", seconds)
            figures[f"valid_nats_{seconds:g}s"] = bits * math.log(2)
        for name, settings in TOKENIZERS.items() if arguments.tokenizer_seconds else ():
            figures[f"{name}_bits_a_character"] = bits_a_character(
                folder, name, arguments.tokenizer_seconds, tokenizer=name, **settings
            )
    finish({**figures, **NANOGPT})


if __name__ == "__main__":
    main()
