"""Trains a model: joins the corpus, the domain and the engine.

trained = seqgen.train(["my-midi-files"], "runs/mine", domain="midi", minutes=10)
for sample in trained.sample(4, constraints={"bars": 16}, seed=7):
    trained.write(sample, "out")
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqgen.contract.discovery import load_domain
from seqgen.contract.plugins import report_broken_plugins
from seqgen.corpus.building.build_folder import hidden_folder
from seqgen.corpus.reading.sources import BuildProgress
from seqgen.corpus.storage.store import Corpus, is_corpus
from seqgen.engine.training.memory_requirements import explain_out_of_memory
from seqgen.engine.training.progress import TrainingStopped
from seqgen.engine.weights import weight_shapes
from seqgen.engine.worker_group import WorkerGroup, connect
from seqgen.errors import CorpusError, InvalidValue, OutputError, SeqgenWarning, TrainingError, UsageError
from seqgen.files import remove_unfinished
from seqgen.files.stored_files import FolderInUse, json_checksum, locked_folder
from seqgen.models.bundle import CONFIG_FILE, MAX_PARAMETERS, SETTINGS_FILE
from seqgen.models.run_settings import (
    RunSettings,
    budget_settings,
    default_settings,
    named_sources,
    new_run_settings,
    parse_settings,
    resolve_model,
)
from seqgen.workflows.build import build, resolve_sources
from seqgen.workflows.cluster import MAX_LOCAL_WORKERS, Cluster, find_cluster
from seqgen.workflows.fine_tuning import PretrainedModel
from seqgen.workflows.load import load
from seqgen.workflows.local_workers import train_with_local_workers
from seqgen.workflows.remote_folders import is_remote, local_copies
from seqgen.workflows.run_training import TrainProgress, ignore_progress, train_run
from seqgen.workflows.trained_model import TrainedModel


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
    init_from: Path | str | None = None,
    valid: Sequence[Path | str] = (),
    test: Sequence[Path | str] = (),
    build_progress: BuildProgress | None = None,
    train_progress: TrainProgress | None = None,
    report_corpus: Callable[[Corpus], None] | None = None,
    workers: int | Sequence[str] | None = None,
    rank: int | None = None,
) -> TrainedModel:
    """Trains a model in the folder `run`, and returns the one with the best likelihood of held-out data.

    sources:        files, folders and archives, the name of one recipe, or one corpus. They may be addresses such as
                    s3://bucket/corpus (remote_folders.py).
    domain:         the name of the kind of data; a recipe and a corpus name their own
    settings:       of the domain, the model and the training, by name
    size:           tiny, small (the default), medium or large
    minutes:        how long to train (default 10)
    steps:          how many steps to train, instead of `minutes`; such a run can be repeated bit for bit on a machine
                    with as many cores
    resume:         continue the run in the folder, if there is one. It keeps its settings, but may get more time.
    init_from:      a trained model (a run, a bundle or a name) whose weights the new model begins with. It has the
                    same settings.
    valid:          files and folders that choose the best model, instead of a part of `sources`
    test:           files and folders for `evaluate`, instead of a part of `sources`
    build_progress: is called with (done, total, unit) while files are read
    train_progress: is called after each step
    report_corpus:  is called with the corpus that was built of `sources`, before training starts
    workers:        how many processes of this machine train together, or the addresses (host:port) of all workers, each
                    of which makes this same call. By default TF_CONFIG or SLURM names them, or there is one.
    rank:           which of the addresses this process has. Rank 0 builds the corpus and writes all files; the others
                    need the same folder `run`, and take everything else from it.

    Raises subclasses of SeqgenError, and `seqgen.engine.training.progress.TrainingStopped` after Ctrl-C.
    """
    if is_remote(run):
        raise UsageError(f"A run is a folder of this machine, not {run}; copy its bundle when it is trained.")
    run = Path(run)
    cluster = None if isinstance(workers, int) else find_cluster(workers, rank, os.environ)
    if isinstance(workers, int) and not 1 <= workers <= MAX_LOCAL_WORKERS:
        raise InvalidValue(f"workers cannot be {workers}; it must be 1 to {MAX_LOCAL_WORKERS}, or addresses.")
    if cluster is not None and cluster.rank > 0:
        group = train_as_worker(run, cluster)
        group.wait_for_all()
        return load(run)
    sources, valid, test = (local_copies(places, build_progress) for places in (sources, valid, test))
    request = _Request(
        sources, run, domain, settings or {}, size, resume, init_from, valid, test, build_progress, report_corpus
    )
    is_resumed = (run / SETTINGS_FILE).is_file()
    if not is_resumed:
        budget = budget_settings(minutes, steps)
        if resume and not sources:
            raise UsageError(
                f"There is no run in {run} to go on with; name the folder of one, or sources for a new one."
            )
        corpus, saved = request.new_run(budget)
        if resume:
            warnings.warn(f"There is no run in {run} to go on with, so a new one begins.", SeqgenWarning, stacklevel=2)
    group = WorkerGroup()
    with _locked(run):
        if is_resumed:
            corpus, saved = request.resumed_run()
            if minutes is not None or steps is not None:
                saved = saved.model_copy(update=budget_settings(minutes, steps))
        corpus.verify()
        domain_of_run = corpus.make_domain()
        grammar = domain_of_run.checked_grammar()
        shapes = weight_shapes(
            saved.model, grammar.vocabulary_size, grammar.class_count, domain_of_run.checked_registers()
        )
        _check_size(shapes)
        saved.write(run)
        with explain_out_of_memory(saved.model, saved.training, grammar):
            try:
                if isinstance(workers, int) and workers > 1:
                    batch_size = saved.training.batch_size
                    train_with_local_workers(run, workers, batch_size, train_progress or ignore_progress)
                else:
                    if cluster is not None:
                        group = connect(*cluster)
                    train_run(run, corpus, domain_of_run, grammar, saved, train_progress, group)
            except TrainingStopped:
                if (run / "bundle" / CONFIG_FILE).is_file():
                    load_calibrated(run, corpus)
                raise
        trained = load_calibrated(run, corpus)
        group.wait_for_all()
        return trained


def train_as_worker(run: Path, cluster: Cluster, train_progress: TrainProgress | None = None) -> WorkerGroup:
    """Trains the run in a folder, which another process prepares, together with the other workers of a cluster.

    Returns the group of these workers. Raises as `train`.
    """
    # The chief connects when the folder is ready.
    group = connect(*cluster)
    saved = RunSettings.read(run)
    corpus = Corpus.open(run / saved.corpus)
    domain = corpus.make_domain()
    grammar = domain.checked_grammar()
    with explain_out_of_memory(saved.model, saved.training, grammar):
        train_run(run, corpus, domain, grammar, saved, train_progress, group)
    return group


def load_calibrated(run: Path, corpus: Corpus) -> TrainedModel:
    """Returns the trained model of a run. A plugin that cannot calibrate is reported, because the model is good."""
    trained = load(run)
    with report_broken_plugins():
        trained.calibrate(corpus)
    return trained


@contextmanager
def _locked(run: Path) -> Iterator[None]:
    """Locks the folder of a run, so that one process at a time writes to it. Raises OutputError."""
    with ExitStack() as stack:
        try:
            run.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked_folder(run))
        except FolderInUse as error:
            raise OutputError(f"{run} is being trained by another process; wait, or choose another folder.") from error
        except OSError as error:
            raise OutputError(f"{run} cannot be written: {error.strerror or error}; choose another place.") from error
        yield


@dataclass(frozen=True)
class _Request:
    """The arguments of `train`, except the budget."""

    sources: Sequence[Path | str]
    run: Path
    domain: str | None
    settings: Mapping[str, Any]
    size: str | None
    resume: bool
    init_from: Path | str | None
    valid: Sequence[Path | str]
    test: Sequence[Path | str]
    build_progress: BuildProgress | None
    report_corpus: Callable[[Corpus], None] | None

    def resumed_run(self) -> tuple[Corpus, RunSettings]:
        """Returns the corpus and the settings of the run in the folder. Raises UsageError if the request is another."""
        if not self.resume:
            raise OutputError(f"{self.run} already holds a run; go on with --resume, or choose another folder.")
        saved = RunSettings.read(self.run)
        corpus, saved = self._corpus_of_run(saved)
        if self.domain not in (None, corpus.domain):
            raise UsageError(
                f"{self.run} is a run of the domain {corpus.domain!r}, not {self.domain!r}; choose another folder."
            )
        of_domain, of_engine = parse_settings(self.settings, type(corpus.make_domain()).Settings)
        saved.check_unchanged(self.run, of_domain, None, corpus.settings)
        saved.check_unchanged(self.run, of_engine, self.size, {})
        saved.check_init_from(self.run, self.init_from)
        return corpus, saved

    def _corpus_of_run(self, saved: RunSettings) -> tuple[Corpus, RunSettings]:
        """Returns the corpus of a run, and its settings, which are new if the request says where the corpus is now."""
        path = self.run / saved.corpus
        is_moved = not path.exists() and len(self.sources) == 1 and is_corpus(Path(self.sources[0]))
        if is_moved:
            path = Path(self.sources[0]).resolve()
            saved = saved.model_copy(update={"corpus": str(path), "sources": named_sources(self.sources)})
        elif not path.exists():
            raise CorpusError(f"The corpus {path} is not there any more; name the folder where it is now.")
        corpus = Corpus.open(path)
        if json_checksum(corpus.manifest) != saved.corpus_checksum:
            raise CorpusError(f"{path} is not the corpus that {self.run} began with; train in another folder.")
        saved.check_sources(self.run, self.sources, self.valid, self.test)
        return corpus, saved

    def new_run(self, budget: Mapping[str, Any]) -> tuple[Corpus, RunSettings]:
        """Returns the corpus and the settings of a new run. Builds the corpus, if `sources` are not one.

        All other arguments are checked before, because the files may take hours to read.
        """
        _check_free(self.run, self.resume)
        paths = [Path(source) for source in self.sources]
        ready = Corpus.open(paths[0]) if len(paths) == 1 and is_corpus(paths[0]) else None
        if ready:
            if self.domain not in (None, ready.domain):
                raise UsageError(f"{ready.path} is a corpus of the domain {ready.domain!r}, not {self.domain!r}.")
            domain = ready.make_domain()
            of_domain, of_engine = parse_settings(self.settings, type(domain).Settings)
            _check_corpus_settings(ready, of_domain)
            if self.valid or self.test:
                raise UsageError(f"{ready.path} is split already; name --valid and --test when it is built.")
        else:
            name, recipe = resolve_sources(self.sources, self.domain)
            kind = load_domain(name)
            of_domain, of_engine = parse_settings(self.settings, kind.Settings)
            domain = kind(kind.Settings.from_mapping({**(recipe.settings if recipe else {}), **of_domain}))
        pretrained = None if self.init_from is None else PretrainedModel(Path(self.init_from), domain)
        if pretrained:
            pretrained.check_settings(of_engine, self.size)
        of_model = pretrained.settings if pretrained else None
        model = new_run_settings(of_engine, self.size, of_model, default_settings(domain))
        corpus = ready or self._own_corpus(of_domain, pretrained)
        is_inside = corpus.path.resolve().is_relative_to(self.run.resolve())
        path = "corpus" if is_inside else str(corpus.path.resolve())
        return corpus, RunSettings(
            corpus=path, corpus_checksum=json_checksum(corpus.manifest), sources=named_sources(self.sources),
            valid=named_sources(self.valid), test=named_sources(self.test), init_from=resolve_model(self.init_from),
            **model, **budget,
        )  # fmt: skip

    def _own_corpus(self, settings: Mapping[str, Any], pretrained: PretrainedModel | None) -> Corpus:
        """Returns the corpus in the folder of the run, and builds it if it is not there. An error leaves no folder."""
        path = self.run / "corpus"
        if self.resume and is_corpus(path):
            return Corpus.open(path)
        try:
            corpus = build(
                self.sources, path, domain=self.domain, settings=settings, valid=self.valid, test=self.test,
                progress=self.build_progress, pretrained=pretrained.learned if pretrained else None,
            )  # fmt: skip
        except BaseException:
            if self.run.is_dir() and not any(self.run.iterdir()):
                self.run.rmdir()
            raise
        if self.report_corpus is not None:
            self.report_corpus(corpus)
        return corpus


def _check_free(run: Path, resume: bool) -> None:
    """Raises OutputError if the folder of a new run contains anything but an unfinished corpus, which is continued.

    With `resume`, it may also contain a finished corpus.
    """
    if resume:
        remove_unfinished(run)
    allowed = {hidden_folder(run / "corpus").name, *(["corpus"] if resume else [])}
    if run.exists() and (not run.is_dir() or {path.name for path in run.iterdir()} - allowed):
        raise OutputError(f"{run} is not an empty folder; choose another one.")


def _check_size(shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raises TrainingError if a model with weights of these shapes could be trained but not loaded."""
    count = sum(map(math.prod, shapes.values()))
    if count > MAX_PARAMETERS:
        raise TrainingError(
            f"This model has {count:,} weights, and a bundle holds at most {MAX_PARAMETERS:,}; choose a smaller "
            "size, and add --resume to keep the corpus that was built."
        )


def _check_corpus_settings(corpus: Corpus, requested: Mapping[str, Any]) -> None:
    """Raises UsageError if settings are requested that a finished corpus does not have."""
    for key, value in requested.items():
        current = corpus.settings.get(key)
        if current != value:
            raise UsageError(f"{corpus.path} was built with {key}={current}, not {value}; build another.")
