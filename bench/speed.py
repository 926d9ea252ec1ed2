"""Training and sampling speed beside PyTorch's nn.LSTM and stock keras.layers.LSTM, in one run (about 25 minutes).

    python bench/speed.py [--only training|busy|sampling|agreement …] [--models RUN …] [--text FILE]

Training is a whole update: embedding, LSTM layers, softmax, cross-entropy, gradients, global-norm clip, AdamW. All have
the same shapes and the same number of weights in the recurrent layers; each runs as its own documentation says is
fastest on a CPU (`jit_compile` for Keras). The peers have no residual connections and no norms, which seqgen has, and
pays for, here too. PyTorch runs with oneDNN and without, and the faster one is the peer (`…_best`). `mixed` is seqgen
with `precision=bfloat16` and PyTorch under its bf16 autocast. Contenders take turns, so that a noisy minute falls on
all of them. `…_busy` is measured beside one process that keeps a core busy all the time, for both sides. A ratio of two
contenders under the same load means something on a busy machine too; their tokens a second do not.

`micronats_bfloat16` is the mean Kullback-Leibler divergence of the next-token distribution with `--precision bfloat16`
from that in float32, in millionths of a nat, along documents that the model has drawn itself.
`matmul_share` is the rate of the products that seqgen makes over the machine's own fp32 product; `nominal_share` counts
the products that an LSTM needs on paper, of which seqgen looks the first layer's up.
With --text, float32 and bfloat16 each train 500 steps on FILE's bytes, and their last 50 losses are compared.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
import torch
from common import finish, median_seconds

import seqgen
from seqgen.engine.compiling import compiled
from seqgen.engine.decoding.decoder import Decoder, DecodingState, Precision
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.layers.step_weights import MIN_BFLOAT16_ROWS
from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.trainer import Trainer
from seqgen.grammar import BOS, EOS, Grammar, unconstrained

VOCABULARY = 65
STREAMS, SEGMENT = 32, 128
DRAWN = 1024
SIZES = ((1, 128), (2, 256), (2, 512), (3, 1024))
"""Layers and units of the models that are trained."""
PARTS = ("training", "busy", "sampling", "agreement")
PEER = "pytorch train"
WITHOUT_ONEDNN = "without-onednn"


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
        self.conditions = None


def seqgen_step(width: int, layers: int, batch: Batch, precision: str = "float32"):
    segment, streams = batch.inputs.shape
    model = Model.new(ModelSettings(hidden_size=width, num_layers=layers), endless(), 0)
    trainer = Trainer(
        model, TrainingSettings(batch_size=streams, bptt_length=segment, dropout=0.0, precision=precision)
    )
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


def torch_step(width: int, layers: int, batch: Batch, autocast: bool = False, device: str = "cpu"):
    model = TorchModel(width, layers).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, fused=True)
    inputs, targets = (torch.from_numpy(ids).long().to(device) for ids in (batch.inputs, batch.targets))

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=autocast):
            logits, _ = model(inputs)
        loss = torch.nn.functional.cross_entropy(logits.float().view(-1, VOCABULARY), targets.view(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step


def torch_sampler(width: int, layers: int, count: int, device: str = "cpu"):
    model = TorchModel(width, layers).eval().to(device)

    @torch.inference_mode()
    def draw() -> None:
        token, state = torch.zeros(1, count, dtype=torch.long, device=device), None
        for _ in range(DRAWN):
            logits, state = model(token, state)
            token = torch.multinomial(torch.softmax(logits[0], -1), 1).view(1, count)

    return draw


def seqgen_sampler(width: int, layers: int, count: int, longest: int = DRAWN, precision: Precision = "float32"):
    model = Model.new(ModelSettings(hidden_size=width, num_layers=layers), endless(), 0)
    sampler = Sampler(model, precision=precision)
    return lambda: list(
        sampler.stream(np.array([BOS], np.int32), endless(), count=count, max_new_tokens=longest, seed=0)
    )


def matmul_seconds():
    """The machine's own fp32 product [4096, 1024] x [1024, 2048]."""
    a, b = tf.random.normal((4096, 1024)), tf.random.normal((1024, 2048))
    return lambda: tf.matmul(a, b).numpy()


MATMUL_FLOPS = 2 * 4096 * 1024 * 2048


