"""Makes a corpus of files. Workers read them; duplicates are left out. A corpus is made completely or not at all.

    walk → infer open settings (settings_inference.py) → learn the vocabulary (vocabulary_learning.py)
         → read and encode (workers.py) → leave out duplicates (duplicates.py) → shards (store.py) → split → manifest

A corpus grows in a hidden folder beside its target (build_folder.py), which is renamed at the end. If the process is
interrupted or killed, or if the disk is full or fails, the folder stays, and the same call continues there. It does not
read a file again, and the result is the same to the byte. Any other error removes the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqgen.contract.domain import Domain
from seqgen.contract.vocabulary import Learned
from seqgen.corpus.building.build_folder import check_free, clear, resumable_folder
from seqgen.corpus.building.corpus_writer import CorpusWriter
from seqgen.corpus.building.file_reader import FileReader, LocalReader
from seqgen.corpus.building.vocabulary_learning import TrainingObservations
from seqgen.corpus.reading.companions import no_companions
from seqgen.corpus.reading.read_file import ReadingPass
from seqgen.corpus.reading.sources import BuildProgress, SourceFiles
from seqgen.corpus.reading.workers import Limits
from seqgen.corpus.recipes.recipes import Recipe
from seqgen.corpus.storage.journal import Journal, JournalMismatch
from seqgen.corpus.storage.split import SplitFractions, Splitter, named_splits
from seqgen.corpus.storage.store import Corpus
from seqgen.errors import CorpusError


@dataclass(frozen=True)
class BuildTask:
    """The arguments of a build."""

    domain: Domain[Any]
    reader: FileReader
    splitter: Splitter
    recipe: Recipe | None
    progress: BuildProgress
    pretrained: Learned | None


def build(
    domain: Domain[Any],
    paths: Iterable[Path],
    out: Path,
    *,
    fractions: SplitFractions | None = None,
    recipe: Recipe | None = None,
    held_out: Mapping[str, Iterable[Path]] | None = None,
    limits: Limits | None = None,
    progress: BuildProgress | None = None,
    pretrained: Learned | None = None,
    make_reader: Callable[[SourceFiles, int, Limits | None], FileReader] = LocalReader,
) -> Corpus:
    """Makes a corpus of files, folders and archives in the folder `out`, which must not exist yet or be empty.

    fractions:  the share of each split; by default the recipe's, or 0.9, 0.05 and 0.05
    held_out:   files by the split ("valid" or "test") that the user named them for. The other documents are divided
                among the other splits. With "valid", all of them are trained on.
    pretrained: what the domain of the trained model learned that the new model starts from
    make_reader: makes the object that reads the files, of the files, their number and `limits`

    Raises CorpusError if the files give too little, OutputError if `out` is taken or cannot be written, and PluginError
    if a worker cannot make the domain.
    """
    out, paths = Path(out), [Path(path) for path in paths]
    named = {split: [Path(path) for path in files] for split, files in (held_out or {}).items()}
    fractions = fractions or (recipe.split if recipe else SplitFractions())
    check_free(out)
    progress = progress or (lambda done, total, unit: None)
    files, file_count = list_files(domain, paths, named, progress)
    identity = {
        "domain": [type(domain).__module__, type(domain).__qualname__, domain.interface_version],
        "settings": domain.settings.model_dump(mode="json"),
        "sources": [str(path.absolute()) for path in paths],
        "held_out": {split: [str(path.absolute()) for path in part] for split, part in named.items()},
        "known": pretrained and [pretrained.vocabulary.names, dict(pretrained.state)],
        "split": fractions.model_dump(),
        "limits": str(limits),
    }
    splitter = Splitter(fractions, named_splits(named))
    task = BuildTask(domain, make_reader(files, file_count, limits), splitter, recipe, progress, pretrained)
    with resumable_folder(out, identity) as folder:
        try:
            fill_corpus(folder, task)
        except JournalMismatch:
            clear(folder)
            fill_corpus(folder, task)
    return Corpus.open(out)


def list_files(
    domain: Domain[Any],
    paths: Sequence[Path],
    held_out: Mapping[str, Iterable[Path]] | None,
    progress: BuildProgress,
) -> tuple[SourceFiles, int]:
    """Returns the files of a corpus and their number. Raises CorpusError if there are none."""
    named = {split: [Path(path) for path in files] for split, files in (held_out or {}).items()}
    companions = domain.reading.companions if domain.reading and domain.reading.offers("companions") else no_companions
    files = SourceFiles(paths, domain.reads, named, companions)
    file_count = files.count(lambda count: progress(count, 0, "files listed"))
    if not file_count:
        endings = f" of {domain.name!r} ({', '.join(domain.reads)})" if domain.reads else ""
        raise CorpusError(f"There are no files{endings} in {', '.join(map(str, paths)) or 'nothing'}; name others.")
    return files, file_count


def fill_corpus(folder: Path, task: BuildTask) -> None:
    """Makes the corpus in `folder`, or continues there. Raises JournalMismatch if the files have changed."""
    with closing(Journal(folder)) as journal:
        domain, remarks = task.reader.infer_settings(task.domain, journal)
        observations = TrainingObservations(
            domain, task.reader, task.splitter, journal,
            lambda done: task.progress(done, task.reader.file_count, "files to learn from"),
        )  # fmt: skip
        if domain.reading is not None and domain.reading.offers("cut"):
            observations.decide_splits()
        learned = learn(domain, observations, task.pretrained)
        domain = type(domain)(domain.settings, learned.vocabulary, learned.state)
        reading = ReadingPass(domain, "encode", observations.cutting)
        with (
            closing(CorpusWriter(journal, domain, task.splitter)) as writer,
            closing(task.reader.read(reading, writer.processed, folder)) as files,
        ):
            for done, file in enumerate(files, writer.processed.count + 1):
                writer.add(file)
                task.progress(done, task.reader.file_count, "files")
            writer.finish(task.recipe, observations.moved_groups, remarks)


def learn(domain: Domain[Any], observations: TrainingObservations, pretrained: Learned | None) -> Learned:
    """Returns what the domain learns. It extends what a trained model learned, if the domain can do that."""
    learning = domain.learning
    if pretrained is None or learning is None or not learning.offers("extend"):
        return domain.learned(observations)
    extended = learning.extend(pretrained, observations)
    return extended if isinstance(extended, Learned) else Learned(extended)
