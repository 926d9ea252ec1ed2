"""Long memory: the adding problem and the copying problem, learned by an LSTM beside a plain RNN.

    python bench/memory.py [--adding 600] [--copying 200] [--minutes 6] [--cells lstm rnn] [--plot memory.png]

Adding (Hochreiter & Schmidhuber 1997, experiment 4): T random values in [0, 1], one in each half is marked; at the end
the sum of the two is asked for. The engine reads tokens, so a value is one of 20 levels, marked or not, and the answer
is the mean of the distribution over 39 sums; the error is measured against the sum of the values before they became
levels. Always answering 1 has a mean squared error of 0.167.

Copying (Arjovsky, Shah & Bengio 2016): 10 symbols out of 8, T - 1 blanks, a signal, 10 blanks; at these the symbols are
asked for in their order. Guessing has an accuracy of 0.125.

Both are learned by a curriculum (Zaremba & Sutskever 2014): sequences are of random length up to a longest one, which
doubles whenever it goes well. Only what is asked for counts in the loss. Each cell has the same minutes for each task,
and is tested in the end on fresh sequences of full length. One layer, no attention, gradients through all steps.

The plot shows how much the cost of a token depends on the hidden state k steps before, against how much it does on the
last one: the length of the gradient, in untrained models, for a plain RNN and for LSTMs with and without forget bias.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from common import finish

from seqgen.engine.compiling import compiled
from seqgen.engine.model import Model
from seqgen.engine.scoring.introspection import Introspector
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.trainer import Trainer
from seqgen.grammar import BOS, unconstrained

LEVELS = 20
SUMS = 2 + 2 * LEVELS
ASKED = SUMS + 2 * LEVELS - 1
SYMBOLS, COPIED = 8, 10
BLANK, SIGNAL = 2 + SYMBOLS, 3 + SYMBOLS
WIDTH, STREAMS, TESTED = 128, 64, 16
REMEMBERING = 4.0
"""The forget gates' first bias: half of what is kept is still there after 38 steps."""
NOTHING = 1e-30
"""The smallest gradient that is shown."""


