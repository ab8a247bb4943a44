"""Pipelines: ours, and the examples for repositories of templates."""

import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

from harness.paths import CLIENT, ROOT
from harness.server import Server, clean_environment
from support import attempt

EXAMPLES = ROOT / "docs" / "examples" / "ci"


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.drone-ci", ROOT / ".drone.yml"),
        ("vendor.github-workflows", EXAMPLES / "github.yml"),
        ("vendor.gitlab-ci", EXAMPLES / "gitlab.yml"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_schema(schema, file, tmp_path):
    """By the services' own schemas; which find a mistake."""
    def check(path):
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
        # GitLab writes a tag that YAML does not have.
        command += ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
        return attempt(*command, path)

    good = check(file)
    assert good.returncode == 0, good.stdout
    document = yaml.safe_load(file.read_text())
    document["kind" if "drone" in schema else "jobs" if "github" in schema else "default"] = 7
    bad = tmp_path / "bad.yml"
    bad.write_text(yaml.safe_dump(document))
    assert check(bad).returncode != 0


def test_drone_has_the_stages_of_our_ci():
    stages = re.findall(r"^stage (\S+) (.+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    pipeline = yaml.safe_load((ROOT / ".drone.yml").read_text())
    steps = [(step["name"], step["commands"][-1]) for step in pipeline["steps"]]
    assert len(stages) >= 6
    assert steps == stages

    exports = dict(re.findall(r"^export (\w+)=(\w+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE))
    assert exports.items() <= pipeline["environment"].items()
    needed = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["rust-version"]
    assert {step["image"] for step in pipeline["steps"]} == {f"rust:{needed}-bookworm"}


def commands(document) -> list[str]:
    """The client's command lines, wherever they stand."""
    if isinstance(document, str):
        return [line for line in document.splitlines() if line.startswith("pxe-init-client ")]
    values = document.values() if isinstance(document, dict) else document if isinstance(document, list) else []
    return [line for value in values for line in commands(value)]


@pytest.fixture
def repository(tmp_path):
    """A repository of the example site."""
    directory = tmp_path / "repository"
    shutil.copytree(ROOT / "docs" / "examples" / "site", directory)
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "First"]):
        subprocess.run(["git", *arguments], cwd=directory, check=True)
    return directory


@pytest.mark.parametrize(("example", "count"), [("github.yml", 2), ("gitlab.yml", 3)])
def test_the_examples_commands(example, count, repository, tmp_path):
    """As they are written, on the example site; and lint and test refuse a template that is broken."""
    found = commands(yaml.safe_load((EXAMPLES / example).read_text()))
    assert len(found) == count
    (tmp_path / "server").mkdir()
    server = Server(tmp_path / "server")
    server.start()
    environment = clean_environment() | {"PXE_INIT_ENDPOINT": f"grpc://{server.grpc_target}"}
    environment["PATH"] = f"{CLIENT.parent}:{environment['PATH']}"

    def shell(line):
        return subprocess.run(["bash", "-c", line], cwd=repository, env=environment, capture_output=True, text=True)

    try:
        for line in found:
            done = shell(line)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        assert (repository / "report.xml").read_text().startswith("<?xml")
    finally:
        server.close()

    template = repository / "templates" / "rack.ipxe.j2"
    template.write_text(template.read_text() + "\ngoto nowhere\n")
    assert [shell(line).returncode for line in found[:2]] == [4, 4]
