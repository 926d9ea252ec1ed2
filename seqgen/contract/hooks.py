"""The hooks that a plugin's module may implement, and the entry-point group that announces each.

    import pluggy

    @pluggy.HookimplMarker("seqgen")
    def seqgen_domain():
        return MyDomain

An entry point of the group names the module. Each hook has a group of its own, so that seqgen imports a plugin only for
what is needed: `seqgen --help` imports the plugins that bring commands, and no other. One module may implement several
hooks; it is then named in several groups.

A broken plugin is named on standard error, and everything else works without it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from seqgen.contract.domain import Domain

PROJECT = "seqgen"
GROUPS = {
    "seqgen_domain": "seqgen",
    "seqgen_commands": "seqgen.commands",
    "seqgen_recipes": "seqgen.recipes",
    "seqgen_train_callbacks": "seqgen.training",
    "seqgen_filters": "seqgen.filters",
    "seqgen_renderers": "seqgen.renderers",
}
"""The entry-point group of each hook."""


TrainCallback = Callable[[Mapping[str, float]], str | None]
"""Takes the metrics of one evaluation. Returns the reason to stop training, or None."""


@dataclass(frozen=True)
class SamplingFilter:
    """A change of the distribution that tokens are drawn from, such as top-k.

    name:     the name in `--filter NAME=VALUE` and `SamplingOptions(filters={NAME: VALUE})`
    function: takes logits float32[B, V], allowed bool[B, V] and the value, a float32 scalar; returns logits
              float32[B, V]. Logits are those after temperature, top-k, top-p and min-p. All arguments are TensorFlow
              tensors, and XLA compiles the function. Tokens that are not allowed stay forbidden, whatever it returns.
    minimum, maximum: the bounds of the value
    """

    name: str
    function: Callable[[Any, Any, Any], Any]
    minimum: float = -math.inf
    maximum: float = math.inf


@dataclass(frozen=True)
class Renderer:
    """One more kind of file that the items of a domain are shown as.

    domain:    the name of the domain
    rendering: the name of the rendering, which is the ending of the file
    function:  takes an item and a path without an ending; writes the file and returns its path
    """

    domain: str
    rendering: str
    function: Callable[[Any, Path], Path]


hookspec = pluggy.HookspecMarker(PROJECT)


class HookSpecifications:
    """What a plugin's module may implement."""

    @hookspec
    def seqgen_domain(self) -> type[Domain[Any]]:  # type: ignore[empty-body]
        """Returns the domain's class. Its `name` is the name of the entry point.

        Called when the domain is asked for by its name, and when all domains are listed.
        """

    @hookspec
    def seqgen_commands(self) -> Sequence[click.Command]:  # type: ignore[empty-body]
        """Returns more subcommands of `seqgen`.

        Called by `seqgen --help`, and when a subcommand is called that is none of seqgen's own. Modules that a command
        needs are imported inside its function, so that the help stays fast.
        """

    @hookspec
    def seqgen_recipes(self) -> Sequence[Path]:  # type: ignore[empty-body]
        """Returns recipes: TOML files, and folders of TOML files.

        Called when recipes are listed, and when a source of `build` or `train` is no file or folder.
        """

    @hookspec
    def seqgen_train_callbacks(  # type: ignore[empty-body]
        self, run: Path, step: int, settings: Mapping[str, Any]
    ) -> Sequence[TrainCallback]:
        """Returns functions that are called with the metrics of each evaluation, and may stop the training.

        run:      the folder of the run
        step:     the step from which a run is resumed; 0 in a new run
        settings: the settings of the model and of the training, by name

        Called once, before training begins. The metrics are `step`, `loss` (nats a token of the training data since the
        last evaluation), `held_out` (nats a token), `best` (the least `held_out` so far),
        `evaluations_without_improvement`, `tokens_per_second` and `seconds` (of training). A callback that raises is
        named, and is not called again. An implementation takes only those arguments that it needs.
        """

    @hookspec
    def seqgen_filters(self) -> Sequence[SamplingFilter]:  # type: ignore[empty-body]
        """Returns sampling filters.

        Called when a filter is asked for by its name.
        """

    @hookspec
    def seqgen_renderers(self) -> Sequence[Renderer]:  # type: ignore[empty-body]
        """Returns renderings of domains, which may be those of other plugins.

        Called when the renderings of a domain are first asked for.
        """
