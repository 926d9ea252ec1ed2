"""seqgen render: draws music, and writes it as sound, as a score and as MIDI. Imports little before it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqgen import UnusableFile, UsageError
from seqgen.contract.escaping import terminal_text

if TYPE_CHECKING:
    from seqgen import Domain
    from seqgen_midi.music.piece import Piece


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(file_okay=False, path_type=Path),
              help="The folder of the new files.")  # fmt: skip
@click.pass_context
def render(context: click.Context, files: tuple[Path, ...], out: Path) -> None:
    """Draw music, and write it as sound, as a score and as MIDI.

    FILES are MIDI files and scores (MusicXML, Humdrum, ABC). They are read as 'train' reads them, each in the encoding
    that fits it, so the new files show what a model learns from them.
    """
    check_names(files, out)
    is_complete = True
    for file in files:
        try:
            for path in render_file(file, out):
                click.echo(terminal_text(path))
        except UnusableFile as error:
            click.echo(terminal_text(f"{file} cannot be used: {error}."), err=True)
            is_complete = False
    context.exit(0 if is_complete else 1)


def check_names(files: Sequence[Path], out: Path) -> None:
    """Raises UsageError if two files have one name without the ending, or if a new file could replace one of them."""
    name, count = Counter(file.stem for file in files).most_common(1)[0]
    if count > 1:
        raise UsageError(f"{count} of the files are called {name!r}; render them into different folders.")
    if out.resolve() in {file.resolve().parent for file in files}:
        raise UsageError(f"{out} contains one of the files; choose another folder.")


def render_file(file: Path, out: Path) -> list[Path]:
    """Writes each piece of a file in all renderings, and returns the new files. Raises UnusableFile, OutputError."""
    from seqgen import Display, Record, Remark
    from seqgen.contract.renderers import render_all

    domain = fitting_domain(file)
    written: list[Path] = []
    number = 0
    for found in domain.read(file):
        if isinstance(found, Remark):
            click.echo(terminal_text(f"{file}: {found.text}"), err=True)
            continue
        piece = found.item if isinstance(found, Record) else found
        path = out / (f"{file.stem}-{number}" if number else file.stem)
        written += [*domain.write(piece, path), *render_all(domain.require(Display), piece, path)]
        number += 1
    return written


def fitting_domain(file: Path) -> Domain[Piece]:
    """Returns a domain in the encoding that fits a file. Raises UnusableFile."""
    from seqgen import SettingsInference, load_domain
    from seqgen.contract.renderers import with_renderers

    domain = load_domain("midi")
    inference = domain().require(SettingsInference)
    return with_renderers(domain(inference.infer([inference.inspect(file)])))
