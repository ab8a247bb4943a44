"""The image from scratch: what it says of itself, and that it runs on nothing but its own files, without rights."""

import functools
import json
import os
import shutil
import subprocess
import tarfile
import time
import urllib.request
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from harness import postgres
from harness.paths import CLIENT, ROOT
from harness.process import Child
from harness.server import clean_environment, free_port
from support import attempt, run

SBOM = "usr/share/pxe-init/sbom.cdx.json"
# Who the image says that it runs as.
USER = 65532

# Runs $1's files as root directory, read-only, but for $2 as the data directory; the rest is the command.
CONTAINED = """
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount --bind "$2" "$1/var/lib/pxe-init"
# What needs rights goes with the change of user: of the root directory, and of the user.
root=$1
shift 2
exec setpriv --no-new-privs --bounding-set -all,+sys_chroot,+setuid,+setgid --inh-caps -all -- chroot --userspec=65532:65532 "$root" "$@"
"""


class Image:
    """The archive, unpacked."""

    def __init__(self, directory: Path):
        archive = directory / "image.tar"
        layout, self.root = directory / "layout", directory / "root"
        run(ROOT / "scripts" / "container", "--dev", archive)
        with tarfile.open(archive) as tar:
            tar.extractall(layout, filter="data")
        blob = lambda digest: layout / "blobs" / digest.replace(":", "/")  # noqa: E731
        index = json.loads((layout / "index.json").read_text())
        manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
        self.config = json.loads(blob(manifest["config"]["digest"]).read_text())["config"]
        for layer in manifest["layers"]:
            with tarfile.open(blob(layer["digest"])) as tar:
                tar.extractall(self.root, filter="tar")

    def argv(self, data: Path, *command: str) -> list[str]:
        """Runs a command in it."""
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", CONTAINED, "sh", str(self.root), str(data), *command]


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Image:
    for tool in ("buildah", "ldd"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    return Image(tmp_path_factory.mktemp("image"))


@functools.cache
def why_not_contained() -> str | None:
    if os.geteuid() != 0:
        return "only root can run the image here: mount namespaces and chroot"
    done = attempt("unshare", "--mount", "--propagation", "private", "true")
    return None if done.returncode == 0 else f"no mount namespaces here: {done.stderr.strip()}"


@pytest.fixture
def data(tmp_path) -> Path:
    """A data directory as a volume would be."""
    if why := why_not_contained():
        pytest.skip(why)
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    os.chown(directory, USER, USER)
    return directory


def test_what_it_says(image):
    config = image.config
    assert config["User"] == f"{USER}:{USER}"
    assert config["Entrypoint"] == ["/usr/bin/pxe-init-server"] and config["Cmd"] == ["serve"]
    assert config["WorkingDir"] == "/var/lib/pxe-init"
    assert set(config["ExposedPorts"]) == {"8080/tcp", "5000/tcp"}
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in config["Labels"].items()}
    assert {"title", "description", "version", "revision", "created"} <= set(labels)
    assert labels["version"] in run(CLIENT, "--version")


def test_what_is_in_it(image):
    """Two programs, libraries and a few files: no shell, nobody else's."""
    programs = {file.name for file in (image.root / "usr" / "bin").iterdir()}
    assert programs == {"pxe-init-server", "pxe-init-client"}
    assert not any((image.root / shell).exists() for shell in ("bin/sh", "usr/bin/sh"))
    writable = [f for f in image.root.rglob("*") if not f.is_symlink() and f.stat().st_mode & 0o002 and f.name != "tmp"]
    assert writable == []
    special = [f for f in image.root.rglob("*") if not f.is_symlink() and f.stat().st_mode & 0o6000]
    assert special == []


def test_its_list_of_parts(image):
    """The SBOM is CycloneDX, and has what Cargo.lock has."""
    text = (image.root / SBOM).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    parts = json.loads(text)
    names = {part["name"] for part in parts["components"]}
    assert {"axum", "tonic", "sea-orm", "minijinja"} <= names
    # Those that only test it are no part of it.
    assert not {"insta", "proptest", "criterion"} & names
    assert all(part["hashes"] and part["licenses"] for part in parts["components"] if not part["name"].startswith("pxe-init"))
    assert run(ROOT / "scripts" / "sbom") == text


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_it_runs(image, data, kind, tmp_path, request):
    """Unpacked, read-only, as its user and without rights: it serves, its own health check says so, and it stops."""
    http, grpc = free_port(), free_port()
    flags = ["--http-address", "127.0.0.1", "--http-port", str(http), "--grpc-port", str(grpc)]
    if kind == "postgres":
        flags += ["--database-url", request.getfixturevalue("postgres_url")]
    environment = clean_environment() | dict(entry.split("=", 1) for entry in image.config["Env"])
    environment["PXE_INIT__HTTP__DRAIN_SECONDS"] = "0"
    # The tools before the image's own PATH, which has none.
    environment["PATH"] = os.environ["PATH"]
    (entrypoint,), (serve,) = image.config["Entrypoint"], image.config["Cmd"]
    # What a volume is mounted on is where it works.
    environment |= {"PXE_INIT__SNAPSHOT__FILE": "/var/lib/pxe-init/pxe-init.snapshot"}
    if kind == "sqlite":
        flags += ["--database-url", "sqlite:///var/lib/pxe-init/pxe-init.db?mode=rwc"]
    server = Child(image.argv(data, entrypoint, serve, *flags), tmp_path / "server.log", env=environment)
    try:
        wait_ready(http, server)
        for question in ([], ["--ready"]):
            check = image.argv(data, entrypoint, "healthcheck", "--http-port", str(http), *question)
            done = subprocess.run(check, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        status = Path(f"/proc/{server.pid}/status").read_text()
        assert f"Uid:\t{USER}\t{USER}" in status
        assert "CapEff:\t0000000000000000" in status and "CapPrm:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        client = image.argv(data, "/usr/bin/pxe-init-client", "--grpc-endpoint", f"grpc://127.0.0.1:{grpc}")
        subprocess.run([*client, "image", "register", "local"], env=environment, check=True, capture_output=True)
        subprocess.run([*client, "rule", "register", "all", "--image", "local"], env=environment, check=True, capture_output=True)
        with urllib.request.urlopen(f"http://127.0.0.1:{http}/ipxe?mac=52-54-00-00-00-01", timeout=10) as answer:
            assert answer.read().startswith(b"#!ipxe\n")
    finally:
        server.terminate()
    assert server.returncode == 0, server.output
    left = {file.name for file in data.iterdir()}
    assert "pxe-init.snapshot" in left
    assert ("pxe-init.db" in left) == (kind == "sqlite")


@pytest.fixture
def postgres_url():
    with postgres.cluster() as cluster, postgres.database(cluster) as url:
        yield url


def test_nothing_else_can_be_written(image, data):
    """The root is read-only, and was not merely not written to."""
    outside = image.argv(data, "/usr/bin/pxe-init-server", "man", "/tmp/pages")
    done = subprocess.run(outside, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 1 and "Read-only file system" in done.stderr
    inside = image.argv(data, "/usr/bin/pxe-init-server", "man", "/var/lib/pxe-init/pages")
    subprocess.run(inside, env=clean_environment(), check=True)


def wait_ready(port: int, server: Child) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert server.running and time.monotonic() < deadline, server.output
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
