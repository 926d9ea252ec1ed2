"""seqgen sample: draws new files from a trained model."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from seqgen.cli.options import json_option, parse_numbers, set_option
from seqgen.cli.output import print_json, print_line, print_message, print_part
from seqgen.errors import UsageError

if TYPE_CHECKING:
    from seqgen.engine.decoding.decoder import Precision
    from seqgen.workflows.results import GeneratedDocument
    from seqgen.workflows.trained_model import TrainedModel


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The folder of the new files.")
@click.option("--overwrite", is_flag=True, help="Write over other samples in the folder.")
@click.option("--stream", is_flag=True, help="Print each sample while it is drawn, instead of writing files.")
@click.option("-n", "--count", default=4, type=click.IntRange(1), show_default=True,
              help="How many samples to draw, for each document of --prompt.")  # fmt: skip
@click.option(
    "--prompt",
    type=click.Path(),
    metavar="FILE|TEXT",
    help="Continue this file, or draw within it (see --set). With text, it may be a text. Each document of the file "
    "is continued.",
)
@click.option("--with-prompt/--without-prompt", default=True, help="Whether the files contain the prompt.")
@click.option("--num-particles", default=64, type=click.IntRange(1), show_default=True,
              help="Candidates for each sample around given notes (harmonise, fill).")  # fmt: skip
@click.option("--temperature", default=1.0,
              help="Below 1 is safer, above 1 is more varied.  [default: the domain's, else 1]")  # fmt: skip
@click.option("--top-k", default=0, help="Draw from the k most probable tokens. 0 means all.")
@click.option("--top-p", default=1.0, help="Draw from the most probable tokens that together have this probability.")
@click.option("--min-p", default=0.0,
              help="Draw from tokens with at least this share of the highest probability.  [default: the domain's, "
              "else 0]")  # fmt: skip
@click.option("--repetition-penalty", default=1.0, help="Above 1: tokens that have occurred become less probable.")
@click.option("--no-repeat-ngram-size", default=0, help="No sequence of this many tokens occurs twice. 0 means off.")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", callback=parse_numbers,
              help="One more sampling filter, such as typical=0.9. Repeat it for more.")  # fmt: skip
@click.option("--guidance", type=float,
              help="Strength of the guidance towards what --set asks for, such as a label. 1 means none.  "
              "[default: the domain's]")  # fmt: skip
@click.option("--num-beams", type=int, help="Search for the most probable samples with this many beams.")
@click.option("--length-penalty", default=0.6, show_default=True,
              help="With --num-beams: above 0 favours longer samples.")  # fmt: skip
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", show_default=True,
              help="Of the model. Many samples together are faster in bfloat16, on a processor that has instructions "
              "for it. Fewer than four are drawn in float32.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same files.")
@click.option("--max-new-tokens", default=8192, show_default=True, help="Stop each sample after this many tokens.")
@set_option
@json_option
@click.pass_context
def command(context: click.Context, /, run: Path, out: Path | None, overwrite: bool, stream: bool, count: int,
            prompt: str | None, max_new_tokens: int, num_beams: int | None, length_penalty: float,
            precision: Precision, settings: dict[str, str], as_json: bool, **drawing: Any) -> None:  # fmt: skip
    """Draw new files from a trained model.

    RUN is a run, a bundle, or the name of a model that comes with seqgen:

        seqgen sample bach-chorales -o out

    --set asks for something that every sample has. 'seqgen domains NAME' lists the constraints of a domain.
    """
    chosen = chosen_options(context, drawing)
    if (out is None) != stream or (stream and as_json):
        raise UsageError("Where do the samples go? Say -o FOLDER, or --stream to print them.")
    if num_beams is not None:
        if stream:
            raise UsageError("--num-beams knows the best sample only at the end; leave out --stream.")
        for name in chosen:
            raise UsageError(f"--num-beams searches and does not draw; leave out --{name}.")
    elif chosen_options(context, {"length_penalty": length_penalty}):
        raise UsageError("--length-penalty ranks what a beam search finds; give --num-beams too.")
    from seqgen.workflows.load import load

    trained = load(run, precision=precision)
    # TensorFlow takes seconds to import. Faults of the model's files are found before.
    from seqgen.engine.decoding.sampling_options import SamplingOptions

    prompts = None if prompt is None else trained.read_prompts(prompt)
    if prompts is not None and len(prompts) > 1:
        print_message(
            f"{prompt} has {len(prompts)} documents; each is continued, {count} × ({count * len(prompts)} samples)"
        )
    request: dict[str, Any] = {"constraints": settings, "max_new_tokens": max_new_tokens}
    picked = {
        field.name: drawing[field.name]
        for field in dataclasses.fields(SamplingOptions)
        if context.get_parameter_source(field.name) is not ParameterSource.DEFAULT
    }
    sampling = {
        "options": trained.sampling_options(**picked) if picked else None,
        **{name: drawing[name] for name in ("guidance", "with_prompt", "seed")},
    }
    if out is None:
        starts = [None] if prompts is None else [*prompts]
        for one in starts:
            for number in range(count):
                for text in trained.stream(number, prompt=one, **request, **sampling):
                    print_part(text)
                print_line("")
        return
    request["prompt"] = prompts
    samples: Sequence[GeneratedDocument]
    if num_beams is None:
        samples = trained.sample(count, num_particles=drawing["num_particles"], **request, **sampling)
    else:
        samples = trained.beam_search(count, num_beams=num_beams, length_penalty=length_penalty, **request)
    check_prompt_stays(prompt, out, [f"{trained.domain.name}-{sample.label}" for sample in samples])
    if not overwrite:
        check_others_stay(trained, samples, out)
    chosen |= chosen_options(context, {"precision": precision})
    origin = {"model": run, "prompt": prompt, **settings, **chosen, "seed": drawing["seed"]}
    write_samples(trained, samples, out, origin, as_json)


def write_samples(
    trained: TrainedModel, samples: Sequence[GeneratedDocument], out: Path, origin: Mapping[str, Any], as_json: bool
) -> None:
    """Writes samples and their page to a folder, and prints what was written.

    origin: how the samples were made, for the page; values that are None are left out
    """
    from seqgen.files import remove_unfinished

    remove_unfinished(out)
    written = []
    for sample in samples:
        files = trained.write(sample, out)
        written.append((sample, files))
        if not as_json:
            print_line(line_of(sample, files))
    page = trained.write_page(written, out, {name: value for name, value in origin.items() if value is not None})
    if as_json:
        print_json({"samples": [report(sample, files) for sample, files in written], "page": str(page)})
    else:
        print_line(f"{page}  shows all of them")


def line_of(sample: GeneratedDocument, files: Sequence[Path]) -> str:
    """Returns one line about the files of a sample."""
    from seqgen.workflows.results import BeamSample

    line = str(files[0])
    if files[1:]:
        line += f"  and {', '.join(file.suffix for file in files[1:])}"
    if isinstance(sample, BeamSample):
        line += f"  ({sample.score:.3f} nats)"
    if not sample.ended:
        line += "  (cut off; --max-new-tokens allows more)"
    return line


def report(sample: GeneratedDocument, files: Sequence[Path]) -> dict[str, Any]:
    """Returns a sample as JSON values."""
    from seqgen.workflows.results import BeamSample, InfilledSample

    values: dict[str, Any] = {
        "files": [str(file) for file in files],
        "tokens": len(sample.ids),
        "ended": sample.ended,
    }
    if sample.prompt_number is not None:
        values |= {"prompt": sample.prompt_number + 1}
    if isinstance(sample, BeamSample):
        values |= {"log_probability": sample.log_probability, "score": sample.score}
    if isinstance(sample, InfilledSample):
        values |= {"log_evidence": sample.log_evidence}
    return values


def check_prompt_stays(prompt: str | None, out: Path, names: Sequence[str]) -> None:
    """Raises UsageError if a sample with one of these names would be written over the prompt."""
    from seqgen.contract.textfile import is_file

    if prompt is None or not is_file(prompt):
        return
    path = Path(prompt).resolve()
    if path.stem in names and path.is_relative_to(out.resolve()):
        raise UsageError(f"A sample would be written over {prompt}, the prompt; choose another folder, or a --seed.")


def check_others_stay(trained: TrainedModel, samples: Sequence[GeneratedDocument], out: Path) -> None:
    """Raises UsageError if samples would be written over others, such as those of another model.

    Files with the same content may be written again, so the same call can be repeated.
    """
    with tempfile.TemporaryDirectory() as temporary:
        for sample in samples:
            for file in trained.write_item(sample, temporary):
                path = out / file.relative_to(temporary)
                if path.is_file() and path.read_bytes() != file.read_bytes():
                    raise UsageError(
                        f"{path} is a sample of another model or of other options; choose another folder or --seed, or "
                        "add --overwrite."
                    )


def chosen_options(context: click.Context, options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options that the user gave, by their names on the command line."""
    names = {parameter.name: parameter.opts[0].removeprefix("--") for parameter in context.command.params}
    return {
        names[name]: value
        for name, value in options.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
