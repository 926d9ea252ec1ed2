"""Trains the run in a folder, alone or as one of several workers: joins its corpus, its domain and the engine."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Training
from seqgen.contract.domain import Domain
from seqgen.contract.domain_record import DomainRecord
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.read_ahead import ReadAhead
from seqgen.corpus.storage.store import Corpus
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine.model import Model
from seqgen.engine.scoring.evaluation import HeldOutLikelihood
from seqgen.engine.training.checkpoint import Checkpoint, checkpoint_path, newest_checkpoint, read_checkpoint
from seqgen.engine.training.loop import TrainingLoop
from seqgen.engine.training.progress import TrainingProgress
from seqgen.engine.training.trainer import Trainer
from seqgen.engine.worker_group import WorkerGroup
from seqgen.errors import BundleError, SeqgenWarning, TrainingError
from seqgen.files import remove_unfinished
from seqgen.files.stored_files import StoredFileError
from seqgen.grammar import Grammar, class_examples
from seqgen.models.bundle import CONFIG_FILE, read_bundle, write_bundle
from seqgen.models.model_card import model_card
from seqgen.models.run_settings import RunSettings
from seqgen.workflows.fine_tuning import PretrainedModel
from seqgen.workflows.training_callbacks import GuardedCallback, training_callbacks

TrainProgress = Callable[[TrainingProgress], None]


def train_run(
    run: Path,
    corpus: Corpus,
    domain: Domain[Any],
    grammar: Grammar,
    settings: RunSettings,
    train_progress: TrainProgress | None,
    workers: WorkerGroup,
) -> None:
    """Trains until the budget is used up. The chief writes the log, checkpoints and the best bundle."""
    training = settings.training
    capability = domain.training or Training()
    registers = domain.checked_registers()
    conditions = domain.checked_conditions() if settings.model.condition_size else None
    documents, held_out = corpus.documents("train"), corpus.documents("valid")
    streams = workers.streams(training.batch_size)
    batches = TrainingBatches(
        documents, grammar, batch_size=training.batch_size, bptt_length=training.bptt_length, seed=training.seed,
        augment=capability.augment, auxiliary_targets=capability.auxiliary_targets,
        random_bptt_length=training.random_bptt_length,
        conditions=conditions, show_conditions=capability.shown_conditions, streams=streams,
    )  # fmt: skip
    checkpoint = common_checkpoint(run / "checkpoints", workers)
    if checkpoint is None and (run / "bundle" / CONFIG_FILE).exists():
        raise TrainingError(
            f"{run} holds a trained model but no checkpoint to go on from, and training from the start would replace "
            f"the model; train in another folder, with --from {run} to begin with its weights."
        )
    if settings.init_from is not None and checkpoint is None:
        pretrained = PretrainedModel(Path(settings.init_from), domain)
        model = pretrained.model(grammar, domain.vocabulary, training.seed, registers, conditions)
    else:
        model = Model.new(settings.model, grammar, training.seed, registers, conditions)
    trainer = Trainer(model, training, workers)
    # A document that is longer than a stream's share of the data is cut, so that several streams share it.
    max_length = max(training.bptt_length, held_out.token_count // training.batch_size)

    def held_out_batches() -> Iterable[Any]:
        batches = evaluation_batches(
            held_out, grammar, batch_size=training.batch_size, bptt_length=training.bptt_length, max_length=max_length,
            streams=streams,
        )  # fmt: skip
        return (batch for batch, _ in batches)

    record, examples = DomainRecord.of(domain), class_examples(grammar)
    made_with = {"model": settings.model.model_dump(), "training": training.model_dump()}

    def save_best(weights: dict[str, np.ndarray], result: HeldOutLikelihood, step: int) -> None:
        likelihood = {"step": step, "held_out_nats": result.nats, "held_out_tokens": result.tokens}
        config = {**made_with, "result": likelihood}
        card = model_card(config, domain, corpus, model.num_parameters)
        write_bundle(run / "bundle", config, record, examples, weights, card)

    callbacks: list[GuardedCallback] = []
    if workers.is_chief:
        for folder in (run, run / "bundle", run / "checkpoints"):
            remove_unfinished(folder)
        all_settings = {**settings.model.model_dump(), **training.model_dump()}
        callbacks = training_callbacks(run, checkpoint.record.step if checkpoint else 0, all_settings)
    report_step = train_progress or ignore_progress

    def report(progress: TrainingProgress) -> None:
        report_step(progress._replace(unit=domain.unit))

    with ReadAhead(batches.batch) as segment_at:
        loop = TrainingLoop(
            trainer, segment_at, held_out_batches, settings.budget, run / "checkpoints",
            on_best=save_best, report=report, callbacks=callbacks,
        )  # fmt: skip
        if checkpoint:
            loop.resume(checkpoint)
            is_best_lost = workers.is_chief and loop.best_nats is not None and not _is_bundle_intact(run, trainer)
            if workers.sum_numbers([is_best_lost])[0]:
                loop.best_nats = None
        loop.run()


def common_checkpoint(folder: Path, workers: WorkerGroup) -> Checkpoint | None:
    """Returns the newest checkpoint that the chief can read, or None, to all workers. Raises TrainingError."""
    checkpoint = newest_checkpoint(folder) if workers.is_chief else None
    own = (-1.0 if checkpoint is None else checkpoint.record.step) if workers.is_chief else 0.0
    [step] = workers.sum_numbers([own])
    if workers.is_chief or step < 0:
        return checkpoint
    path = checkpoint_path(folder, int(step))
    try:
        return read_checkpoint(path)
    except StoredFileError as error:
        raise TrainingError(
            f"{path} cannot be read here ({error}); all workers need the same folder of the run, on a shared disk."
        ) from error


def _is_bundle_intact(run: Path, trainer: Trainer) -> bool:
    """Whether the bundle of a run can be read. Warns if it cannot, because the next evaluation replaces it."""
    shapes = {name: value.shape for name, value in trainer.model.numpy_weights().items()}
    try:
        read_bundle(run / "bundle").weights(shapes)
    except BundleError as error:
        warnings.warn(
            f"The best model of the run cannot be read, so that of the next evaluation replaces it, better or not: "
            f"{error}",
            SeqgenWarning,
            stacklevel=2,
        )
        return False
    return True


def ignore_progress(progress: TrainingProgress) -> None:
    """Does nothing."""
