"""Renderings that plugins add to the display of a domain."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from seqgen.contract.capabilities import Display
from seqgen.contract.documents import Item
from seqgen.contract.domain import Domain
from seqgen.contract.hooks import Renderer
from seqgen.contract.piano_roll import PianoRoll
from seqgen.contract.plugins import Plugin, broken, guard, hook_results, report_broken_plugins, unique
from seqgen.contract.wrapping import Wrapper
from seqgen.contract.written_files import no_half_files

Extended = TypeVar("Extended", bound=Domain[Any])


def with_renderers(domain: Extended) -> Extended:
    """Adds the renderings that plugins have for a domain to its display, and returns the domain.

    A domain that wraps another one calls it for its base.
    """
    display = ExtendedDisplay(domain.name, domain.display or Display())
    if domain.display is not None or display.renderings:
        domain.display = display
    return domain


def render_all(display: Display[Item], item: Item, path: Path, prompt_item: Item | None = None) -> list[Path]:
    """Writes every rendering of an item to `path` with an ending added, and returns the files.

    prompt_item: the part of the item that was the prompt

    A plugin whose rendering fails is reported. Raises OutputError.
    """
    files = []
    for rendering in display.renderings:
        with report_broken_plugins(), no_half_files(path):
            files.append(display.render(item, rendering, path, prompt_item))
    return files


class ExtendedDisplay(Wrapper, Display[Item]):
    """A domain's own display with the renderings that plugins add. The plugins are asked when they are first needed."""

    wrapped: Display[Item]

    def __init__(self, domain: str, wrapped: Display[Item]) -> None:
        self.domain = domain
        self.wrapped = wrapped

    @cached_property
    def renderings(self) -> tuple[str, ...]:  # type: ignore[override]
        return (*self.wrapped.renderings, *self._added)

    def render(self, item: Item, rendering: str, path: Path, prompt_item: Item | None = None) -> Path:
        """Raises PluginError if a plugin's rendering fails."""
        if rendering not in self._added:
            return self.wrapped.render(item, rendering, path, prompt_item)
        plugin, renderer = self._added[rendering]
        with guard(plugin, f"the rendering {rendering!r}"):
            rendered = renderer.function(item, path)
        if not isinstance(rendered, Path):
            raise broken(plugin, f"returns {rendered!r} from the rendering {rendering!r}, which is no path")
        return rendered

    def html(self, item: Item, prompt_item: Item | None = None) -> str:
        return self.wrapped.html(item, prompt_item)

    def script(self) -> str:
        return self.wrapped.script()

    def piano_roll(self, item: Item, ids: np.ndarray) -> PianoRoll:
        return self.wrapped.piano_roll(item, ids)

    def draw_surprise(self, ids: Any, nats: Any, path: Path) -> Path:
        return self.wrapped.draw_surprise(ids, nats, path)

    def offers(self, method: str) -> bool:
        """Whether the domain or, for `render`, a plugin implements this method of the contract."""
        return super().offers(method) or (method == "render" and bool(self._added))

    @cached_property
    def _added(self) -> dict[str, tuple[Plugin, Renderer]]:
        named = [
            (renderer.rendering, plugin, renderer)
            for plugin, renderer in hook_results("seqgen_renderers", Renderer)
            if renderer.domain == self.domain
        ]
        return unique(named, f"rendering of {self.domain!r}", reserved=self.wrapped.renderings)
