"""A throw-away PostgreSQL cluster, and databases in it."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from .paths import ROOT

SCRIPT = ROOT / "scripts" / "postgres"


@contextmanager
def cluster() -> Iterator[str]:
    """The URL of a cluster: that of PXE_INIT_TEST_POSTGRES, or one that is started here and stopped at the end. Skips the
    test where PostgreSQL is not installed."""
    if url := os.environ.get("PXE_INIT_TEST_POSTGRES"):
        yield url
        return
    # Not pytest's directory: the user postgres, as whom it runs when we are root, can not get there.
    directory = tempfile.mkdtemp(prefix="pxe-init-postgres-")
    started = subprocess.run([SCRIPT, "start", directory], capture_output=True, text=True)
    if started.returncode != 0:
        pytest.skip(f"no PostgreSQL: {started.stderr.strip().splitlines()[-1] if started.stderr.strip() else SCRIPT}")
    try:
        yield started.stdout.strip().splitlines()[-1]
    finally:
        subprocess.run([SCRIPT, "stop", directory], check=True, capture_output=True)
        shutil.rmtree(directory)


@contextmanager
def database(cluster_url: str) -> Iterator[str]:
    """The URL of a new database, which is gone at the end."""
    if not shutil.which("psql"):
        pytest.skip("psql is not installed")
    name = f"e2e_{uuid.uuid4().hex}"
    psql(cluster_url, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(cluster_url)._replace(path=f"/{name}").geturl()
    finally:
        psql(cluster_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def psql(url: str, statement: str) -> None:
    done = subprocess.run(["psql", "-X", "-q", "-c", statement, url], capture_output=True, text=True)
    assert done.returncode == 0, f"{statement}: {done.stderr}"
