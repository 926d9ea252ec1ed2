"""The files of what a model draws and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqgen.contract.capabilities import Display
from seqgen.contract.plugins import report_broken_plugins
from seqgen.contract.renderers import render_all
from seqgen.contract.written_files import write_item
from seqgen.workflows.loaded_model import LoadedModel
from seqgen.workflows.reports.web_page import PageEntry, write_page
from seqgen.workflows.results import GeneratedDocument


class WritingModel(LoadedModel):
    """A model that writes what it drew: files, renderings and a web page."""

    def write(self, sample: GeneratedDocument, folder: Path | str) -> list[Path]:
        """Writes a sample and all its renderings to `folder`, and returns the files. Raises OutputError."""
        return self._write_with_renderings(sample.item, self._path_of(sample, folder), sample.prompt_item)

    def write_item(self, sample: GeneratedDocument, folder: Path | str) -> list[Path]:
        """Writes a sample to `folder` without renderings, and returns the files. Raises OutputError."""
        return write_item(self.domain, sample.item, self._path_of(sample, folder))

    def write_page(
        self,
        written: Sequence[tuple[GeneratedDocument, list[Path]]],
        folder: Path | str,
        about: Mapping[str, Any] | None = None,
    ) -> Path:
        """Writes a web page of some samples, to look at and to listen to, and returns its path. Raises OutputError.

        A plugin whose view of a sample fails is reported, and the page comes without that view.

        written: each sample with its files, which are in `folder`
        about:   how the samples were made, by name
        """
        folder, display = Path(folder), self.domain.display or Display()
        entries = []
        for sample, files in written:
            html = ""
            with report_broken_plugins():
                html = display.html(sample.item, sample.prompt_item)
            entries.append(PageEntry(sample.label, html, [file.relative_to(folder) for file in files]))
        script = ""
        with report_broken_plugins():
            script = display.script()
        first = written[0][0].call_label if written else "none"
        path = folder / f"{self.domain.name}-{first}.html"
        write_page(path, f"{self.domain.name} · {len(entries)} new", about or {}, entries, script)
        return path

    def _write_with_renderings(self, item: Any, path: Path, prompt_item: Any = None) -> list[Path]:
        """Writes an item and all its renderings, and returns the files. Raises OutputError."""
        files = write_item(self.domain, item, path)
        return files + render_all(self.domain.display or Display(), item, path, prompt_item)

    def _path_of(self, sample: GeneratedDocument, folder: Path | str) -> Path:
        """Returns the path of a sample's files, without their endings."""
        return Path(folder) / f"{self.domain.name}-{sample.label}"
