"""seqgen predict: prints the domain's answer for each document."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write answers that are files, such as translations, to this folder too, with pictures of them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line with a JSON object for each document.")
def command(run: Path, files: tuple[Path, ...], texts: tuple[str, ...], explain: bool, out: Path | None,
            as_json: bool) -> None:  # fmt: skip
    """Print the model's answer for each document, such as its label.

    FILEs are read like training data, but they need no labels. The answers are printed in the order of the documents,
    each with its row and its id; an answer that is a text itself, such as a translation, is printed alone. With - or a
    pipe, each line of text is a document, and it is answered at once.
    """
    if not (files or texts):
        raise UsageError("There is nothing to predict for; name files, or give a --text.")
    from seqgen.workflows.load import load

    trained = load(run)
    is_text = trained.domain.prediction is not None and trained.domain.prediction.answers_are_texts
    for number, (source, answer) in enumerate(answers_in_order(trained, files, texts, explain), 1):
        written = {}
        if answer is not None and out is not None:
            written = {"files": [str(path) for path in trained.write_answer(answer, number, out)]}
        if answer is None:
            if is_text and not as_json:
                print_lines("")  # A line in is a line out.
        elif as_json:
            print_json({**source, **answer.values, **written})
        elif is_text or "text" in source:
            print_lines(answer.text)
        else:
            print_lines(answer_with_place(answer, source["file"] if len(files) > 1 else None))


def answers_in_order(
    trained: TrainedModel, files: tuple[Path, ...], texts: tuple[str, ...], explain: bool
) -> Iterator[tuple[dict[str, Any], Answer | None]]:
    """Yields where each document comes from, and its answer; None for a line of a stream without answer."""
    for file in files:
        if is_text_stream(file):
            answers = answers_to_lines(trained, file, explain)
        else:
            answers = trained.predict(file, explain=explain, on_remark=partial(print_remark, file))
        for answer in answers:
            yield {"file": str(file)}, answer
            flush()
    for text in texts:
        yield {"text": text}, trained.predict_text(text, explain=explain)


def answers_to_lines(trained: TrainedModel, file: Path, explain: bool) -> Iterator[Answer | None]:
    """Yields the answer to each line of a stream, as soon as the line is there. Prints why a line has no answer."""
    row = 0
    for lines in text_lines(file):
        answers = trained.predict_texts([line for line in lines if isinstance(line, str)], explain=explain)
        for line in lines:
            row += 1
            answer = line if isinstance(line, UnusableFile) else next(answers)
            if isinstance(answer, UnusableFile):
                print_remark(file, f"row {row}: {answer}", 1)
                yield None
            else:
                answer.values.update({"row": row, "text": line, **answer.values})
                yield answer


def answer_with_place(answer: Answer, file: str | None) -> str:
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
