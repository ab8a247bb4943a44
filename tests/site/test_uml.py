"""The diagrams: they are what their sources make, and their sources name only what there is."""

import re
import shutil
import sqlite3
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from harness.paths import ROOT
from harness.server import Server
from named import wrong_command
from support import UPDATE, run

UML = ROOT / "docs" / "uml"
SOURCES = sorted(UML.glob("*.puml"))


def sources() -> list[tuple[str, str]]:
    """Each with its name. What keeps PlantUML from striking text out is no part of the text."""
    assert len(SOURCES) >= 6
    return [(file.name, file.read_text().replace("~--", "--")) for file in SOURCES]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """All of them, made now."""
    if not shutil.which("plantuml"):
        pytest.skip("plantuml is not installed")
    directory = tmp_path_factory.mktemp("uml")
    run(ROOT / "scripts" / "uml", directory)
    return directory


def texts(svg: str) -> list[str]:
    """What one reads in it."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("source", SOURCES, ids=lambda file: file.stem)
def test_the_picture_is_what_its_source_makes(made, source):
    """To the byte where the same programs and font made it; otherwise all that is written in it."""
    committed = source.with_suffix(".svg")
    now = (made / committed.name).read_text()
    assert len(texts(now)) > 20
    if UPDATE:
        committed.write_text(now)
    there = committed.read_text()
    by = [svg.splitlines()[-1] for svg in (there, now)]
    assert all(line.startswith("<!-- made by PlantUML ") for line in by)
    assert texts(there) == texts(now), "make uml writes it"
    if by[0] == by[1]:
        assert there == now, "make uml writes it"


def test_no_picture_is_left_over():
    assert {file.stem for file in UML.glob("*.svg")} == {file.stem for file in SOURCES}


def test_calls_exist():
    """Each SERVICE.CALL is one of the definitions."""
    calls = set()
    for file in (ROOT / "proto").rglob("*.proto"):
        for service, body in re.findall(r"^service (\w+) \{(.*?)^\}", file.read_text(), re.DOTALL | re.MULTILINE):
            calls |= {f"{service}.{call}" for call in re.findall(r"^  rpc (\w+)", body, re.MULTILINE)}
    named = [(name, call) for name, text in sources() for call in re.findall(r"\b\w+Service\.\w+", text)]
    assert len(named) >= 10
    assert [entry for entry in named if entry[1] not in calls] == []


def test_commands_exist():
    """Each command of the client is in its reference, with the flags that it is given."""
    count = 0
    for name, text in sources():
        for line in re.findall(r"pxe-init-client ([^\"].*)", text):
            wrong = wrong_command(line.replace("\\n", " "))
            assert wrong is None, f"{name}: {wrong}"
            count += 1
    assert count >= 10


def test_paths_exist():
    """Each path that machines ask is in the table of http.md."""
    table = (ROOT / "docs" / "http.md").read_text().split("## Facts")[0]
    known = {re.match(r"/[\w.-]*", path)[0] for path in re.findall(r"`(/[^`]*)`", table)}
    asked = set()
    for _, text in sources():
        for line in re.findall(r"GET (.*)", text):
            asked |= set(re.findall(r"(?<!\w)/[\w.-]+", line.split("/cloud-init/")[0]))
    assert {"/boot.ipxe", "/ipxe", "/assets", "/ready"} <= {path for path in asked if path in known}
    files = {path for path in asked if path not in known}
    assert files <= {"/vmlinuz", "/initrd.img"}, files


def test_entities_are_the_tables(tmp_path):
    """Each table and column of a database that the server made, and its key, and no other."""
    drawn = {}
    for name, keys, others in re.findall(r"^entity (\w+) \{\n(.*?)^ +--\n(.*?)^\}", (UML / "entities.puml").read_text(), re.DOTALL | re.MULTILINE):
        drawn[name] = (set(re.findall(r"^ +\* (\w+)", keys, re.MULTILINE)), set(re.findall(r"^ +(\w+)", others, re.MULTILINE)))
    server = Server(tmp_path)
    server.start()
    server.stop()
    there = {}
    with sqlite3.connect(tmp_path / "pxe-init.db") as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table.startswith(("sqlite_", "seaql_")):
                continue
            columns = database.execute(f"PRAGMA table_info({table})").fetchall()
            there[table] = ({c[1] for c in columns if c[5]}, {c[1] for c in columns if not c[5]})
    assert drawn == there
