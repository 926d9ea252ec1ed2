"""Every cell on Bach chorales at equal time: what Greff et al. found of the LSTM's variants, held against measurement.

    python bench/odyssey.py FOLDER [--minutes 1] [--seeds 2] [--at-once 2] [--plot odyssey.png]

Greff et al. (2017, *LSTM: A Search Space Odyssey*): no variant is significantly better than the standard LSTM, and the
forget gate and the output activation are its most critical parts. They gave each variant a random search over learning
rates and widths; here all have the same settings, one layer of 128 units, and the same time on one core (race.py).
FOLDER and the task are those of chorales.py. What counts is the best model by validation, once, on test, as a mean over
seeds.

With 2 cores, 12 cells and 2 seeds it takes about 20 minutes, of which compiling and testing are 8.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

import chorales
from common import finish
from race import Run, Task, least_difference, side_by_side, train

from seqgen.engine.cells.registry import cell_names
from seqgen.engine.settings import ModelSettings, TrainingSettings

ABLATIONS = {
    "nig": "the input gate",
    "nfg": "the forget gate",
    "nog": "the output gate",
    "niaf": "the input activation",
    "noaf": "the output activation",
}
"""What each of Greff's ablations leaves out."""
VARIANTS = [*ABLATIONS, "coupled", "peephole", "fgr"]
CRITICAL = {"nfg", "noaf"}
EVALUATIONS = 6


def learn(folder: Path, cell: str, seed: int, seconds: float) -> Run:
    documents = chorales.splits(folder)
    task = Task(documents["train"], documents["valid"], documents["test"], chorales.positions(), chorales.transpose)
    run = train(
        task,
        ModelSettings(cell=cell, hidden_size=128, num_layers=1),
        TrainingSettings(seed=seed, num_evaluations=EVALUATIONS),
        seconds,
    )
    print(f"{cell:9} seed {seed}  valid {run.valid:.4f}  test {run.test:.4f}  {run.steps:6} steps", flush=True)
    return run


def verdicts(test: dict[str, float], chance: float) -> dict[str, str]:
    """Prints, of mean nats on test by cell, whether each of the two findings is there; and gives it as one word."""
    print(f"\nMeans that differ by less than {chance:.4f} nats may do so by chance.")
    better = [cell for cell in VARIANTS if test[cell] < test["lstm"] - chance]
    answer = {"no_variant_beats_lstm": "contradicted" if better else "confirmed"}
    print(f"No variant beats the LSTM: {answer['no_variant_beats_lstm']}"
          + (f"; {' and '.join(better)} did." if better else "."))  # fmt: skip

    worse = {cell: test[cell] - test["lstm"] for cell in ABLATIONS if test[cell] > test["lstm"] + chance}
    order = sorted(worse, key=lambda cell: -worse[cell])
    word = "confirmed" if set(order[:2]) == CRITICAL else "contradicted"
    answer["forget_gate_and_output_activation_are_critical"] = word
    hurt = ", ".join(f"{ABLATIONS[cell]} (+{worse[cell]:.4f})" for cell in order) or "no part"
    print(f"The forget gate and the output activation are the most critical parts: {word}; what was missed, in this "
          f"order: {hurt}.")  # fmt: skip

    others = [cell for cell in ("gru", "rnn", "echo") if test[cell] < test["lstm"] - chance]
    print(f"Of the cells that are no LSTM, {' and '.join(others) or 'none'} did better than it.")
    return answer


def plot(path: Path, runs: dict[str, list[Run]], order: list[str]) -> None:
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    over_time, at_the_end = figure.subplots(1, 2)
    for number, cell in enumerate(order):
        color = "black" if cell == "lstm" else colormaps["tab20"](number)
        for run in runs[cell]:
            seconds, nats = zip(*run.curve, strict=True)
            over_time.plot(seconds, nats, color=color, label=cell if run is runs[cell][0] else None)
        tests = [run.test for run in runs[cell]]
        at_the_end.barh(number, mean(tests), color=color)
        at_the_end.plot(tests, [number] * len(tests), "o", color="white", markeredgecolor="black", markersize=4)
    over_time.set(xlabel="seconds of training", ylabel="nats a note, validation")
    over_time.legend(ncols=2)
    at_the_end.set(xlabel="nats a note, test; a dot is a seed", yticks=range(len(order)), yticklabels=order)
    at_the_end.invert_yaxis()
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=1.0, help="of each training")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--at-once", type=int, default=2, help="trainings at a time, each on a core of its own")
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    cells, seconds = cell_names(), 60 * arguments.minutes
    # Seed by seed, so that all cells share what the machine goes through.
    jobs = [(arguments.folder, cell, seed, seconds) for seed in range(arguments.seeds) for cell in cells]
    runs: dict[str, list[Run]] = {cell: [] for cell in cells}
    for (_, cell, *_), run in zip(jobs, side_by_side(learn, jobs, arguments.at_once), strict=True):
        runs[cell].append(run)

    test = {cell: mean(run.test for run in ran) for cell, ran in runs.items()}
    valid = {cell: mean(run.valid for run in ran) for cell, ran in runs.items()}
    order = sorted(test, key=lambda cell: test[cell])
    chance = least_difference([[run.test for run in ran] for ran in runs.values()])
    print("\ncell       valid   test    steps   notes/s")
    for cell in order:
        steps, speed = mean(run.steps for run in runs[cell]), mean(run.tokens_per_second for run in runs[cell])
        print(f"{cell:9} {valid[cell]:7.4f} {test[cell]:7.4f} {steps:7.0f} {speed:9,.0f}")
    answers = verdicts(test, chance)
    if arguments.plot:
        plot(arguments.plot, runs, order)
    finish(
        {f"test_nats_{cell}": test[cell] for cell in order}
        | {f"valid_nats_{cell}": valid[cell] for cell in order}
        | {f"steps_{cell}": mean(run.steps for run in runs[cell]) for cell in order}
        | {"least_difference": chance, "seeds": arguments.seeds, "minutes": arguments.minutes, **answers}
    )


if __name__ == "__main__":
    main()