def contender(name: str, arguments: argparse.Namespace) -> None:
    """Times one contender alone in this process and prints its median seconds."""
    width, layers, batch = arguments.width, arguments.layers, Batch(STREAMS, SEGMENT)
    library, what, *rest = name.split()
    if WITHOUT_ONEDNN in rest:
        torch.backends.mkldnn.set_flags(False)
    number = int(rest[0]) if rest and rest[0].isdigit() else 0
    make = {
        "seqgen train": lambda: seqgen_step(width, layers, batch),
        "seqgen mixed": lambda: seqgen_step(width, layers, batch, "bfloat16"),
        "keras train": lambda: keras_step(width, layers, batch),
        "pytorch train": lambda: torch_step(width, layers, batch),
        "pytorch mixed": lambda: torch_step(width, layers, batch, autocast=True),
        "seqgen sample": lambda: seqgen_sampler(width, layers, number),
        "seqgen rounded": lambda: seqgen_sampler(width, layers, number, precision="bfloat16"),
        "seqgen draw": lambda: seqgen_sampler(width, layers, 1, number),
        "pytorch sample": lambda: torch_sampler(width, layers, number),
        "machine matmul": matmul_seconds,
    }[f"{library} {what}"]
    # A step of 1 x 128 takes milliseconds, and a few of them would say little about a busy machine.
    repeats = {"matmul": 20, "sample": 2, "rounded": 2, "draw": 1}.get(what, 10_000 // (width * layers))
    print(median_seconds(make(), repeats))


def race(names: list[str], rounds: int, width: int = 512, layers: int = 2) -> dict[str, float]:
    """Returns the median seconds of each contender, in a process of its own, in turns.

    In one process the thread pools of two libraries fight for the cores; and a noisy minute should fall on everybody.
    """
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            size = ["--width", str(width), "--layers", str(layers)]
            command = [sys.executable, sys.argv[0], *size, "--contender", name]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            seconds[name].append(float(done.stdout.split()[-1]))
    return {name: sorted(values)[len(values) // 2] for name, values in seconds.items()}


def best_peer(seconds: dict[str, float], name: str) -> float:
    """Returns the seconds of PyTorch at its best: with oneDNN or without."""
    return min(seconds[name], seconds[f"{name} {WITHOUT_ONEDNN}"])


@contextmanager
def busy_process() -> Iterator[None]:
    """Keeps one core busy with something else."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()


def training(figures: dict[str, float], ending: str = "") -> None:
    """All sizes beside PyTorch. The `ending` of each figure's name says how busy the machine is."""
    tokens = STREAMS * SEGMENT
    for layers, width in SIZES:
        seconds = race(["seqgen train", PEER, f"{PEER} {WITHOUT_ONEDNN}"], 3, width, layers)
        for name, value in seconds.items():
            print(f"training{ending}, {layers} x {width}: {name:28} {tokens / value:10,.0f} tokens/s", flush=True)
        figures[f"train_vs_pytorch_{layers}x{width}{ending}"] = best_peer(seconds, PEER) / seconds["seqgen train"]
        figures[f"train_tokens_per_second_{layers}x{width}{ending}"] = tokens / seconds["seqgen train"]


def products(figures: dict[str, float]) -> None:
    """2 x 512 beside everybody, in bfloat16 too, and beside the machine's own product."""
    tokens = STREAMS * SEGMENT
    names = ["seqgen train", PEER, "seqgen mixed", "pytorch mixed", "keras train", "machine matmul"]
    seconds = race(names, rounds=3)
    for name in names[:-1]:
        print(f"training, 2 x 512: {name:14} {tokens / seconds[name]:10,.0f} tokens/s", flush=True)
    mine = seconds["seqgen train"]
    # A product with W and one with R a layer, twice as many backward; the softmax likewise. 4H columns each.
    needed = 3 * 2 * tokens * (2 * 2 * 512 * 4 * 512 + 512 * VOCABULARY)
    looked_up = 3 * 2 * tokens * 512 * 4 * 512
    rate = MATMUL_FLOPS / seconds["machine matmul"]
    figures |= {
        "train_vs_keras": seconds["keras train"] / mine,
        "train_mixed_vs_pytorch": seconds[PEER] / seconds["seqgen mixed"],
        "train_mixed_vs_pytorch_bf16": seconds["pytorch mixed"] / seconds["seqgen mixed"],
        "matmul_share": (needed - looked_up) / mine / rate,
        "nominal_share": needed / mine / rate,
    }


def sampling(figures: dict[str, float]) -> None:
    """Batches of 1 and 64 beside PyTorch's loop, and whether long samples cost more a token."""
    for count in (1, 64):
        mine, peer = f"seqgen sample {count}", f"pytorch sample {count}"
        rounded = f"seqgen rounded {count}"
        seconds = race([mine, rounded, peer, f"{peer} {WITHOUT_ONEDNN}"], rounds=3)
        for name, value in seconds.items():
            print(f"sampling, batch {count}: {name:32} {count * DRAWN / value:10,.0f} tokens/s", flush=True)
        figures[f"sample_vs_pytorch_best_b{count}"] = best_peer(seconds, peer) / seconds[mine]
        figures[f"sample_bfloat16_vs_pytorch_best_b{count}"] = best_peer(seconds, peer) / seconds[rounded]
    few, many = race(["seqgen draw 100", "seqgen draw 100000"], rounds=1).values()
    print(f"a token costs {few / 100 * 1e6:.0f} microseconds in 100 tokens, {many / 100_000 * 1e6:.0f} in 100 000")
    figures["cost_of_a_token_100000_vs_100"] = (many / 100_000) / (few / 100)


def agreement(models: list[str], figures: dict[str, float]) -> None:
    """How far the next-token distributions in bfloat16 are from those in float32, along documents of each model."""
    for name in models:
        trained = seqgen.load(name)
        divergences, same = [], []
        for sample in trained.sample(2, seed=0, max_new_tokens=500):
            exact, rounded = (log_probabilities(trained.model, sample.ids, one) for one in ("float32", "bfloat16"))
            divergences.append((np.exp(exact) * (exact - rounded)).sum(-1))
            same.append(exact.argmax(-1) == rounded.argmax(-1))
        figures[f"micronats_bfloat16_{Path(name).name}"] = float(np.concatenate(divergences).mean() * 1e6)
        figures[f"same_likeliest_bfloat16_{Path(name).name}"] = float(np.concatenate(same).mean())


def log_probabilities(model: Model, ids: np.ndarray, precision: Precision) -> np.ndarray:
    """Returns ln p of every token after each id but the last, [n, V], by the steps that samples are drawn with."""
    decoder = Decoder(model, precision)
    state = decoder.read_prompt(ids[:1], model.grammar, MIN_BFLOAT16_ROWS)

    @compiled
    def step(state: DecodingState, token: tf.Tensor) -> tuple[tf.Tensor, DecodingState]:
        logits, state = decoder.step(state, model.tables)
        return tf.nn.log_softmax(logits[0]), state.append(tf.fill([MIN_BFLOAT16_ROWS], token), model.tables)

    rows = []
    for token in ids[1:]:
        row, state = step(state, tf.constant(token))
        rows.append(row.numpy())
    return np.stack(rows)


def losses(text: Path, figures: dict[str, float]) -> None:
    """Whether bfloat16 learns as well: the mean loss of steps 450 to 500, the same segments for both."""
    content = np.frombuffer(text.read_bytes(), np.uint8)
    _, ids = np.unique(content, return_inverse=True)
    lanes = (ids[: len(ids) // STREAMS * STREAMS] + 2).reshape(STREAMS, -1).T.astype(np.int32)
    for precision in ("float32", "bfloat16"):
        vocabulary = int(ids.max()) + 3
        model = Model.new(ModelSettings(hidden_size=512, num_layers=2), unconstrained(vocabulary), 0)
        settings = TrainingSettings(batch_size=STREAMS, bptt_length=SEGMENT, dropout=0.0, precision=precision)
        trainer, seen, batch = Trainer(model, settings), [], Batch(STREAMS, SEGMENT)
        for step in range(500):
            begin = step * SEGMENT % (len(lanes) - SEGMENT - 1)
            batch.inputs, batch.targets = lanes[begin : begin + SEGMENT], lanes[begin + 1 : begin + SEGMENT + 1]
            seen.append(float(trainer.step(batch, step / 500)))
        figures[f"loss_after_500_steps_{precision}"] = float(np.mean(seen[-50:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="measure only these parts")
    parser.add_argument("--models", nargs="+", default=["bach-chorales"], help="trained models for the agreement")
    parser.add_argument("--text", type=Path, help="compare losses after 500 steps on this file")
    for name in ("width", "layers"):
        parser.add_argument(f"--{name}", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        contender(arguments.contender, arguments)
        return
    figures: dict[str, float] = {}
    if "training" in arguments.only:
        products(figures)
        training(figures)
    if "busy" in arguments.only:
        with busy_process():
            training(figures, "_busy")
    if "sampling" in arguments.only:
        sampling(figures)
    if "agreement" in arguments.only:
        agreement(arguments.models, figures)
    if arguments.text:
        losses(arguments.text, figures)
    finish(figures)


if __name__ == "__main__":
    main()
