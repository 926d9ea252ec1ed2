"""The use-cases `train` and `evaluate`: corpus, domain and engine joined.

trained = seqgen.train(["my-midi-files"], "runs/mine", domain="midi", minutes=10)
for sample in trained.sample(4, constraints={"bars": 16}, seed=7):
    trained.write(sample, "out")
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from seqgen.atomic import remove_unfinished, write_text
from seqgen.building import build, what_is
from seqgen.bundle import write_bundle
from seqgen.corpus.build import Progress as BuildProgress
from seqgen.corpus.store import Corpus
from seqgen.corpus.stream import Stream
from seqgen.corpus.whole import whole
from seqgen.domain import Domain
from seqgen.engine.checkpoint import newest_checkpoint
from seqgen.engine.evaluation import HeldOut
from seqgen.engine.loop import Budget, Progress, TrainingLoop
from seqgen.engine.model import Model
from seqgen.engine.runlog import RunLog
from seqgen.engine.settings import SIZES, ModelSettings, TrainingSettings
from seqgen.engine.training import Trainer
from seqgen.errors import CorpusError, InvalidValue, OutputError, TrainingError, UnknownName, UsageError
from seqgen.model_card import model_card
from seqgen.plugins import load_domain
from seqgen.trained import Trained, load

DEFAULT_MINUTES = 10.0


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
    bundled_only: bool = False,
    build_progress: BuildProgress | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Trained:
    """Trains a model in the folder `run` and gives the best one found, judged by held-out data.

    sources:  files, folders, one recipe, or one corpus that was built before
    settings: of the domain, the model and the training, all by name
    size:     tiny, small (default), medium or large
    minutes:  how long to train (default 10); or `steps`, which can be repeated to the bit
    resume:   go on where `run` stopped, if it has begun; its own settings hold, `minutes` or `steps` may be more

    Raises SeqgenError's children, and `seqgen.engine.loop.Stopped` after Ctrl-C.
    """
    run, settings = Path(run), dict(settings or {})
    if (run / "settings.json").is_file():
        if not resume:
            raise OutputError(f"{run} already holds a run; go on with --resume, or choose another folder.")
        saved = _resumed(run, settings, size)
        if minutes is not None or steps is not None:
            saved["budget"] = _budget(minutes, steps)._asdict()
        corpus = Corpus.open(Path(saved["corpus"]))
    else:
        _check_free(run, resume)
        # Everything that can be wrong with the call is found before hours of reading files.
        ready = Corpus.open(Path(sources[0])) if len(sources) == 1 and _is_corpus(Path(sources[0])) else None
        name = ready.domain if ready and domain is None else what_is(sources, domain)[0]
        saved = _new_run(settings, size, load_domain(name, bundled_only=bundled_only).Settings)
        saved["budget"] = _budget(minutes, steps)._asdict()
        own = {key: value for key, value in settings.items() if not _is_engine_setting(key)}
        corpus = ready or _corpus_of_run(sources, run, domain, own, resume, bundled_only, build_progress)
        _check_corpus(corpus, name, own)
        saved["corpus"] = str(corpus.path.resolve())
    made = load_domain(corpus.domain, bundled_only=bundled_only)
    write_text(run / "settings.json", json.dumps(saved, indent=1))
    _run(run, corpus, made(made.Settings.from_mapping(corpus.settings), corpus.vocabulary), saved, report)
    return load(run, bundled_only=bundled_only)


def evaluate(run: Path | str, *, bundled_only: bool = False, seed: int = 0) -> dict[str, Any]:
    """Held-out likelihood of a run's best model beside baselines, with the domain's metrics; see `Trained.evaluate`."""
    saved = _read_settings(Path(run))
    return load(run, bundled_only=bundled_only).evaluate(Corpus.open(Path(saved["corpus"])), seed=seed)


def _check_free(run: Path, resume: bool) -> None:
    """Raises OutputError when a new run's folder holds anything but, with `resume`, what an interrupted build left."""
    if resume:
        # A process that was killed while it built the corpus leaves its hidden folder.
        for leftover in run.glob(".corpus-*"):
            shutil.rmtree(leftover, ignore_errors=True)
    mine = {"corpus"} if resume else set()
    if run.exists() and (not run.is_dir() or {path.name for path in run.iterdir()} - mine):
        raise OutputError(f"{run} is not an empty folder; choose another one.")


def _is_corpus(path: Path) -> bool:
    return (path / "manifest.json").is_file()


def _check_corpus(corpus: Corpus, domain: str, asked: Mapping[str, Any]) -> None:
    """Raises UsageError when a corpus that was built before is not what the call says."""
    if corpus.domain != domain:
        raise UsageError(f"{corpus.path} is a corpus of the domain {corpus.domain!r}, not {domain!r}.")
    for key, value in asked.items():
        if str(corpus.settings[key]) != str(value):
            raise UsageError(f"{corpus.path} was built with {key}={corpus.settings[key]}, not {value}; build another.")


def _corpus_of_run(sources: Sequence[Path | str], run: Path, domain: str | None, settings: Mapping[str, Any],
                   resume: bool, bundled_only: bool, progress: BuildProgress | None) -> Corpus:  # fmt: skip
    """The corpus in the run's own folder, built unless it is there. Leaves nothing behind when that fails."""
    if resume and _is_corpus(run / "corpus"):
        return Corpus.open(run / "corpus")
    try:
        return build(
            sources, run / "corpus", domain=domain, settings=settings, bundled_only=bundled_only, progress=progress
        )
    except BaseException:
        if run.is_dir() and not any(run.iterdir()):
            run.rmdir()
        raise


