"""What the attention layer costs and gives: training speed in turns, and held-out nats after the same time.

    python bench/attention.py DATA [--minutes 2] [--seeds 2] [--only cost recall …]

Cost is the share of training speed that attention takes at 2 × 256, T 128, M 128, 32 streams, all cores. What it gives
is tried on attention_tasks.py: with and without attention, side by side for the same time, each on one core (race.py).
DATA holds `jsb`, `tinyshakespeare` and `multi30k`. What counts is the best model by validation, once, on test, as a
mean over seeds; a side wins where the means differ by more than they may by chance (Fisher's least significant
difference).

With two cores and two seeds, five tasks take 20 minutes and what is needed to compile and test, about 6.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
from attention_tasks import RECALLING, TRIALS
from common import finish
from race import Run, least_difference, side_by_side, train

from seqgen.engine.model import Model
from seqgen.engine.segment import Cut
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training import Trainer
from seqgen.grammar import anything

VOCABULARY, STREAMS, SEGMENT, MEMORY = 65, 32, 128, 128
TURNS = 20
EVALUATIONS = 5


def cost() -> float:
    """The share of training speed that attention takes."""
    random = np.random.default_rng(0)
    inputs, targets = random.integers(2, VOCABULARY, (2, SEGMENT, STREAMS)).astype(np.int32)
    segment = Cut(inputs, targets, np.ones(inputs.shape, np.float32), np.zeros_like(inputs))

    def trainer(memory: int) -> Trainer:
        settings = ModelSettings(width=256, layers=2, attention_memory=memory)
        model = Model.new(settings, anything(VOCABULARY), 0)
        return Trainer(model, TrainingSettings(streams=STREAMS, segment=SEGMENT, dropout=0.0))

    def seconds(trainer: Trainer) -> float:
        begun = time.perf_counter()
        float(trainer.step(segment, 0.0))
        return time.perf_counter() - begun

    sides = trainer(0), trainer(MEMORY)
    turns = [[seconds(side) for side in sides] for _ in range(TURNS + 2)][2:]
    return 1 - median(without / with_it for without, with_it in turns)


def learn(data: Path, name: str, attends: bool, seed: int, seconds: float) -> Run:
    trial = TRIALS[name](data)
    model = ModelSettings(attention_memory=trial.attention_memory if attends else 0, **trial.model)
    run = train(trial.task, model, TrainingSettings(seed=seed, evaluations=EVALUATIONS, **trial.training), seconds)
    print(f"{name:15} {'with' if attends else 'without':7} seed {seed}  test {run.test:.4f}  {run.steps:6} steps  "
          f"{run.tokens_per_second:7,.0f} tokens/s", flush=True)  # fmt: skip
    return run


def compare(data: Path, name: str, seeds: int, seconds: float) -> dict[str, Any]:
    """Trains both sides, says which one wins, and gives the figures."""
    # The sides change cores from seed to seed.
    jobs = [(data, name, attends, seed, seconds) for seed in range(seeds) for attends in (seed % 2 == 1, seed % 2 == 0)]
    runs: dict[bool, list[Run]] = {False: [], True: []}
    for job, run in zip(jobs, side_by_side(learn, jobs, 2), strict=True):
        runs[job[2]].append(run)
    without, with_it = ([run.test for run in runs[attends]] for attends in (False, True))
    gain, chance = mean(without) - mean(with_it), least_difference([without, with_it])
    winner = "neither" if abs(gain) <= chance else "with" if gain > 0 else "without"
    print(f"{name}: {mean(without):.4f} nats without attention, {mean(with_it):.4f} with it; by chance {chance:.4f}. "
          + ("Neither side wins." if winner == "neither" else f"The side {winner} attention wins."))  # fmt: skip
    speed = {attends: mean(run.tokens_per_second for run in runs[attends]) for attends in runs}
    return {
        f"{name}_without": mean(without), f"{name}_with": mean(with_it), f"{name}_chance": chance,
        f"{name}_winner": winner, f"{name}_speed": speed[True] / speed[False],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--minutes", type=float, default=2.0, help="of each training")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=["cost", *TRIALS], default=["cost", *TRIALS])
    arguments = parser.parse_args()
    figures: dict[str, Any] = {"minutes": arguments.minutes, "seeds": arguments.seeds}
    if "cost" in arguments.only:
        figures["cost"] = cost()
        print(f"Attention takes {figures['cost']:.1%} of training speed.", flush=True)
    tried = [name for name in TRIALS if name in arguments.only]
    for name in tried:
        figures |= compare(arguments.data, name, arguments.seeds, 60 * arguments.minutes)

    if tried:
        print("\ntask              without     with   chance   speed   wins")
    for name in tried:
        row = [figures[f"{name}_{key}"] for key in ("without", "with", "chance", "speed", "winner")]
        print(f"{name:15} {row[0]:9.4f}{row[1]:9.4f}{row[2]:9.4f}{row[3]:8.2f}   {row[4]}")
    if set(RECALLING) <= set(tried):
        won = all(figures[f"{name}_winner"] == "with" for name in RECALLING)
        figures["attention_wins_where_recall_is_asked_for"] = "confirmed" if won else "contradicted"
        print(f"Attention wins where recall is asked for: {figures['attention_wins_where_recall_is_asked_for']}.")
    finish(figures)


if __name__ == "__main__":
    main()
