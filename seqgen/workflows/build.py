"""Builds a corpus of files, folders, archives or a recipe. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Literal

from seqgen.contract.discovery import load_domain
from seqgen.contract.domain import Domain
from seqgen.contract.vocabulary import Learned
from seqgen.corpus.building.build import build as build_corpus
from seqgen.corpus.building.cluster import ClusterReader, open_cluster
from seqgen.corpus.building.file_reader import LocalReader
from seqgen.corpus.building.parts import build_part as build_part_of_corpus
from seqgen.corpus.building.parts import merge_parts
from seqgen.corpus.reading.sources import BuildProgress
from seqgen.corpus.recipes.recipes import Recipe, recipes
from seqgen.corpus.storage.store import Corpus, is_corpus
from seqgen.errors import UnknownName, UsageError
from seqgen.workflows.remote_folders import RemoteFolder, is_remote, local_copies


def build(
    sources: Sequence[Path | str],
    out: Path | str,
    *,
    domain: str | None = None,
    settings: Mapping[str, Any] | None = None,
    valid: Sequence[Path | str] = (),
    test: Sequence[Path | str] = (),
    on: str | None = None,
    progress: BuildProgress | None = None,
    pretrained: Learned | None = None,
) -> Corpus:
    """Builds a corpus in the new folder `out`. If a build is interrupted, the same call continues it.

    sources:    files, folders and archives, or the name of one recipe
    out:        may be an address such as s3://bucket/corpus, and so may be sources (remote_folders.py). Then the corpus
                has a local copy, which is returned.
    domain:     the name of the kind of data; a recipe names its own
    settings:   of the domain, by name
    valid:      files and folders for the validation split; then all `sources` are trained on
    test:       files and folders for the test split
    on:         the address of a Dask scheduler whose workers read the files, or "local:N" for N processes here
    progress:   is called with (done, total, unit)
    pretrained: what the domain of the trained model learned that a new model starts from

    Raises CorpusError if the files give too little, OutputError if `out` cannot be written, and UnknownName,
    InvalidValue or UsageError for the arguments.
    """
    if is_remote(out):
        named = {"sources": sources, "valid": valid, "test": test}
        remote = RemoteFolder(str(out))
        remote.begin({
            "domain": domain, "settings": dict(settings or {}),
            "pretrained": pretrained and [pretrained.vocabulary.names, dict(pretrained.state)],
            **{name: [str(place) for place in places] for name, places in named.items()},
        })  # fmt: skip
        if not is_corpus(remote.path):
            build(
                sources, remote.path, domain=domain, settings=settings, valid=valid, test=test, on=on,
                progress=progress, pretrained=pretrained,
            )  # fmt: skip
        remote.send()
        return Corpus.open(remote.path)
    made, recipe, paths, held_out = _prepare(sources, domain, settings, valid, test, progress)
    with ExitStack() as stack:
        make_reader = LocalReader if on is None else partial(ClusterReader, stack.enter_context(open_cluster(on)))
        return build_corpus(
            made, paths, Path(out),
            recipe=recipe, held_out=held_out, progress=progress, pretrained=pretrained, make_reader=make_reader,
        )  # fmt: skip


def build_part(
    sources: Sequence[Path | str],
    out: Path | str,
    number: int,
    count: int,
    *,
    domain: str | None = None,
    settings: Mapping[str, Any] | None = None,
    valid: Sequence[Path | str] = (),
    test: Sequence[Path | str] = (),
    progress: BuildProgress | None = None,
) -> Literal["learn", "encode"]:
    """Reads part `number` of `count` of the files into the folder `out`. `merge` joins all parts to a corpus.

    The other arguments are those of `build`. Returns "learn" if the part has to be built again after `merge`, because
    the vocabulary is learned from all parts first. Otherwise returns "encode".
    """
    made, recipe, paths, held_out = _prepare(sources, domain, settings, valid, test, progress)
    remote = RemoteFolder(str(out)) if is_remote(out) else None
    folder = remote.fetch(progress, may_be_missing=True) if remote else Path(out)
    names = [str(source).rstrip("/") if is_remote(source) else str(Path(source)) for source in sources]
    task = build_part_of_corpus(
        made, paths, folder, number, count,
        recipe=recipe, held_out=held_out, progress=progress, source_names=names,
    )  # fmt: skip
    if remote:
        remote.send()
    return task


def merge(parts: Sequence[Path | str], out: Path | str, *, progress: BuildProgress | None = None) -> Corpus | None:
    """Joins the folders of all parts to the corpus `out`, which is the same to the byte as one that `build` makes.

    Returns None if each part has to be built once more. The vocabulary, which was learned from all parts, is in their
    folders then. Raises CorpusError if a part is missing, damaged or of another corpus, and OutputError.
    """
    copies = [RemoteFolder(str(part)) if is_remote(part) else None for part in parts]
    folders = [copy.fetch(progress) if copy else Path(part) for copy, part in zip(copies, parts, strict=True)]
    remote = RemoteFolder(str(out)) if is_remote(out) else None
    if remote:
        remote.begin({"parts": [str(part) for part in parts]})
    folder = remote.path if remote else Path(out)
    corpus = Corpus.open(folder) if remote and is_corpus(folder) else merge_parts(folders, folder, progress=progress)
    for copy in copies:
        if copy:
            copy.send()
    if remote and corpus:
        remote.send()
    return corpus


def _prepare(
    sources: Sequence[Path | str],
    domain: str | None,
    settings: Mapping[str, Any] | None,
    valid: Sequence[Path | str],
    test: Sequence[Path | str],
    progress: BuildProgress | None,
) -> tuple[Domain[Any], Recipe | None, list[Path], dict[str, list[Path]]]:
    """Returns the domain, the recipe if the sources are one, the files and folders to read, and those of held-out data.

    Remote ones are fetched.
    """
    sources = local_copies(sources, progress)
    name, recipe = resolve_sources(sources, domain)
    if recipe and (valid or test):
        raise UsageError(f"The recipe {recipe.name!r} says how it is split; leave out --valid and --test.")
    kind = load_domain(name)
    values = {**(recipe.settings if recipe else {}), **(settings or {})}
    paths = recipe.files(progress) if recipe else [Path(source) for source in sources]
    held_out = {
        split: [Path(place) for place in local_copies(places, progress)]
        for split, places in (("valid", valid), ("test", test))
        if places
    }
    return kind(kind.Settings.from_mapping(values)), recipe, paths, held_out


def resolve_sources(sources: Sequence[Path | str], domain: str | None) -> tuple[str, Recipe | None]:
    """Returns the name of the domain, and the recipe if the sources are one. Raises UsageError, UnknownName."""
    if not sources:
        raise UsageError("There is nothing to learn from; name files, folders or a recipe ('seqgen corpora').")
    missing = [str(source) for source in sources if not Path(source).exists()]
    if len(sources) == 1 and missing:
        known = recipes()
        if missing[0] not in known:
            raise UnknownName("file, folder or recipe", missing[0], known)
        recipe = known[missing[0]]
        if domain not in (None, recipe.domain):
            raise UsageError(f"The recipe {recipe.name!r} is of the domain {recipe.domain!r}, not {domain!r}.")
        return recipe.domain, recipe
    if domain is None:
        raise UsageError("What kind of data is this? Say --domain ('seqgen domains' lists them).")
    return domain, None
