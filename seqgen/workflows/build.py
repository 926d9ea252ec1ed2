"""The use-case `build`: files, folders or a recipe become a corpus. Needs no TensorFlow."""

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
    known: Learned | None = None,
) -> Corpus:
    """Makes a corpus of files, folders and archives, or of the one recipe that is named, in the new folder `out`.

    What an interrupted call with the same arguments left beside `out` is gone on with.

    `domain` may be left out for a recipe. The files and folders `valid` and `test` are for these splits and no other;
    with `valid`, all of the sources are trained on. `known` is what the trained model learned that a new
    one starts from. Raises CorpusError, OutputError, UnknownName, InvalidValue, UsageError.
    """
    name, recipe = what_is(sources, domain)
    held_out = {side: [Path(one) for one in files] for side, files in (("valid", valid), ("test", test)) if files}
    if recipe and held_out:
        raise UsageError(f"The recipe {recipe.name!r} says how it is split; leave out --valid and --test.")
    made = load_domain(name)
    values = {**(recipe.settings if recipe else {}), **(settings or {})}
    paths = recipe.files(progress) if recipe else [Path(source) for source in sources]
    return build_corpus(
        made(made.Settings.from_mapping(values)), paths, Path(out),
        recipe=recipe, held_out=held_out, progress=progress, pretrained=known,
    )  # fmt: skip


def what_is(sources: Sequence[Path | str], domain: str | None) -> tuple[str, Recipe | None]:
    """The domain's name of files, folders or a recipe, and the recipe. Raises UsageError, UnknownName."""
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
