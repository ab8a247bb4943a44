"""The documents: those that are made of others, and the links between all of them."""

import re
import sys
from pathlib import Path

import pytest

from harness.paths import ROOT
from named import CLIENT, chart_values, metrics, settings, wrong_command
from support import hold, run


def test_the_api_reference_is_what_the_definitions_say():
    made = run(sys.executable, ROOT / "scripts" / "api_reference.py")
    # A method without a comment would stand there without a word.
    sections = made.split("\n### ")[1:]
    silent = [section.splitlines()[0] for section in sections if "→" in section and section.splitlines()[2].startswith("`")]
    assert silent == []
    hold(ROOT / "docs" / "api.md", made)


PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


def text_of(page: Path) -> str:
    """Without what is in fences, which has no links."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Of its headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[tuple[str, Path, str]]:
    """Those within the repository: as written, where to, and which heading."""
    found = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if not re.match(r"[a-z]+:", link):
            path, _, heading = link.partition("#")
            found.append((link, (page.parent / path).resolve() if path else page, heading))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link, target, heading in links(page):
        assert target.exists(), link
        assert not heading or target.suffix != ".md" or heading in anchors(target), link


def test_links_outside_of_pages_lead_somewhere():
    """Code and settings name pages too."""
    named = set()
    for directory in ("src", "charts", "config", "packaging", "scripts", "templates", "migrations", "proto"):
        for file in (ROOT / directory).rglob("*"):
            if file.is_file() and file.suffix != ".sum":
                named |= set(re.findall(r"\bdocs/[\w-]+\.md\b", file.read_text(errors="replace")))
    assert len(named) >= 5
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_page_is_in_the_readme():
    """So that nobody has to guess what there is."""
    linked = {target for _, target, _ in links(ROOT / "README.md")}
    pictures = set((ROOT / "docs" / "uml").glob("*.svg"))
    assert {page.name for page in set(PAGES[1:]) | pictures if page not in linked} == set()


# Those that people wrote; the others are made of what they are about.
WRITTEN = [page for page in PAGES if page.name not in ("CHANGELOG.md", "cli.md", "configuration.md", "api.md", "metrics.md")]
# Begin like settings, and are a template, and what matchbox calls its own.
NO_SETTINGS = {"boot.ipxe", "boot.kernel", "boot.initrd", "boot.args"}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_pages_name_what_there_is(page):
    """Commands with their flags, settings, metrics and source files."""
    text = page.read_text()
    wrong = [wrong_command(line.strip()) for line in re.findall(rf"{CLIENT} ([a-z-][^`|#;&>)…\n]*)", text.replace("\\\n", " "))]
    known = chart_values() | settings() if page.name == "kubernetes.md" else settings()
    first = {name.split(".")[0] for name in settings()}
    keys = {key for key in re.findall(r"`([a-z_]+(?:\.[a-zA-Z_]+)+)(?: = [^`]*)?`", text) if key.split(".")[0] in first}
    wrong += sorted(keys - known - NO_SETTINGS)
    named = {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\bpxe_init_\w+", text)}
    wrong += sorted(named - metrics() - {"pxe_init_v1"})
    files = re.findall(r"`([\w/]+\.rs)`", text)
    wrong += [file for file in files if not (ROOT / file).exists() and not (ROOT / "src" / file).exists()]
    assert [what for what in wrong if what] == []
