"""The callbacks that plugins bring to a training, each inside its own guard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from seqgen.contract.hooks import TrainCallback
from seqgen.contract.plugins import Plugin, broken, guard, hook_results, report_broken_plugins

ACTIVITY = "a callback of the training"


def training_callbacks(run: Path, step: int, settings: Mapping[str, Any]) -> list[GuardedCallback]:
    """Returns the callbacks of all plugins for a run that begins or is resumed at a step."""
    found: list[tuple[Plugin, TrainCallback]] = hook_results(
        "seqgen_train_callbacks",
        Callable,  # type: ignore[arg-type]
        run=run,
        step=step,
        settings=settings,
    )
    return [GuardedCallback(plugin, callback) for plugin, callback in found]


class GuardedCallback:
    """A plugin's callback. If it fails, the plugin is reported, and the callback is not called again."""

    def __init__(self, plugin: Plugin, callback: TrainCallback) -> None:
        self.plugin = plugin
        self.callback: TrainCallback | None = callback

    def __call__(self, metrics: Mapping[str, float], /) -> str | None:
        """Returns the reason to end the training, or None."""
        callback, self.callback = self.callback, None
        if callback is None:
            return None
        reason = None
        with report_broken_plugins():
            with guard(self.plugin, ACTIVITY):
                reason = callback(dict(metrics))
            if not (reason is None or isinstance(reason, str)):
                fault, reason = f"returns {reason!r} from {ACTIVITY}, which is no reason to stop and not None", None
                raise broken(self.plugin, fault)
            self.callback = callback
        return reason
