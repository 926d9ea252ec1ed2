"""Builds a corpus in parts: on several machines, or one after the other, without anything that connects them.

    build_part, on each machine: reads its share of the files → learn.part, or encode.part if nothing is learned
    merge_parts: learns from all learn.part → learned.json in the folder of each part
    build_part again: encodes its share with learned.json → encode.part
    merge_parts again: joins all encode.part → the corpus

A domain that learns nothing from the files needs the first call of each kind only. The corpus is the same to the byte
as that of one machine, whatever the number of the parts and the order in which they are named.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from seqgen.contract.domain import Domain
from seqgen.contract.domain_record import DomainRecord
from seqgen.corpus.building.build import BuildTask, fill_corpus, learn, list_files
from seqgen.corpus.building.build_folder import check_free, resumable_folder
from seqgen.corpus.building.file_reader import FileReader
from seqgen.corpus.building.part_file import PartFile, PartHeader, write_part
from seqgen.corpus.building.settings_inference import infer_settings
from seqgen.corpus.building.vocabulary_learning import TrainingObservations
from seqgen.corpus.reading.cutting import NOTHING_IS_CUT, Cutting
from seqgen.corpus.reading.read_file import ReadFile, ReadingPass, open_pool, read_sources
from seqgen.corpus.reading.sources import BuildProgress
from seqgen.corpus.reading.workers import Limits
from seqgen.corpus.recipes.recipes import Recipe
from seqgen.corpus.storage.journal import Journal, JournalMismatch, ProcessedFiles
from seqgen.corpus.storage.split import SplitFractions, Splitter, named_splits
from seqgen.corpus.storage.store import Corpus
from seqgen.errors import CorpusError, OutputError, UsageError
from seqgen.files import write_text
from seqgen.files.stored_files import (
    FolderInUse,
    MissingFile,
    StoredFileError,
    locked_folder,
    read_json,
    validated,
    with_checksum,
    without_checksum,
)  # fmt: skip

LEARNED = "learned.json"


class _LearnedFile(BaseModel):
    """The content of learned.json: the domain with what it learned, and which documents are cut inside."""

    model_config = ConfigDict(extra="forbid", strict=True)

    domain: DomainRecord
    cutting: dict[str, Any]


def build_part(
    domain: Domain[Any],
    paths: Iterable[Path],
    out: Path,
    number: int,
    count: int,
    *,
    recipe: Recipe | None = None,
    held_out: Mapping[str, Iterable[Path]] | None = None,
    limits: Limits | None = None,
    progress: BuildProgress | None = None,
    source_names: Sequence[str] | None = None,
) -> Literal["learn", "encode"]:
    """Reads part `number` of `count` (1, 2, …) of the files into the folder `out`. An interrupted call is continued.

    `source_names` are what all machines call the sources, if their paths differ. The other arguments are those of
    `build`. Returns which of the two tasks is done: if it is "learn", the part has to be built once more after
    `merge_parts`.

    Raises UsageError for a number that does not exist, CorpusError if there are no files or `learned.json` is damaged,
    and OutputError if `out` cannot be written.
    """
    if not 1 <= number <= count:
        raise UsageError(f"There is no part {number} of {count}; the parts are 1 to {count}.")
    out, paths = Path(out), [Path(path) for path in paths]
    progress = progress or (lambda done, total, unit: None)
    files, file_count = list_files(domain, paths, held_out, progress)
    first, end = (step * file_count // count for step in (number - 1, number))
    try:
        out.mkdir(parents=True, exist_ok=True)
        with locked_folder(out), closing(Journal(out)) as journal:
            domain, remarks = infer_settings(domain, files, file_count, journal, limits)
            task, domain, cutting = _next_task(domain, out / LEARNED)
            header = PartHeader(
                task=task, domain=DomainRecord.of(domain), remarks=remarks, cutting=cutting.to_json(),
                fractions=recipe.split if recipe else SplitFractions(), named=sorted(named_splits(files.held_out)),
                recipe=recipe.model_dump(mode="json") if recipe else None,
                sources=list(source_names or map(str, paths)), file_count=file_count, first=first, end=end,
            )  # fmt: skip

            def read(skip: int) -> Iterator[ReadFile]:
                start = first + skip
                walk = files.walk(out, lambda number: start <= number < end)
                sources = islice(walk, start, end)
                reading = ReadingPass(domain, task, cutting)
                unit = "files to learn from" if task == "learn" else "files"
                with open_pool(reading, out, limits) as pool:
                    for done, file in enumerate(read_sources(pool, reading, sources), skip + 1):
                        yield file
                        progress(done, end - first, unit)

            write_part(out / f"{task}.part", header, read)
    except JournalMismatch as error:
        raise CorpusError(f"The part in {out} is damaged; remove the folder and build the part again.") from error
    except FolderInUse as error:
        raise OutputError(f"{out} is being built by another process; wait, or choose another folder.") from error
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}; choose another place.") from error
    return task


def _next_task(domain: Domain[Any], learned: Path) -> tuple[Literal["learn", "encode"], Domain[Any], Cutting]:
    """Returns the task of a part, and for "encode" the domain with what it learned, and which documents are cut."""
    try:
        found = validated(_LearnedFile, without_checksum(read_json(learned)))
        return "encode", found.domain.make_domain(f"{learned} was made", CorpusError), Cutting.from_json(found.cutting)
    except MissingFile:
        if _learns_from_files(domain):
            return "learn", domain, NOTHING_IS_CUT
        learns = domain.learned(())
        return "encode", type(domain)(domain.settings, learns.vocabulary, learns.state), NOTHING_IS_CUT
    except StoredFileError as error:
        raise CorpusError(f"{learned} cannot be used ({error}); repeat 'seqgen merge', which makes it.") from error


def _learns_from_files(domain: Domain[Any]) -> bool:
    """Whether the domain looks at documents to learn its vocabulary, or to cut large ones."""

    class Probe:
        is_used = False

        def __iter__(self) -> Iterator[Any]:
            self.is_used = True
            return iter(())

    probe = Probe()
    try:
        domain.learned(probe)
    except Exception:
        if not probe.is_used:
            raise
    return probe.is_used or (domain.reading is not None and domain.reading.offers("cut"))


class PartReader(FileReader):
    """Reads the files of a corpus from its parts."""

    def __init__(self, parts: Sequence[PartFile]) -> None:
        """`parts` are those of one task or of both, in the order of their files."""
        self._parts = parts
        self.file_count = parts[0].header.file_count

    def infer_settings(self, domain: Domain[Any], journal: Journal) -> tuple[Domain[Any], list[str]]:
        """Returns what the machines of the parts inferred."""
        return domain, self._parts[0].header.remarks

    def read(self, reading: ReadingPass, processed: ProcessedFiles, folder: Path) -> Generator[ReadFile, None, None]:
        """Raises CorpusError if a part is damaged or incomplete, or was encoded with another vocabulary."""
        parts = [part for part in self._parts if part.header.task == reading.task]
        if reading.task == "encode":
            expected = DomainRecord.of(reading.domain), reading.cutting.to_json()
            for part in parts:
                if (part.header.domain, part.header.cutting) != expected:
                    raise CorpusError(f"{part.path} was encoded with another vocabulary; remove it and build it again.")
        yield from processed.skip(self._files(parts, processed.count, folder))

    @staticmethod
    def _files(parts: Sequence[PartFile], skip: int, folder: Path) -> Iterator[ReadFile]:
        for part in parts:
            yield from part.files(max(0, skip - part.header.first), folder)


def merge_parts(folders: Iterable[Path], out: Path, *, progress: BuildProgress | None = None) -> Corpus | None:
    """Joins the parts in `folders` to the corpus `out`. An interrupted call is continued.

    Returns None if the parts are to be encoded first: then `learned.json` is in the folder of each.

    Raises CorpusError if a part is missing, damaged or of another corpus, and OutputError.
    """
    out, folders = Path(out), [Path(folder) for folder in folders]
    progress = progress or (lambda done, total, unit: None)
    check_free(out)
    learn_parts = [PartFile(path) for folder in folders if (path := folder / "learn.part").exists()]
    encode_parts = [PartFile(path) for folder in folders if (path := folder / "encode.part").exists()]
    parts = [part for group in (learn_parts, encode_parts) if group for part in _in_order(group, folders)]
    if not parts:
        raise CorpusError(
            f"There is no part in {folders[0] if folders else 'nothing'}; 'seqgen build --part' makes it."
        )
    header = parts[0].header
    domain = header.domain.make_domain("The parts were built", CorpusError)
    domain = type(domain)(domain.settings)
    splitter = Splitter(header.fractions, frozenset(header.named))
    reader = PartReader(parts)
    if not encode_parts:
        content = with_checksum(_learned_file(domain, reader, splitter, progress).model_dump(mode="json"))
        for folder in folders:
            write_text(folder / LEARNED, json.dumps(content))
        return None
    recipe = None if header.recipe is None else Recipe.model_validate(header.recipe)
    task = BuildTask(domain, reader, splitter, recipe, progress, None)
    with resumable_folder(out, {"parts": [part.header.model_dump(mode="json") for part in parts]}) as folder:
        try:
            fill_corpus(folder, task)
        except JournalMismatch:
            raise CorpusError(f"The parts have changed since {out} was begun; remove its unfinished folder.") from None
    return Corpus.open(out)


def _learned_file(domain: Domain[Any], reader: PartReader, splitter: Splitter, progress: BuildProgress) -> _LearnedFile:
    with TemporaryDirectory(prefix="seqgen-") as folder, closing(Journal(Path(folder))) as journal:
        observations = TrainingObservations(
            domain, reader, splitter, journal, lambda done: progress(done, reader.file_count, "files to learn from")
        )
        observations.decide_splits()
        found = learn(domain, observations, None)
        learned = type(domain)(domain.settings, found.vocabulary, found.state)
        return _LearnedFile(domain=DomainRecord.of(learned), cutting=observations.cutting.to_json())


def _in_order(parts: Sequence[PartFile], folders: Sequence[Path]) -> list[PartFile]:
    """Returns the parts of one task in the order of their files. Raises CorpusError if they are not one corpus."""
    ordered = sorted(parts, key=lambda part: (part.header.first, part.header.end))
    header = ordered[0].header
    for part in ordered:
        if part.header.of_corpus() != header.of_corpus():
            raise CorpusError(
                f"{part.path} is a part of another corpus than {ordered[0].path}: their sources, settings or versions "
                "differ; name the parts of one corpus."
            )
    edges = [0, *(part.header.end for part in ordered)]
    for part, start in zip(ordered, edges, strict=False):
        if part.header.first != start:
            fault = "twice" if part.header.first < start else "missing"
            raise CorpusError(
                f"The files {min(start, part.header.first) + 1} to {max(start, part.header.first)} of "
                f"{header.file_count} are {fault} in these parts; name each part once."
            )
    if edges[-1] != header.file_count or len(ordered) != len(folders):
        raise CorpusError(
            f"These parts have {edges[-1]} of the {header.file_count} files of the corpus; name all parts, and build "
            "those that are missing."
        )
    return ordered
