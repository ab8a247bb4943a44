"""Renders the chart."""

import functools
import subprocess
from pathlib import Path

import pytest
import yaml

from harness.paths import ROOT
from support import attempt, run

HELM = ROOT / "scripts" / "helm"
CHART = ROOT / "charts" / "pxe-init"
# EX_UNAVAILABLE: how the script says that there is no helm here.
UNAVAILABLE = 69


@functools.cache
def why_not() -> str | None:
    """Why helm can not be run here."""
    done = attempt(HELM, "version", "--short")
    if done.returncode == UNAVAILABLE:
        return done.stderr.strip()
    assert done.returncode == 0, done.stderr
    return None


def needs_helm() -> None:
    if why := why_not():
        pytest.skip(why)


def template(values: dict | Path, *more: str, release: str = "boot") -> str:
    """The manifests, as text."""
    needs_helm()
    argv = [HELM, "template", release, CHART, "--namespace", "provisioning", *more]
    if isinstance(values, Path):
        return run(*argv, "--values", values)
    return run(*argv, "--values", "-", stdin=yaml.safe_dump(values))


def refused(values: dict) -> str:
    """What helm says of values that it must not take."""
    needs_helm()
    done: subprocess.CompletedProcess[str] = attempt(
        HELM, "template", "boot", CHART, "--values", "-", stdin=yaml.safe_dump(values)
    )
    assert done.returncode != 0, f"accepted:\n{done.stdout}"
    return done.stderr


def documents(text: str) -> list[dict]:
    return [document for document in yaml.safe_load_all(text) if document]


def one(manifests: list[dict], kind: str, suffix: str = "") -> dict:
    """The manifest of a kind whose name ends so."""
    found = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"].endswith(suffix)]
    assert len(found) == 1, f"{len(found)} of {kind} …{suffix}"
    return found[0]
