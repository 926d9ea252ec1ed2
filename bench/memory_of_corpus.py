"""Does the memory of training grow with the corpus? 1 M tokens beside 200 M, made up, each in a process of its own.

    python bench/memory_of_corpus.py [--tokens 200]

Prints the highest resident memory of each, in MB, and their difference.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from common import finish

DOCUMENT, VOCABULARY, STEPS = 1000, 500, 60


def make_corpus(folder: Path, millions: int) -> None:
    """Shards and an index as `build` writes them; the files themselves would take an hour to read."""
    from seqgen import Example
    from seqgen.corpus.storage.journal import Journal
    from seqgen.corpus.storage.shards import ShardWriter
    from seqgen.corpus.storage.store import FORMAT, INDEX

    folder.mkdir()
    writer, random = ShardWriter(Journal(folder), VOCABULARY), np.random.default_rng(0)
    count = millions * 1_000_000 // DOCUMENT
    for _ in range(count):
        example = Example.document(random.integers(2, VOCABULARY, DOCUMENT - 2))
        writer.add(example.ids, example.weights)
    writer.close()
    index = np.zeros(count, INDEX)
    index["length"], index["offset"] = DOCUMENT, np.arange(count, dtype=np.int64) * DOCUMENT
    index["split"][::100] = 1
    np.save(folder / "documents.npy", index)
    splits = {
        name: {"documents": int((index["split"] == side).sum()), "tokens": 0}
        for side, name in enumerate(("train", "valid", "test"))
    }
    manifest = {
        "format": FORMAT, "domain": "made-up", "settings": {}, "splits": splits, "dropped": {}, "recipe": None,
        "shards": writer.shards, "vocabulary": [f"t{number}" for number in range(VOCABULARY - 2)],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))


def train(folder: Path) -> None:
    """Some steps of training, from all over the corpus, and the highest memory of this process in MB."""
    from seqgen.corpus.storage.store import Corpus
    from seqgen.corpus.storage.training_batches import TrainingBatches
    from seqgen.engine.model import Model
    from seqgen.engine.settings import SIZES, ModelSettings, TrainingSettings
    from seqgen.engine.training.trainer import Trainer
    from seqgen.grammar import unconstrained

    grammar = unconstrained(VOCABULARY)
    documents = Corpus.open(folder).documents("train")
    trainer = Trainer(Model.new(ModelSettings(**SIZES["small"]), grammar, 0), TrainingSettings())
    stream = TrainingBatches(documents, grammar, batch_size=16, bptt_length=64, seed=0)
    for step in range(STEPS):
        trainer.step(stream.batch(step), 0.5)
    # Reading goes on as in days of training, without the days.
    for number in range(0, len(documents), 7):
        documents[number]
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=200, help="millions, of the large corpus")
    parser.add_argument("--train", type=Path, help="train on this corpus (used by the benchmark itself)")
    arguments = parser.parse_args()
    if arguments.train:
        train(arguments.train)
        return
    megabytes = []
    with tempfile.TemporaryDirectory() as folder:
        for millions in (1, arguments.tokens):
            corpus = Path(folder) / str(millions)
            make_corpus(corpus, millions)
            command = [sys.executable, __file__, "--train", str(corpus)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            megabytes.append(float(done.stdout.split()[-1]))
            print(f"{millions} M tokens: {megabytes[-1]:.0f} MB")
    finish({"mb_small": megabytes[0], "mb_large": megabytes[1], "mb_more": megabytes[1] - megabytes[0]})


if __name__ == "__main__":
    main()
