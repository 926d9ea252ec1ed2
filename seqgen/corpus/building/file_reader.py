"""Says who reads the files of a corpus. The corpus is the same to the byte, whoever does.

LocalReader:  worker processes of this machine
part_folder.PartReader:   parts of the files that were read before, anywhere
cluster.ClusterReader:    the workers of a Dask cluster
"""

from __future__ import annotations

import abc
from collections.abc import Generator
from pathlib import Path
from typing import Any

from seqgen.contract.domain import Domain
from seqgen.corpus.building.settings_inference import infer_settings
from seqgen.corpus.reading.read_file import ReadFile, ReadingPass, open_pool, read_sources
from seqgen.corpus.reading.sources import SourceFiles
from seqgen.corpus.reading.workers import Limits
from seqgen.corpus.storage.journal import Journal, ProcessedFiles


class FileReader(abc.ABC):
    """Reads the files of a corpus in their order.

    file_count: the number of files
    """

    file_count: int

    @abc.abstractmethod
    def infer_settings(self, domain: Domain[Any], journal: Journal) -> tuple[Domain[Any], list[str]]:
        """Returns the domain with complete settings, and remarks about what was inferred."""

    @abc.abstractmethod
    def read(self, reading: ReadingPass, processed: ProcessedFiles, folder: Path) -> Generator[ReadFile, None, None]:
        """Yields the files after the processed ones. `folder` is for temporary files.

        Raises JournalMismatch if the processed files are not the first ones.
        """


class LocalReader(FileReader):
    """Reads in worker processes of this machine."""

    def __init__(self, files: SourceFiles, file_count: int, limits: Limits | None) -> None:
        self.file_count = file_count
        self._files = files
        self._limits = limits

    def infer_settings(self, domain: Domain[Any], journal: Journal) -> tuple[Domain[Any], list[str]]:
        """Inspects some of the files."""
        return infer_settings(domain, self._files, self.file_count, journal, self._limits)

    def read(self, reading: ReadingPass, processed: ProcessedFiles, folder: Path) -> Generator[ReadFile, None, None]:
        """Files of archives are unpacked into `folder` one after the other."""
        begun = processed.count
        sources = processed.skip(self._files.walk(folder, lambda number: number >= begun))
        with open_pool(reading, folder, self._limits) as pool:
            yield from read_sources(pool, reading, sources)
