"""Does training need more memory or time for a huge corpus? 10⁶ made-up tokens beside 10⁹, each in its own process.

    python bench/large_corpus.py [--tokens 1000] [--steps 200] [--size small] [--pairs 2]

The two take turns. Prints the highest resident memory of each in MB, their difference, the tokens a second of each (of
the median step; the mean of its runs), their ratio, and the same for tokens a second of processor time, which other
work on the machine changes less.
Batches are read ahead in a thread, as in a training. `shards_of_a_tenth` is how many shards of the large corpus the
first tenth of an epoch reads: all of them in a random order, a quarter or so in windows.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import finish

DOCUMENT, VOCABULARY = 2000, 500
UNCOUNTED_STEPS = 10


def make_corpus(folder: Path, millions: int) -> None:
    """Shards and an index as `build` writes them; the files themselves would take an hour to read."""
    from seqgen import Example
    from seqgen.contract.core import INTERFACE_VERSION
    from seqgen.corpus.storage.journal import Journal
    from seqgen.corpus.storage.shards import ShardWriter
    from seqgen.corpus.storage.store import FORMAT, INDEX
    from seqgen.files.stored_files import with_checksum

    folder.mkdir()
    writer, random = ShardWriter(Journal(folder), VOCABULARY), np.random.default_rng(0)
    count = millions * 1_000_000 // DOCUMENT
    examples = [Example.document(random.integers(2, VOCABULARY, DOCUMENT - 2)) for _ in range(1000)]
    for number in range(count):
        example = examples[number % len(examples)]
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
        "format": FORMAT, "domain": "made-up", "interface_version": INTERFACE_VERSION, "plugin": None, "settings": {},
        "state": {}, "splits": splits, "dropped": {}, "remarks": {}, "examples": {}, "recipe": None,
        "shards": writer.shards, "vocabulary": [f"t{number}" for number in range(VOCABULARY - 2)],
        "has_metadata": False, "checksums": {},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(with_checksum(manifest)))


def train(folder: Path, steps: int, size: str) -> None:
    """Trains some steps. Prints the highest memory of this process in MB, and tokens a second of wall and of CPU."""
    from seqgen.corpus.storage.epoch_order import epoch_order
    from seqgen.corpus.storage.read_ahead import ReadAhead
    from seqgen.corpus.storage.shards import SHARD_TOKENS
    from seqgen.corpus.storage.store import Corpus
    from seqgen.corpus.storage.training_batches import TrainingBatches
    from seqgen.engine.model import Model
    from seqgen.engine.settings import SIZES, ModelSettings, TrainingSettings
    from seqgen.engine.training.trainer import Trainer
    from seqgen.grammar import unconstrained

    grammar = unconstrained(VOCABULARY)
    documents = Corpus.open(folder).documents("train")
    trainer = Trainer(Model.new(ModelSettings(**SIZES[size]), grammar, 0), TrainingSettings())
    stream = TrainingBatches(documents, grammar, batch_size=16, bptt_length=64, seed=0)
    times, begun_cpu = [], 0.0
    with ReadAhead(stream.batch) as segment_at:
        for step in range(steps):
            if step == UNCOUNTED_STEPS:
                begun_cpu = time.process_time()
            begun = time.perf_counter()
            float(trainer.step(segment_at(step), 0.5))
            times.append(time.perf_counter() - begun)
    seconds_cpu = time.process_time() - begun_cpu
    # Reading goes on as in days of training, without the days.
    for number in range(0, len(documents), 7):
        documents[number]
    order = epoch_order(documents.lengths, np.random.default_rng(0))
    shards = len({int(number) * DOCUMENT // SHARD_TOKENS for number in order[: len(order) // 10]})
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counted = times[UNCOUNTED_STEPS:]
    tokens = 16 * 64
    print(megabytes, tokens / float(np.median(counted)), tokens * len(counted) / seconds_cpu, shards)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=1000, help="millions, of the large corpus")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--size", default="small", help="of the model")
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        train(arguments.train, arguments.steps, arguments.size)
        return
    measured: dict[int, list[list[float]]] = {1: [], arguments.tokens: []}
    with tempfile.TemporaryDirectory() as folder:
        for millions in measured:
            make_corpus(Path(folder) / str(millions), millions)
        for millions in [*measured] * arguments.pairs:
            command = [sys.executable, __file__, "--train", str(Path(folder) / str(millions))]
            command += ["--steps", str(arguments.steps), "--size", arguments.size]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            found = [float(word) for word in done.stdout.split()[-4:]]
            measured[millions].append(found)
            print(f"{millions} M tokens: {found[0]:.0f} MB, {found[1]:.0f} tokens/s, {found[2]:.0f} of CPU", flush=True)
    small, large = (np.array(runs) for runs in measured.values())
    (mb_small, speed_small, cpu_small, _), (mb_large, speed_large, cpu_large, shards) = small.mean(0), large.mean(0)
    finish({"mb_small": mb_small, "mb_large": mb_large, "mb_more": large[:, 0].max() - small[:, 0].min(),
            "speed_small": speed_small, "speed_large": speed_large, "speed_ratio": speed_large / speed_small,
            "speed_ratio_of_cpu": cpu_large / cpu_small, "shards_of_a_tenth": shards})  # fmt: skip


if __name__ == "__main__":
    main()