class Sequences(NamedTuple):
    """A batch of sequences, ending together; each begins with BOS, shorter ones with more of them.

    What is asked for has weight 1.
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    states: np.ndarray
    truth: np.ndarray
    """float64[B]: the sums, or int32[10, B]: the symbols."""

    @property
    def conditions(self) -> None:
        """Nothing is known ahead."""


class Adding:
    """Two values are added up over a distance of up to T."""

    vocabulary = ASKED + 1
    asked = 1
    going_on, mastered = 0.02, 0.005

    def draw(self, random: np.random.Generator, length: int, shortest: int) -> Sequences:
        values, streams = random.random((length, STREAMS)), np.arange(STREAMS)
        levels = np.minimum((values * LEVELS).astype(np.int32), LEVELS - 1)
        begin = length - random.integers(shortest, length + 1, STREAMS)
        middle = (begin + length) // 2
        tokens = 2 + levels
        places = random.integers(begin, middle), random.integers(middle, length)
        for place in places:
            tokens[place, streams] += LEVELS
        tokens[np.arange(length)[:, None] < begin] = BOS
        total = SUMS + np.sum([levels[place, streams] for place in places], axis=0)
        truth = np.sum([values[place, streams] for place in places], axis=0)
        row = np.ones((1, STREAMS), np.int32)
        return asked_at_the_end(np.concatenate([BOS * row, tokens, ASKED * row]), total[None], truth)

    def error(self, probabilities: np.ndarray, truth: np.ndarray) -> float:
        """Returns the mean squared error of the expected sum; probabilities [1, B, V]."""
        of_sums = probabilities[0, :, SUMS:ASKED]
        sums = (np.arange(2 * LEVELS - 1) + 1) / LEVELS
        return float(np.mean((of_sums @ sums / of_sums.sum(1) - truth) ** 2))


class Copying:
    """Ten symbols are kept in mind over T steps."""

    vocabulary = SIGNAL + 1
    asked = COPIED
    going_on, mastered = 0.1, 0.005

    def draw(self, random: np.random.Generator, length: int, shortest: int) -> Sequences:
        symbols = random.integers(2, 2 + SYMBOLS, (COPIED, STREAMS)).astype(np.int32)
        begin, steps = 1 + length - random.integers(shortest, length + 1, STREAMS), np.arange(length + 1 + 2 * COPIED)
        inputs = np.where(steps[:, None] < begin, BOS, BLANK).astype(np.int32)
        inputs[begin + np.arange(COPIED)[:, None], np.arange(STREAMS)] = symbols
        inputs[-COPIED - 1] = SIGNAL
        return asked_at_the_end(inputs, symbols, symbols)

    def error(self, probabilities: np.ndarray, truth: np.ndarray) -> float:
        """Returns the share of symbols that are not the likeliest one; probabilities [10, B, V]."""
        return float(np.mean(probabilities.argmax(-1) != truth))


def asked_at_the_end(inputs: np.ndarray, answers: np.ndarray, truth: np.ndarray) -> Sequences:
    """Sequences in which the answers [n, B] are asked for at the last n inputs."""
    targets, weights = np.full_like(inputs, BOS), np.zeros(inputs.shape, np.float32)
    targets[-len(answers) :], weights[-len(answers) :] = answers, 1
    return Sequences(inputs, targets, weights, np.zeros_like(inputs), truth)


class Result(NamedTuple):
    """What became of one cell and task."""

    error: float
    """On fresh sequences of full length."""
    longest: int
    """The greatest length at which training arrived."""
    seconds: float


def learn(task: Adding | Copying, cell: str, full: int, seconds: float, seed: int) -> Result:
    """Trains until sequences of full length are mastered, or the time is over."""
    model = make_model(cell, task.vocabulary, seed)
    settings = TrainingSettings(batch_size=STREAMS, dropout=0, weight_decay=0, learning_rate=2e-3, warmup_steps=100)
    trainer, random = Trainer(model, settings), np.random.default_rng([seed, 1])

    @compiled
    def answers(inputs: tf.Tensor, states: tf.Tensor) -> tf.Tensor:
        output, _ = model.forward(inputs, states, model.initial_memory(STREAMS))
        allowed = tf.ones((task.asked, STREAMS, task.vocabulary), tf.bool)
        return tf.nn.softmax(model.logits(output.last(task.asked), allowed))

    def error(length: int, batches: int) -> float:
        drawn = [task.draw(random, length, length) for _ in range(batches)]
        return float(np.mean([task.error(answers(one.inputs, one.states).numpy(), one.truth) for one in drawn]))

    begun, length = time.monotonic(), min(10, full)
    while (seconds_used := time.monotonic() - begun) < seconds:
        for _ in range(50):
            # A schedule needs to know its end; here nobody does, so the rate stays where it is after warm-up.
            loss = trainer.step(task.draw(random, length, max(2, length // 2)), 0.0)
        now = error(length, 4)
        print(f"{seconds_used:4.0f} s  {cell}  length {length}  step {trainer.step_number}  loss {float(loss):.3f}  "
              f"error {now:.4f}", flush=True)  # fmt: skip
        if length == full and now < task.mastered:
            break
        if now < task.going_on:
            length = min(2 * length, full)
    return Result(error(full, TESTED), length, seconds_used)


def make_model(cell: str, vocabulary: int, seed: int, forget_bias: float = REMEMBERING) -> Model:
    settings = ModelSettings(cell=cell, hidden_size=WIDTH, num_layers=1, forget_bias=forget_bias)
    return Model.new(settings, unconstrained(vocabulary), seed)


def reach(model: Model, steps: int) -> np.ndarray:
    """[steps + 1]: the length of a cost's gradient by the hidden state k = 0, 1, … steps before, 1 for k = 0."""
    random = np.random.default_rng(0)
    ids = np.concatenate([[BOS], random.integers(2, model.grammar.vocabulary_size, steps + 2)])
    norms = Introspector(model).gradient_norms(ids, max_distance=steps)[:, 0]
    return np.maximum(norms / norms[0], NOTHING)


def plot(path: Path, norms: dict[str, np.ndarray]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="steps back", ylabel="length of the gradient, 1 at the last step", yscale="log")
    for name, values in norms.items():
        axes.plot(values, label=name)
    axes.legend()
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adding", type=int, default=600, help="T; 0 leaves it out")
    parser.add_argument("--copying", type=int, default=200, help="T; 0 leaves it out")
    parser.add_argument("--minutes", type=float, default=6.0, help="for each task and cell")
    parser.add_argument("--cells", nargs="+", default=["lstm", "rnn"])
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    figures: dict[str, float | int] = {}
    for name, task, full in (("adding", Adding(), arguments.adding), ("copying", Copying(), arguments.copying)):
        for cell in arguments.cells if full else ():
            result = learn(task, cell, full, 60 * arguments.minutes, arguments.seed)
            if name == "adding":
                figures[f"adding_{full}_mse_{cell}"] = result.error
            else:
                figures[f"copying_{full}_accuracy_{cell}"] = 1 - result.error
            figures[f"{name}_longest_{cell}"] = result.longest
            figures[f"{name}_seconds_{cell}"] = result.seconds
    forget_biases = {"rnn": 0.0} | {f"lstm, forget bias {bias:.0f}": bias for bias in (0.0, 1.0, REMEMBERING)}
    norms = {
        name: reach(make_model(name.split(",")[0], Adding.vocabulary, arguments.seed, bias), 600)
        for name, bias in forget_biases.items()
    }
    if arguments.plot:
        plot(arguments.plot, norms)
    figures |= {f"log10_gradient_100_back_{name}": float(np.log10(values[100])) for name, values in norms.items()}
    finish(figures)


if __name__ == "__main__":
    main()