def _is_engine_setting(key: str) -> bool:
    return key in ModelSettings.model_fields or key in TrainingSettings.model_fields


def _checked(kind: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return kind(**values).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidValue(f"{first['loc'][0]} cannot be {first['input']!r}: {first['msg']}.") from error


def _new_run(settings: Mapping[str, Any], size: str | None, domain_settings: type[BaseModel]) -> dict[str, Any]:
    """What settings.json says of a new run."""
    size = size or "small"
    if size not in SIZES:
        raise UnknownName("size", size, SIZES)
    model = {**SIZES[size], **{key: value for key, value in settings.items() if key in ModelSettings.model_fields}}
    training = {key: value for key, value in settings.items() if key in TrainingSettings.model_fields}
    known = {*ModelSettings.model_fields, *TrainingSettings.model_fields, *domain_settings.model_fields}
    for key in settings:
        if key not in known:
            raise UnknownName("setting", key, known)
    return {"size": size, "model": _checked(ModelSettings, model), "training": _checked(TrainingSettings, training)}


def _resumed(run: Path, settings: Mapping[str, Any], size: str | None) -> dict[str, Any]:
    """What settings.json says of a run that has begun; raises UsageError when it is asked to be another."""
    saved = _read_settings(run)
    mine = {**saved["model"], **saved["training"], **Corpus.open(Path(saved["corpus"])).settings, "size": saved["size"]}
    asked = {**settings, **({"size": size} if size else {})}
    for key, value in asked.items():
        if key not in mine:
            raise UnknownName("setting", key, mine)
        if str(mine[key]) != str(value):
            raise UsageError(f"{run} began with {key}={mine[key]}, not {value}; train in another folder to change it.")
    return saved


def _read_settings(run: Path) -> dict[str, Any]:
    try:
        saved = json.loads((run / "settings.json").read_text(encoding="utf-8"))
        return {"size": saved["size"], "model": _checked(ModelSettings, saved["model"]),
                "training": _checked(TrainingSettings, saved["training"]), "budget": saved["budget"],
                "corpus": saved["corpus"]}  # fmt: skip
    except FileNotFoundError:
        raise CorpusError(f"{run} is no run; give the folder that 'seqgen train' made.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{run}/settings.json is damaged ({error}); train in another folder.") from error


def _budget(minutes: float | None, steps: int | None) -> Budget:
    if minutes is not None and steps is not None:
        raise UsageError("How long to train is said twice; give --minutes or --steps, not both.")
    if steps is not None:
        if steps < 1:
            raise InvalidValue(f"steps cannot be {steps}; it must be at least 1.")
        return Budget(steps=steps)
    minutes = DEFAULT_MINUTES if minutes is None else minutes
    if not 0 < minutes < 1e6:
        raise InvalidValue(f"minutes cannot be {minutes}; it must be above 0.")
    return Budget(seconds=60 * minutes)


def _run(
    run: Path, corpus: Corpus, domain: Domain, saved: dict[str, Any], report: Callable[[Progress], None] | None
) -> None:
    model_settings, training = ModelSettings(**saved["model"]), TrainingSettings(**saved["training"])
    grammar = domain.grammar()
    documents, held_out = corpus.documents("train"), corpus.documents("valid")
    stream = Stream(
        documents, grammar, streams=training.streams, steps=training.segment, seed=training.seed,
        augment=domain.augment,
    )  # fmt: skip
    model = Model.new(model_settings, grammar, training.seed)
    trainer = Trainer(model, training)
    longest = max(training.segment, held_out.total // training.streams)

    def held_out_segments() -> Iterable[Any]:
        # A document longer than a stream's share is cut, so that one huge document is read side by side.
        batches = whole(held_out, grammar, streams=training.streams, steps=training.segment, longest=longest)
        return (batch for batch, _ in batches)

    about = {
        "name": domain.name,
        "api_version": domain.api_version,
        "settings": domain.settings.model_dump(mode="json"),
        "vocabulary": list(domain.vocabulary.names[2:]),
    }

    def save_best(weights: dict[str, np.ndarray], result: HeldOut, step: int) -> None:
        config = {
            "model": saved["model"],
            "grammar_classes": grammar.classes,
            "training": saved["training"],
            "result": {"step": step, "held_out_nats": result.nats, "held_out_tokens": result.tokens},
        }
        write_bundle(run / "bundle", config, about, weights, model_card(config, domain, corpus, model.parameters))

    for folder in (run, run / "bundle", run / "checkpoints"):
        remove_unfinished(folder)
    checkpoint = newest_checkpoint(run / "checkpoints")
    with RunLog(run, after_step=checkpoint.record["step"] if checkpoint else 0) as log:

        def tell(progress: Progress) -> None:
            if progress.evaluated:
                log.write(progress.step, loss=progress.loss, held_out=progress.held_out or 0.0,
                          tokens_per_second=progress.tokens_per_second, seconds=progress.seconds)  # fmt: skip
            if report:
                report(progress)

        loop = TrainingLoop(
            trainer, stream.batch, held_out_segments, Budget(**saved["budget"]), run / "checkpoints",
            on_best=save_best, report=tell,
        )  # fmt: skip
        if checkpoint:
            loop.resume(checkpoint)
        loop.run()
