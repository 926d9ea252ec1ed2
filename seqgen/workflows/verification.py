"""Verifies the files of a run or of a corpus: each is compared with the SHA-256 that was written with it."""

from __future__ import annotations

from pathlib import Path

from seqgen.corpus.storage.store import Corpus, is_corpus
from seqgen.engine.training.checkpoint import PATTERN, read_checkpoint
from seqgen.errors import TrainingError
from seqgen.files.stored_files import StoredFileError
from seqgen.models.bundle import SETTINGS_FILE
from seqgen.models.run_settings import RunSettings
from seqgen.workflows.load import load


def verify(path: Path) -> list[str]:
    """Reads every file of a run, a bundle or a corpus, and returns what was verified.

    Raises CorpusError, BundleError or TrainingError for the first file that is damaged.
    """
    if is_corpus(path):
        return _verify_corpus(path)
    verified = []
    if (path / SETTINGS_FILE).is_file():
        verified += [SETTINGS_FILE, *_verify_corpus(path / RunSettings.read(path).corpus)]
        for checkpoint in sorted((path / "checkpoints").glob(PATTERN)):
            try:
                read_checkpoint(checkpoint)
            except StoredFileError as error:
                raise TrainingError(
                    f"{checkpoint} is damaged ({error}); restore it from a copy, or remove it and go on from another."
                ) from error
            verified.append(checkpoint.name)
    return [*verified, f"bundle {load(path).bundle.path}"]


def _verify_corpus(path: Path) -> list[str]:
    return [f"{path.name}/{name}" for name in Corpus.open(path).verify()]
