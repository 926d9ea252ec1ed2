"""Training and sampling speed beside PyTorch's nn.LSTM and stock keras.layers.LSTM, in one run.

    python bench/speed.py [--width 512] [--layers 2] [--streams 32] [--segment 128]

Training is a whole update: embedding, LSTM layers, softmax, cross-entropy, gradients, global-norm clip, AdamW. All
three have the same shapes, the same number of weights in the recurrent layers, and float32; each runs as its own
documentation says is fastest on a CPU (`jit_compile` for TensorFlow). The peers have no residual connections and no
norms, which seqgen has, and pays for, here too. PyTorch's sampling loop runs as it comes, and once more with oneDNN
switched off, which a user would have to know of, and which is faster for a batch of 1. `matmul_share` is the rate of
seqgen's training products over the machine's own fp32 product.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
import torch
from common import finish, median_seconds

from seqgen.engine.model import Model
from seqgen.engine.sampling import Sampler
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training import Trainer
from seqgen.grammar import BOS, EOS, Grammar

VOCABULARY = 65
DRAWN = 1024


def endless() -> Grammar:
    """Anything may follow anything, and nothing ends: every sample has the full length."""
    allowed = np.ones((1, VOCABULARY), bool)
    allowed[:, EOS] = False
    return Grammar(allowed, np.zeros((1, VOCABULARY), np.int32), 0)


class Batch:
    def __init__(self, streams: int, segment: int) -> None:
        random = np.random.default_rng(0)
        self.inputs, self.targets = random.integers(2, VOCABULARY, (2, segment, streams)).astype(np.int32)
        self.weights = np.ones((segment, streams), np.float32)
        self.states = np.zeros((segment, streams), np.int32)


def seqgen_step(width: int, layers: int, batch: Batch):
    segment, streams = batch.inputs.shape
    model = Model.new(ModelSettings(width=width, layers=layers), endless(), 0)
    trainer = Trainer(model, TrainingSettings(streams=streams, segment=segment, dropout=0.0))
    return lambda: float(trainer.step(batch, 0.0))


def keras_step(width: int, layers: int, batch: Batch):
    segment, streams = batch.inputs.shape
    stack = keras.Sequential(
        [keras.Input((segment,), batch_size=streams, dtype="int32"), keras.layers.Embedding(VOCABULARY, width)]
        + [keras.layers.LSTM(width, return_sequences=True) for _ in range(layers)]
        + [keras.layers.Dense(VOCABULARY)]
    )
    stack.compile(
        keras.optimizers.AdamW(3e-3, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=True,
    )
    inputs, targets = tf.constant(batch.inputs.T), tf.constant(batch.targets.T)
    return lambda: stack.train_on_batch(inputs, targets)


class TorchModel(torch.nn.Module):
    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(VOCABULARY, width)
        self.lstm = torch.nn.LSTM(width, width, layers)
        self.head = torch.nn.Linear(width, VOCABULARY)

    def forward(self, ids, state=None):
        out, state = self.lstm(self.embed(ids), state)
        return self.head(out), state


def torch_step(width: int, layers: int, batch: Batch):
    model = TorchModel(width, layers)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, fused=True)
    inputs, targets = torch.from_numpy(batch.inputs).long(), torch.from_numpy(batch.targets).long()

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        logits, _ = model(inputs)
        loss = torch.nn.functional.cross_entropy(logits.view(-1, VOCABULARY), targets.view(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step


def torch_sampler(width: int, layers: int, count: int):
    model = TorchModel(width, layers).eval()

    @torch.inference_mode()
    def draw() -> None:
        token, state = torch.zeros(1, count, dtype=torch.long), None
        for _ in range(DRAWN):
            logits, state = model(token, state)
            token = torch.multinomial(torch.softmax(logits[0], -1), 1).view(1, count)

    return draw


def seqgen_sampler(width: int, layers: int, count: int):
    sampler = Sampler(Model.new(ModelSettings(width=width, layers=layers), endless(), 0))
    return lambda: list(sampler.stream(np.array([BOS], np.int32), endless(), count=count, longest=DRAWN, seed=0))


def matmul_seconds():
    """The machine's own fp32 product [4096, 1024] x [1024, 2048]."""
    a, b = tf.random.normal((4096, 1024)), tf.random.normal((1024, 2048))
    return lambda: tf.matmul(a, b).numpy()


MATMUL_FLOPS = 2 * 4096 * 1024 * 2048


def contender(name: str, arguments: argparse.Namespace) -> None:
    """Times one contender alone in this process and prints its median seconds."""
    width, layers, batch = arguments.width, arguments.layers, Batch(arguments.streams, arguments.segment)
    library, _, what = name.partition(" ")
    if what.startswith("without-onednn"):
        torch.backends.mkldnn.set_flags(False)
    count = int(what.split()[-1]) if "sample" in what else 0
    make = {
        "seqgen train": lambda: seqgen_step(width, layers, batch),
        "keras train": lambda: keras_step(width, layers, batch),
        "pytorch train": lambda: torch_step(width, layers, batch),
        f"seqgen sample {count}": lambda: seqgen_sampler(width, layers, count),
        f"pytorch sample {count}": lambda: torch_sampler(width, layers, count),
        f"pytorch without-onednn sample {count}": lambda: torch_sampler(width, layers, count),
        "matmul": matmul_seconds,
    }[name]
    print(median_seconds(make(), 20 if library == "matmul" else 2 if count else 10))


def race(names: list[str], rounds: int) -> dict[str, float]:
    """The median seconds of each contender, in a process of its own, in turns.

    In one process the thread pools of two libraries fight for the cores; and a noisy minute should fall on everybody.
    """
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            command = [sys.executable, *sys.argv, "--contender", name]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            seconds[name].append(float(done.stdout.split()[-1]))
    return {name: sorted(values)[len(values) // 2] for name, values in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"width": 512, "layers": 2, "streams": 32, "segment": 128}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--contender", help="time this one alone (used by the benchmark itself)")
    arguments = parser.parse_args()
    if arguments.contender:
        contender(arguments.contender, arguments)
        return
    width, layers, tokens = arguments.width, arguments.layers, arguments.streams * arguments.segment
    seconds = race(["seqgen train", "pytorch train", "keras train", "matmul"], rounds=3)
    for library in ("seqgen", "pytorch", "keras"):
        print(f"training, {layers} x {width}: {library:8} {tokens / seconds[f'{library} train']:10,.0f} tokens/s")
    # Forward one product with W and one with R a layer, backward twice as many; and the softmax likewise.
    flops = 3 * 2 * tokens * (layers * 2 * width * 4 * width + width * VOCABULARY)
    train = seconds["seqgen train"]
    figures = {
        "train_vs_pytorch": seconds["pytorch train"] / train,
        "train_vs_keras": seconds["keras train"] / train,
        "matmul_share": (flops / train) / (MATMUL_FLOPS / seconds["matmul"]),
        "train_tokens_per_second": tokens / train,
    }
    for count in (1, 64):
        names = [f"seqgen sample {count}", f"pytorch sample {count}", f"pytorch without-onednn sample {count}"]
        mine, theirs, without = race(names, rounds=3).values()
        for name, value in {"seqgen": mine, "pytorch": theirs, "pytorch without oneDNN": without}.items():
            print(f"sampling, batch {count}: {name:22} {count * DRAWN / value:10,.0f} tokens/s")
        figures[f"sample_vs_pytorch_b{count}"] = theirs / mine
        figures[f"sample_vs_pytorch_without_onednn_b{count}"] = without / mine
    finish(figures)


if __name__ == "__main__":
    main()
