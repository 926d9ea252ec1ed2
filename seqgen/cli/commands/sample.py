"""seqgen sample: new files from a trained model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from seqgen.cli.options import json_option, set_option
from seqgen.cli.output import print_json
from seqgen.errors import UsageError

if TYPE_CHECKING:
    from seqgen.workflows.samples import Sample


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Where the files go.")
@click.option("--stream", is_flag=True, help="Print while it draws, in place of writing files.")
@click.option("-n", "--count", default=4, type=click.IntRange(1), show_default=True, help="How many.")
@click.option("--prompt", help="What is continued, or drawn within: a file, or in the domain 'text' a text.")
@click.option("--with-prompt/--without-prompt", default=True, help="Whether the files hold what was continued too.")
@click.option("--num-particles", default=64, type=click.IntRange(1), show_default=True,
              help="Where notes are given (harmonise, fill): candidates for each file.")  # fmt: skip
@click.option("--temperature", default=1.0, show_default=True, help="Below 1 is safer, above 1 is wilder.")
@click.option("--top-k", default=0, help="Draw from the k likeliest tokens; 0 is all.")
@click.option("--top-p", default=1.0, help="Draw from the likeliest tokens that together have this probability.")
@click.option("--min-p", default=0.0, help="Draw from tokens at least this share as likely as the likeliest.")
@click.option("--repetition-penalty", default=1.0, help="Above 1 makes tokens that have occurred less likely.")
@click.option("--no-repeat-ngram-size", default=0, help="No run of this many tokens occurs twice; 0 is off.")
@click.option("--guidance", type=float, help="Above 1: more of what --set asks for, such as a label; 1: as it comes.  "
              "[default: as the domain has it]")  # fmt: skip
@click.option("--num-beams", type=int, help="Search for the likeliest with this many beams, instead of drawing.")
@click.option(
    "--length-penalty", type=float, help="With --num-beams: above 0 favours longer documents.  [default: 0.6]"
)
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same files.")
@click.option("--max-new-tokens", default=8192, show_default=True, help="The most tokens to draw for one file.")
@set_option
@json_option
@click.pass_context
def command(context: click.Context, /, run: Path, out: Path | None, stream: bool, count: int, prompt: str | None,
            max_new_tokens: int, num_beams: int | None, length_penalty: float | None, settings: dict[str, str],
            as_json: bool, **drawing: Any) -> None:  # fmt: skip
    """Draw new files from the model in RUN: a run, a bundle, or the name of a model that comes with seqgen.

    seqgen sample bach-chorales -o out

    --set asks for something: 'seqgen domains NAME' lists the constraints of a domain.
    """
    if (out is None) != stream or (stream and as_json):
        raise UsageError("Where do the samples go? Say -o FOLDER, or --stream to see them printed.")
    if num_beams is not None:
        if stream:
            raise UsageError("--num-beams knows the best document only at the end; leave out --stream.")
        for name in _chosen(context, drawing):
            raise UsageError(f"--num-beams searches and draws nothing; leave out --{name}.")
    elif length_penalty is not None:
        raise UsageError("--length-penalty ranks what a beam search finds; give --num-beams too.")
    from seqgen.engine.decoding.sampling_options import SamplingOptions
    from seqgen.workflows.load import load
    from seqgen.workflows.samples import Filled, Found

    trained = load(run)
    asked: dict[str, Any] = {"constraints": settings, "prompt": prompt, "max_new_tokens": max_new_tokens}
    filters = {field.name: drawing[field.name] for field in dataclasses.fields(SamplingOptions)}
    sampling = {
        "options": SamplingOptions(**filters),
        **{name: drawing[name] for name in ("guidance", "with_prompt", "seed")},
    }
    if out is None:
        for number in range(count):
            for text in trained.stream(number, **asked, **sampling):
                click.echo(text, nl=False)
            click.echo()
        return
    samples: Sequence[Sample]
    if num_beams is None:
        samples = trained.sample(count, num_particles=drawing["num_particles"], **asked, **sampling)
    else:
        if length_penalty is not None:
            asked["length_penalty"] = length_penalty
        samples = trained.search(count, num_beams=num_beams, **asked)
    _check_prompt_stays(prompt, out, [f"{trained.domain.name}-{one.label}" for one in samples])
    made, written = [], []
    for one in samples:
        files = trained.write(one, out)
        written.append((one, files))
        told: dict[str, Any] = {"files": [str(file) for file in files], "tokens": len(one.ids), "ended": one.ended}
        if isinstance(one, Found):
            told |= {"log_probability": one.log_probability, "score": one.score}
        if isinstance(one, Filled):
            told |= {"log_evidence": one.log_evidence}
        made.append(told)
        if not as_json:
            cut = "" if one.ended else f"  (cut off after {max_new_tokens} tokens; --max-new-tokens allows more)"
            score = f"  ({one.score:.3f} nats)" if isinstance(one, Found) else ""
            others = f"  and {', '.join(file.suffix for file in files[1:])}" if files[1:] else ""
            click.echo(f"{files[0]}{others}{score}{cut}")
    about = {"model": run, "prompt": prompt, **settings, **_chosen(context, drawing), "seed": drawing["seed"]}
    page = trained.write_page(written, out, {name: value for name, value in about.items() if value is not None})
    if as_json:
        print_json({"samples": made, "page": str(page)})
    else:
        click.echo(f"{page}  to look at and to listen to")


def _check_prompt_stays(prompt: str | None, out: Path, names: Sequence[str]) -> None:
    """Raises UsageError where a file of one of these names in `out` would be written over the prompt."""
    from seqgen.contract.textfile import is_file

    if prompt is None or not is_file(prompt):
        return
    path = Path(prompt).resolve()
    if path.stem in names and path.is_relative_to(out.resolve()):
        raise UsageError(f"A sample would be written over {prompt}, the prompt; choose another folder, or a --seed.")


def _chosen(context: click.Context, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the call set itself."""
    return {
        name.replace("_", "-"): value
        for name, value in options.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
