"""The plugin that CONTRIBUTING.md shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from seqgen.contract.testing import check_domain

GUIDE = Path(__file__).parent.parent / "CONTRIBUTING.md"


def test_the_plugin_in_40_lines_keeps_all_laws(tmp_path):
    source = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[0]
    code = [line for line in source.splitlines() if line.strip() and not line.startswith(("import", "from"))]
    assert len(code) <= 40
    made: dict = {"__name__": "words"}
    exec(compile(source, str(GUIDE), "exec"), made)
    words = tmp_path / "some.words"
    words.write_text("attention\nlong\nshort\n")
    check_domain(made["seqgen_domain"]()(), files=[words])
