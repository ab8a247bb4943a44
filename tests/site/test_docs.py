"""Documents that are made of others."""

import sys

from harness.paths import ROOT
from support import hold, run


def test_the_api_reference_is_what_the_definitions_say():
    made = run(sys.executable, ROOT / "scripts" / "api_reference.py")
    # A method without a comment would stand there without a word.
    sections = made.split("\n### ")[1:]
    silent = [section.splitlines()[0] for section in sections if "→" in section and section.splitlines()[2].startswith("`")]
    assert silent == []
    hold(ROOT / "docs" / "api.md", made)
