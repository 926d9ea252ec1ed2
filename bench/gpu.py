"""Training and sampling on one GPU beside torch.nn.LSTM with cuDNN, and proof that both devices compute the same.

    python bench/gpu.py                                                                 (at most 8 minutes)

Equality: the model in the box, which has coordinates and conditions, makes STEPS training steps on the CPU and on the
GPU in float32, on packed streams in which documents begin at any step. Without a GPU, two logical CPUs are compared and
nothing else is measured. On a GPU, seqgen uses cuDNN for the LSTM, and so does PyTorch. Speed: tokens a second of whole
updates, as in bench/speed.py, with TensorFloat-32 products, the default of both libraries on such a GPU, and in
bfloat16; and of sampling. Each measurement has a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import finish

STEPS = 20
BATCH_SIZE, BPTT_LENGTH = 8, 64
SIZES = ((2, 512), (3, 1024))
STREAMS = 128
MAX_DIFFERENCE = 1e-3
"""Of a loss in nats and of a weight, after STEPS steps on two devices."""


def train_steps(device: str, out: Path) -> None:
    """Trains the model in the box on documents that it draws, and writes losses and weights."""
    import tensorflow as tf

    import seqgen
    from seqgen.corpus.storage.documents import Documents
    from seqgen.corpus.storage.training_batches import TrainingBatches
    from seqgen.engine.settings import TrainingSettings
    from seqgen.engine.training.trainer import Trainer

    tf.config.experimental.enable_tensor_float_32_execution(False)
    if device.startswith("CPU"):
        tf.config.set_visible_devices([], "GPU")
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    with tf.device(device):
        trained = seqgen.load("bach-chorales")
        grammar, random = (
            trained.domain.grammar(trained.domain.Constraints.model_validate({"bars": 4})),
            np.random.default_rng(0),
        )
        walks = [grammar.walk(random) for _ in range(BATCH_SIZE)]
        documents = Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in walks])
        batches = TrainingBatches(
            documents, trained.model.grammar, batch_size=BATCH_SIZE, bptt_length=BPTT_LENGTH, seed=0,
            conditions=trained.model.conditions, show_conditions=trained.domain.training.shown_conditions,
        )  # fmt: skip
        # Random numbers for dropout are not the same on all devices.
        settings = TrainingSettings(batch_size=BATCH_SIZE, bptt_length=BPTT_LENGTH, dropout=0.0, learning_rate=1e-4)
        trainer = Trainer(trained.model, settings)
        losses = [float(trainer.step(batches.batch(step), step / STEPS)) for step in range(STEPS)]
        arrays: dict[str, Any] = trained.model.numpy_weights()
        np.savez(out, losses=losses, **arrays)


def speed(contender: str, layers: int, width: int) -> float:
    """Returns the tokens a second of one contender: library, what it does, and its precision or number of samples."""
    import speed as cpu_speed
    import torch

    library, what, how = contender.split()
    batch = cpu_speed.Batch(STREAMS, cpu_speed.SEGMENT)
    if what == "sample":
        tokens = int(how) * cpu_speed.DRAWN
        if library == "seqgen":
            run = cpu_speed.seqgen_sampler(width, layers, int(how))
        else:
            run = cpu_speed.torch_sampler(width, layers, int(how), device="cuda")
    elif library == "seqgen":
        tokens, run = batch.inputs.size, cpu_speed.seqgen_step(width, layers, batch, how)
    else:
        tokens, run = batch.inputs.size, cpu_speed.torch_step(width, layers, batch, how == "bfloat16", device="cuda")
    if library == "pytorch":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    return tokens / cpu_speed.median_seconds(run, 3 if what == "sample" else 10)


def in_process(*arguments: object) -> str:
    """Runs a part of this script in a process of its own. Returns the last line that it prints."""
    command = [sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip().rpartition("\n")[2]


def equality(devices: tuple[str, str], figures: dict[str, Any]) -> None:
    """Compares the same training steps on two devices."""
    with tempfile.TemporaryDirectory() as folder:
        results = []
        for number, device in enumerate(devices):
            out = Path(folder) / f"{number}.npz"
            in_process("--train-on", device, "--out", out)
            results.append(dict(np.load(out)))
    one, other = results
    differences = {name: float(np.abs(one[name] - other[name]).max()) for name in one}
    figures["largest_difference_of_losses"] = differences.pop("losses")
    figures["largest_difference_of_weights"] = max(differences.values())
    figures["is_equal"] = max(figures["largest_difference_of_losses"], *differences.values()) < MAX_DIFFERENCE
    print(f"{devices[0]} and {devices[1]}: {json.dumps(figures)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train-on", "contender"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    for name in ("width", "layers"):
        parser.add_argument(f"--{name}", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if arguments.train_on:
        train_steps(arguments.train_on, arguments.out)
        return
    if arguments.contender:
        print(speed(arguments.contender, arguments.layers, arguments.width))
        return
    from seqgen.engine.devices import has_gpu

    figures: dict[str, Any] = {}
    if not has_gpu():
        print("There is no GPU here, so two logical CPUs are compared and no speed is measured.")
        equality(("CPU:0", "CPU:1"), figures)
        finish(figures)
        return
    equality(("CPU:0", "GPU:0"), figures)
    for layers, width in SIZES:
        for what in ("train float32", "train bfloat16", "sample 1", "sample 64"):
            rates = [
                float(in_process("--contender", f"{library} {what}", "--width", width, "--layers", layers))
                for library in ("seqgen", "pytorch")
            ]
            name = f"{what.replace(' ', '_')}_{layers}x{width}"
            figures[f"{name}_tokens_per_second"], figures[f"{name}_vs_pytorch"] = rates[0], rates[0] / rates[1]
            print(f"{name}: seqgen {rates[0]:,.0f}, PyTorch {rates[1]:,.0f} tokens/s", flush=True)
    finish(figures)


if __name__ == "__main__":
    main()
