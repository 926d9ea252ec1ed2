"""The use case `train`: corpus, domain and engine joined.

trained = seqgen.train(["my-midi-files"], "runs/mine", domain="midi", minutes=10)
for sample in trained.sample(4, constraints={"bars": 16}, seed=7):
    trained.write(sample, "out")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.atomic import remove_unfinished
from seqgen.contract.capabilities import Training
from seqgen.contract.discovery import installed_plugin, load_domain
from seqgen.contract.domain import Domain
from seqgen.corpus.building.build_folder import hidden_folder
from seqgen.corpus.reading.sources import BuildProgress
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.store import Corpus, is_corpus
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine.model import Model
from seqgen.engine.scoring.evaluation import HeldOutLikelihood
from seqgen.engine.training.checkpoint import newest_checkpoint
from seqgen.engine.training.loop import TrainingLoop
from seqgen.engine.training.memory_requirements import explain_out_of_memory
from seqgen.engine.training.progress import TrainingProgress, TrainingStopped
from seqgen.engine.training.trainer import Trainer
from seqgen.errors import OutputError, UsageError
from seqgen.grammar import class_examples
from seqgen.models.bundle import write_bundle
from seqgen.models.model_card import model_card
from seqgen.models.run_settings import NAME as SETTINGS
from seqgen.models.run_settings import RunSettings, budget, new_run, typed, where
from seqgen.workflows.build import build, what_is
from seqgen.workflows.fine_tuning import Start, start_domains
from seqgen.workflows.load import load
from seqgen.workflows.trained import Trained
from seqgen.workflows.training_callbacks import training_callbacks


def train(
    sources: Sequence[Path | str],
    run: Path | str,
    *,
    domain: str | None = None,
    settings: Mapping[str, Any] | None = None,
    size: str | None = None,
    minutes: float | None = None,
    steps: int | None = None,
    resume: bool = False,
    start: Path | str | None = None,
    valid: Sequence[Path | str] = (),
    test: Sequence[Path | str] = (),
    build_progress: BuildProgress | None = None,
    report: Callable[[TrainingProgress], None] | None = None,
) -> Trained:
    """Trains a model in the folder `run` and gives the best one found, judged by held-out data.

    sources:  files, folders, archives, one recipe, or one corpus that was built before
    settings: of the domain, the model and the training, all by name
    size:     tiny, small (default), medium or large
    minutes:  how long to train (default 10); or `steps`, which can be repeated to the bit
    resume:   go on where `run` stopped, if it has begun; its own settings hold, `minutes` or `steps` may be more
    start:    a trained model, bundle or run, whose weights the new one begins with; it has the same shape
    valid:    files and folders that choose the best model, in place of a share of `sources`
    test:     files and folders that `evaluate` looks at, in place of a share of `sources`

    Raises SeqgenError's children, and `seqgen.engine.training.progress.TrainingStopped` after Ctrl-C.
    """
    run = Path(run)
    if (run / SETTINGS).is_file():
        if not resume:
            raise OutputError(f"{run} already holds a run; go on with --resume, or choose another folder.")
        saved = RunSettings.read(run)
        corpus = Corpus.open(run / saved.corpus)
        if domain not in (None, corpus.domain):
            raise UsageError(f"{run} is a run of the domain {corpus.domain!r}, not {domain!r}; choose another folder.")
        made = load_domain(corpus.domain, corpus.manifest["plugin"])
        own, engine = typed(settings or {}, made.Settings)
        saved.check_same(run, {**own, **engine}, size, corpus.settings)
        saved.check_start(run, start)
        if minutes is not None or steps is not None:
            saved = saved.model_copy(update=budget(minutes, steps))
    else:
        # Everything that can be wrong with the call is found before hours of reading files.
        _check_free(run, resume)
        ready = Corpus.open(Path(sources[0])) if len(sources) == 1 and is_corpus(Path(sources[0])) else None
        name, recipe = (ready.domain, None) if ready and domain is None else what_is(sources, domain)
        made = load_domain(name)
        own, engine = typed(settings or {}, made.Settings)
        chosen = made.Settings.from_mapping(ready.settings if ready else {**(recipe.settings if recipe else {}), **own})
        begun = None if start is None else Start(Path(start), start_domains(made(chosen)))
        if begun:
            begun.check_same(engine, size)
        parts = {**new_run(engine, size, begun.settings if begun else None), **budget(minutes, steps)}
        if ready:
            _check_corpus(ready, name, own)
            if valid or test:
                raise UsageError(f"{ready.path} is split already; name --valid and --test when it is built.")

        def build_it() -> Corpus:
            return build(sources, run / "corpus", domain=domain, settings=own, valid=valid, test=test,
                         progress=build_progress,
                         known=begun.learned if begun else None)  # fmt: skip

        corpus = ready or _corpus_of_run(run, resume, build_it)
        inside = corpus.path.resolve().is_relative_to(run.resolve())
        saved = RunSettings(corpus="corpus" if inside else str(corpus.path.resolve()), start=where(start), **parts)
    saved.write(run)
    domain_of_run = made(made.Settings.from_mapping(corpus.settings), corpus.learned.vocabulary, corpus.learned.state)
    with explain_out_of_memory(saved.model, saved.training, domain_of_run.checked_grammar()):
        try:
            _run(run, corpus, domain_of_run, saved, report)
        except TrainingStopped:
            if (run / "bundle" / "config.json").is_file():
                load(run).calibrate(corpus)
            raise
    trained = load(run)
    trained.calibrate(corpus)
    return trained


def _check_free(run: Path, resume: bool) -> None:
    """Raises OutputError when a new run's folder holds anything but what an interrupted build left, which goes on.

    With `resume` it may also hold the corpus that was built.
    """
    if resume:
        remove_unfinished(run)
    mine = {hidden_folder(run / "corpus").name, *(["corpus"] if resume else [])}
    if run.exists() and (not run.is_dir() or {path.name for path in run.iterdir()} - mine):
        raise OutputError(f"{run} is not an empty folder; choose another one.")


def _check_corpus(corpus: Corpus, domain: str, asked: Mapping[str, Any]) -> None:
    """Raises UsageError when a corpus that was built before is not what the call says."""
    if corpus.domain != domain:
        raise UsageError(f"{corpus.path} is a corpus of the domain {corpus.domain!r}, not {domain!r}.")
    for key, value in asked.items():
        if corpus.settings.get(key) != value:
            built = corpus.settings.get(key)
            raise UsageError(f"{corpus.path} was built with {key}={built}, not {value}; build another.")


def _corpus_of_run(run: Path, resume: bool, build_it: Callable[[], Corpus]) -> Corpus:
    """The corpus in the run's own folder, built unless it is there. Leaves nothing behind when that fails."""
    if resume and is_corpus(run / "corpus"):
        return Corpus.open(run / "corpus")
    try:
        return build_it()
    except BaseException:
        if run.is_dir() and not any(run.iterdir()):
            run.rmdir()
        raise


