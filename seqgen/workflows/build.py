"""Builds a corpus of files, folders, archives or a recipe. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqgen.contract.discovery import load_domain
from seqgen.contract.vocabulary import Learned
from seqgen.corpus.building.build import build as build_corpus
from seqgen.corpus.reading.sources import BuildProgress
from seqgen.corpus.recipes.recipes import Recipe, recipes
from seqgen.corpus.storage.store import Corpus
from seqgen.errors import UnknownName, UsageError


def build(
    sources: Sequence[Path | str],
    out: Path | str,
    *,
    domain: str | None = None,
    settings: Mapping[str, Any] | None = None,
    valid: Sequence[Path | str] = (),
    test: Sequence[Path | str] = (),
    progress: BuildProgress | None = None,
    pretrained: Learned | None = None,
) -> Corpus:
    """Builds a corpus in the new folder `out`. If a build is interrupted, the same call continues it.

    sources:    files, folders and archives, or the name of one recipe
    domain:     the name of the kind of data; a recipe names its own
    settings:   of the domain, by name
    valid:      files and folders for the validation split; then all `sources` are trained on
    test:       files and folders for the test split
    progress:   is called with (done, total, unit)
    pretrained: what the domain of the trained model learned that a new model starts from

    Raises CorpusError if the files give too little, OutputError if `out` cannot be written, and UnknownName,
    InvalidValue or UsageError for the arguments.
    """
    name, recipe = resolve_sources(sources, domain)
    held_out = {split: [Path(one) for one in files] for split, files in (("valid", valid), ("test", test)) if files}
    if recipe and held_out:
        raise UsageError(f"The recipe {recipe.name!r} says how it is split; leave out --valid and --test.")
    kind = load_domain(name)
    values = {**(recipe.settings if recipe else {}), **(settings or {})}
    paths = recipe.files(progress) if recipe else [Path(source) for source in sources]
    return build_corpus(
        kind(kind.Settings.from_mapping(values)), paths, Path(out),
        recipe=recipe, held_out=held_out, progress=progress, pretrained=pretrained,
    )  # fmt: skip


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
