"""Sampling filters that plugins bring, found by their names."""

from __future__ import annotations

from typing import Any

from seqgen.contract.hooks import SamplingFilter
from seqgen.contract.plugins import Plugin, broken, guard, hook_results, unique
from seqgen.engine.decoding.filters import FilterFunction
from seqgen.errors import InvalidValue, UnknownName


class PluginFilters:
    """The sampling filters of all plugins. The plugins are asked when a filter is first used."""

    def __init__(self) -> None:
        self._filters: dict[str, tuple[Plugin, SamplingFilter]] | None = None
        self._functions: dict[str, FilterFunction] = {}

    def find(self, name: str, value: float) -> FilterFunction:
        """Returns the function of a filter; the same one each time, so that it is compiled once.

        The function raises PluginError if the plugin's function fails. Raises UnknownName and InvalidValue.
        """
        if self._filters is None:
            found = hook_results("seqgen_filters", SamplingFilter)
            self._filters = unique([(one.name, plugin, one) for plugin, one in found], "sampling filter")
        if name not in self._filters:
            raise UnknownName("sampling filter", name, self._filters)
        plugin, chosen = self._filters[name]
        if not chosen.minimum <= value <= chosen.maximum:
            raise InvalidValue(
                f"The filter {name} cannot be {value}; it must be between {chosen.minimum:g} and {chosen.maximum:g}."
            )
        return self._functions.setdefault(name, _guarded(plugin, chosen))


def _guarded(plugin: Plugin, chosen: SamplingFilter) -> FilterFunction:
    def function(logits: Any, allowed: Any, value: Any) -> Any:
        activity = f"the sampling filter {chosen.name!r}"
        with guard(plugin, activity):
            filtered = chosen.function(logits, allowed, value)
        found, expected = ((getattr(one, "dtype", None), getattr(one, "shape", None)) for one in (filtered, logits))
        if found != expected:
            raise broken(plugin, f"returns {type(filtered).__name__} of another shape or type from {activity}")
        return filtered

    return function