def _run(run: Path, corpus: Corpus, domain: Domain[Any], saved: RunSettings,
         report: Callable[[TrainingProgress], None] | None) -> None:  # fmt: skip
    training, grammar = saved.training, domain.checked_grammar()
    changes = domain.training or Training()
    documents, held_out = corpus.documents("train"), corpus.documents("valid")
    stream = TrainingBatches(
        documents, grammar, batch_size=training.batch_size, bptt_length=training.bptt_length, seed=training.seed,
        augment=changes.augment, auxiliary_targets=changes.auxiliary_targets,
        random_bptt_length=training.random_bptt_length,
    )  # fmt: skip
    checkpoint = newest_checkpoint(run / "checkpoints")
    if saved.start is not None and checkpoint is None:
        begun = Start(Path(saved.start), start_domains(domain))
        model = begun.model(grammar, domain.vocabulary, training.seed)
    else:
        model = Model.new(saved.model, grammar, training.seed)
    trainer = Trainer(model, training)
    longest = max(training.bptt_length, held_out.token_count // training.batch_size)

    def held_out_segments() -> Iterable[Any]:
        # A document longer than a stream's share is cut, so that one huge document is read side by side.
        batches = evaluation_batches(
            held_out, grammar, batch_size=training.batch_size, bptt_length=training.bptt_length, max_length=longest
        )
        return (batch for batch, _ in batches)

    about = {
        "name": domain.name,
        "interface_version": domain.interface_version,
        "plugin": installed_plugin(domain.name),
        "settings": domain.settings.model_dump(mode="json"),
        "vocabulary": list(domain.vocabulary.names[2:]),
        "state": dict(domain.state),
    }
    examples = class_examples(grammar)
    made_with = {"model": saved.model.model_dump(), "training": training.model_dump()}

    def save_best(weights: dict[str, np.ndarray], result: HeldOutLikelihood, step: int) -> None:
        found = {"step": step, "held_out_nats": result.nats, "held_out_tokens": result.tokens}
        config = {**made_with, "result": found}
        card = model_card(config, domain, corpus, model.num_parameters)
        write_bundle(run / "bundle", config, about, examples, weights, card)

    for folder in (run, run / "bundle", run / "checkpoints"):
        remove_unfinished(folder)
    settings = {**saved.model.model_dump(), **training.model_dump()}
    loop = TrainingLoop(
        trainer, stream.batch, held_out_segments, saved.budget, run / "checkpoints",
        on_best=save_best, report=report or ignore_progress,
        callbacks=training_callbacks(run, checkpoint.record["step"] if checkpoint else 0, settings),
    )  # fmt: skip
    if checkpoint:
        loop.resume(checkpoint)
    loop.run()


def ignore_progress(progress: TrainingProgress) -> None:
    """Does nothing."""
