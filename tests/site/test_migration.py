"""docs/migration.md: its commands, beside servers that answer as the old ones do."""

import json
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from harness import postgres
from harness.paths import CLIENT, ROOT
from harness.reader import Reader

MATCHBOX = ROOT / "tests" / "it" / "client" / "import" / "matchbox"

# The first system's, as gorm makes them.
TABLES = """
CREATE TABLE images (id bigserial PRIMARY KEY, deleted_at timestamptz, name text, kernel text, initrd text, rootfs text);
CREATE TABLE machines (id bigserial PRIMARY KEY, deleted_at timestamptz, name text, mac text, uuid text, image_id bigint);
INSERT INTO images VALUES (1, NULL, 'fcos', 'fcos/vmlinuz', 'fcos/initramfs.img', 'fcos/rootfs.img');
INSERT INTO machines VALUES (1, NULL, 'web-1', '52:54:00:00:00:01', NULL, 1), (2, NULL, '', '52:54:00:00:00:02', NULL, 1);
"""


class Old(BaseHTTPRequestHandler):
    """The first system's script for every machine, and matchbox's Ignition for the sample data's profile `live`."""

    def do_GET(self):
        url = urlsplit(self.path)
        (mac,) = parse_qs(url.query)["mac"]
        files = f"http://{self.headers['host']}"
        script = (
            f"#!ipxe\nkernel {files}/fcos/vmlinuz coreos.live.rootfs_url={files}/fcos/rootfs.img"
            f" coreos.first_boot=1 coreos.autologin\ninitrd {files}/fcos/initramfs.img\nboot\n"
        )
        keys = ["ssh-ed25519 AAAA one", "ssh-ed25519 AAAA two", "ssh-ed25519 AAAA admin"]
        ignition = {
            "ignition": {"version": "3.4.0"},
            "passwd": {"users": [{"name": "core", "sshAuthorizedKeys": keys}]},
            "storage": {"files": [{"path": "/etc/site", "mode": 420, "contents": {"source": f"data:,site%20b1%20{mac}"}}]},
        }
        body = {"/ipxe": script, "/ignition": json.dumps(ignition)}[url.path].encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody reads it."""


@pytest.fixture
def old():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Old)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Operator(Reader):
    """One who keeps what was printed."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.all = ""

    def do(self, block, where):
        super().do(block, where)
        if block.role == "run":
            self.all += self.printed


def test_all_of_it(old, tmp_path: Path):
    for tool in ("curl", "pg_dump"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    with postgres.cluster() as cluster, postgres.database(cluster) as first:
        postgres.psql(first, TABLES)
        environment = {"PATH": f"{CLIENT.parent}{os.pathsep}{os.environ['PATH']}", "OLD": old, "OLD_SERVER": old, "PXE_INIT_FIRST_SYSTEM_URL": first}
        operator = Operator(ROOT / "docs" / "migration.md", tmp_path, environment, {"/var/lib/matchbox": str(MATCHBOX)})
        operator.environment["NEW_SERVER"] = f"http://127.0.0.1:{operator.http}"
        assert operator.read() == {"serve", "run"}
    for mac in ("52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:a1:9c:ae", "52:54:00:00:00:09"):
        assert f"{mac} is the same\n" in operator.all, operator.all
    for said in ("rule/default deleted", "machine/web-1 created", "left out: ", "the first rule that matches"):
        assert said in operator.all, (said, operator.all)
