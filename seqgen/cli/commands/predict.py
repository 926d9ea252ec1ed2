"""seqgen predict: prints the domain's answer for each document."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqgen.cli.output import flush, print_json, print_lines, print_message
from seqgen.cli.text_streams import is_text_stream, text_lines
from seqgen.errors import UnusableFile, UsageError

if TYPE_CHECKING:
    from seqgen.contract.documents import Answer
    from seqgen.workflows.trained_model import TrainedModel


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, metavar="[FILE]…", type=click.Path(path_type=Path))
@click.option("--text", "texts", multiple=True, help="A document as text, in domains over text. Repeat it for more.")
@click.option("--explain", is_flag=True, help="Print what in each document led to its answer.")
@click.option("--json", "as_json", is_flag=True, help="Print one line with a JSON object for each document.")
def command(run: Path, files: tuple[Path, ...], texts: tuple[str, ...], explain: bool,
            as_json: bool) -> None:  # fmt: skip
    """Print the model's answer for each document, such as its label.

    FILEs are read like training data, but they need no labels. The answers are printed in the order of the documents,
    each with its row and its id. With - or a pipe, each line of text is a document, and it is answered at once.
    """
    if not (files or texts):
        raise UsageError("There is nothing to predict for; name files, or give a --text.")
    from seqgen.workflows.load import load

    trained = load(run)
    for file in files:
        if is_text_stream(file):
            answers = answers_to_lines(trained, file, explain)
        else:
            answers = trained.predict(file, explain=explain, on_remark=partial(print_remark, file))
        for answer in answers:
            if as_json:
                print_json({"file": str(file), **answer.values})
            else:
                print_lines(answer_with_place(answer, file if len(files) > 1 else None))
            flush()
    for text in texts:
        answer = trained.predict_text(text, explain=explain)
        if as_json:
            print_json({"text": text, **answer.values})
        else:
            print_lines(answer.text)


def answers_to_lines(trained: TrainedModel, file: Path, explain: bool) -> Iterator[Answer]:
    """Yields the answer to each line of a stream, as soon as the line is there. Prints why a line has no answer."""
    for row, line in enumerate(text_lines(file), 1):
        try:
            if isinstance(line, UnusableFile):
                raise line
            answer = trained.predict_text(line, explain=explain)
        except UnusableFile as error:
            print_remark(file, f"row {row}: {error}", 1)
        else:
            answer.values.update({"row": row, "text": line, **answer.values})
            yield answer


def answer_with_place(answer: Answer, file: Path | None) -> str:
    """Returns an answer as text. Its first line also says which document is meant: its file, row, id and text."""
    from seqgen.contract.escaping import terminal_text

    first, *others = answer.text.split("\n")
    place = {"file": file, **{name: answer.values.get(name) for name in ("row", "id", "text")}}
    shown = [
        f"{name} {value}" if name in ("row", "id") else value for name, value in place.items() if value is not None
    ]
    return "\n".join(["\t".join([first, *map(terminal_text, shown)]), *others])


def print_remark(source: Path | str, remark: str, count: int) -> None:
    """Prints beside the answers what a source has no answer for, or what was guessed."""
    print_message(f"{source}: {count} × {remark}")
