"""The guides are true: the plugin in CONTRIBUTING.md works as it is printed, and files that are named exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seqgen.contract.testing import check_domain

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "CONTRIBUTING.md"


def test_the_plugin_in_40_lines_keeps_all_laws(tmp_path):
    source = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[0]
    code = [line for line in source.splitlines() if line.strip() and not line.startswith(("import", "from"))]
    assert len(code) <= 40
    made: dict = {"__name__": "words"}
    exec(compile(source, str(GUIDE), "exec"), made)
    words = tmp_path / "some.words"
    words.write_text("attention\nlong\nshort\n")
    check_domain(made["seqgen_domain"]()(), files=[words])


def test_a_capability_is_added_as_the_guide_shows():
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    made: dict = {"__name__": "words"}
    for block in (blocks[0], next(block for block in blocks if "Metrics" in block)):
        exec(compile(block, str(GUIDE), "exec"), made)
    assert made["MeasuredWords"]().capabilities()["metrics"] == ["sizes"]
    assert made["MeasuredWords"]().require(made["Metrics"]).sizes("abc") == {"letter": 3}


@pytest.mark.parametrize("guide", ["CONTRIBUTING.md", "README.md", "SECURITY.md"])
def test_every_file_that_a_guide_names_exists(guide):
    text = (ROOT / guide).read_text(encoding="utf-8")
    paths = re.findall(r"[`(]((?:seqgen|plugins|tests|bench|corpora|corpus|engine|workflows)/[\w/.-]*)[`)]", text)
    missing = [path for path in paths if not any((folder / path).exists() for folder in (ROOT, ROOT / "seqgen"))]
    assert missing == []
