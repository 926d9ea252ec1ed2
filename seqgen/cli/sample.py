"""seqgen sample: new files from a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from seqgen.cli.common import bundled_only, json_option, print_json, set_option
from seqgen.errors import UsageError


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Where the files go.")
@click.option("--stream", is_flag=True, help="Print while it draws, in place of writing files.")
@click.option("-n", "--count", default=4, show_default=True, help="How many.")
@click.option("--prompt", help="What is continued: a file, or in the domain 'text' a text.")
@click.option("--temperature", default=1.0, show_default=True, help="Below 1 is safer, above 1 is wilder.")
@click.option("--top-k", default=0, help="Draw from the k likeliest tokens; 0 is all.")
@click.option("--top-p", default=1.0, help="Draw from the likeliest tokens that together have this probability.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same files.")
@click.option("--longest", default=8192, show_default=True, help="The most tokens to draw for one file.")
@set_option
@json_option
@click.pass_context
def sample(context: click.Context, run: Path, out: Path | None, stream: bool, count: int, prompt: str | None,
           temperature: float, top_k: int, top_p: float, seed: int, longest: int, settings: dict[str, str],
           as_json: bool) -> None:  # fmt: skip
    """Draw new files from the model in RUN (a run, or a bundle).

    --set asks for something: 'seqgen domains NAME' lists the constraints of a domain.
    """
    if (out is None) != stream or (stream and as_json):
        raise UsageError("Where do the samples go? Say -o FOLDER, or --stream to see them printed.")
    from seqgen.trained import load

    trained = load(run, bundled_only=bundled_only(context))
    asked: dict[str, Any] = {"constraints": settings, "prompt": prompt, "temperature": temperature, "top_k": top_k,
                             "top_p": top_p, "seed": seed, "longest": longest}  # fmt: skip
    if out is None:
        for number in range(count):
            for text in trained.stream(number, **asked):
                click.echo(text, nl=False)
            click.echo()
        return
    drawn = trained.sample(count, **asked)
    made = []
    for one in drawn:
        files = trained.write(one, out)
        made.append({"files": [str(file) for file in files], "tokens": len(one.ids), "ended": one.ended})
        if not as_json:
            cut = "" if one.ended else f"  (cut off after {longest} tokens; --longest allows more)"
            others = f"  and {', '.join(file.suffix for file in files[1:])}" if files[1:] else ""
            click.echo(f"{files[0]}{others}{cut}")
    if as_json:
        print_json({"samples": made})
