"""Real Ignition takes its document from the server, by the kernel arguments that the server gave, and sets the computer up."""

import json
import re

import pytest

from harness.debian import debian_root
from harness.own_root import own_root

# Where Debian has it: in the initramfs that dracut makes.
IGNITION = "/usr/lib/dracut/modules.d/30ignition/ignition"

DOCUMENT = """\
{
  "ignition": { "version": "3.3.0" },
  "passwd": {
    "users": [{ "name": "operator1", "gecos": {{ params.operator }}, "sshAuthorizedKeys": {{ params.ssh_keys }} }]
  },
  "storage": {
    "files": [
      { "path": "/etc/hostname", "mode": 420, "overwrite": true,
        "contents": { "source": {{ "data:," ~ machine.hostname|uri ~ "%0A" }} } },
      { "path": "/etc/pxe-init-site", "mode": 416, "contents": { "source": {{ server.url_for("text") }} } }
    ],
    "links": [{ "path": "/etc/pxe-init-link", "target": "/etc/pxe-init-site" }]
  }
}
"""

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMn operator1@example"


@pytest.fixture
def machine(network, boot_server, boot_cli, hardware):
    """A machine of Fedora CoreOS' template, with a document of its own."""
    this = hardware()
    boot_cli.template("site.ign", DOCUMENT, "ignition")
    boot_cli.template("site.text", "{{ params.site }} has {{ machine.serial }}\n", "text")
    boot_cli.linux_image(
        *("coreos", "--rootfs", "rootfs.img", "--param", "ignition=true", "--template", "ipxe=coreos"),
        *("--template", "ignition=site.ign", "--template", "text=site.text"),
    )
    boot_cli(
        *("machine", "register", "web-1", "--mac", this.mac, "--serial", this.serial, "--image", "coreos"),
        *("--hostname", "web-1.example.org", "--param", "site=rack 7: the left", "--param", 'operator=Ö "the one"'),
        *("--param", f'ssh_keys=["{KEY}"]'),
    )
    return this


def kernel_line(server, machine) -> str:
    script = server.get(f"/ipxe?mac={machine.mac}&serial={machine.serial}")[2]
    return re.search(r"^kernel \S+ (.*)$", script, re.MULTILINE)[1]


def stage(computer, name: str):
    platform = re.search(r"ignition.platform.id=(\S+)", computer("cat", "/proc/cmdline"))[1]
    return computer.run(IGNITION, f"--platform={platform}", f"--stage={name}", "--root=/", "--log-to-stdout")


def without_selinux(computer) -> None:
    """Debian's Ignition labels files whether there is SELinux or not; here this does nothing."""
    (computer.files / "etc/selinux").mkdir(exist_ok=True)
    (computer.files / "etc/selinux/config").write_text("SELINUXTYPE=none\n")
    setfiles = computer.files / "usr/sbin/setfiles"
    setfiles.write_text("#!/bin/sh\n")
    setfiles.chmod(0o755)


def test_it_is_applied(machine, boot_server, tmp_path):
    """Users, keys, files of the document and of the server, links; and the validator finds nothing."""
    arguments = kernel_line(boot_server, machine)
    assert "ignition.firstboot" in arguments

    with own_root(tmp_path / "own-root", debian_root("ignition"), arguments) as computer:
        without_selinux(computer)
        for name in ("fetch", "files"):
            done = stage(computer, name)
            assert done.returncode == 0, done.stdout + done.stderr

        fetched = computer("cat", "/run/ignition.json")
        (computer.files / "tmp/fetched.ign").write_text(fetched)
        assert computer("ignition-validate", "/tmp/fetched.ign") == ""
        document = json.loads(fetched)
        assert document["passwd"]["users"][0]["sshAuthorizedKeys"] == [KEY]
        document["storage"]["files"][0]["path"] = "etc/hostname"
        (computer.files / "tmp/broken.ign").write_text(json.dumps(document))
        assert computer.run("ignition-validate", "/tmp/broken.ign").returncode == 1

        entry = computer("getent", "passwd", "operator1").strip().split(":")
        assert entry[4:6] == ['Ö "the one"', "/home/operator1"]
        assert computer("cat", "/home/operator1/.ssh/authorized_keys.d/ignition").strip() == KEY
        assert computer("cat", "/etc/hostname") == "web-1.example.org\n"
        assert computer("cat", "/etc/pxe-init-link") == f"rack 7: the left has {machine.serial}\n"
        assert computer("stat", "-c", "%a", "/etc/pxe-init-site").strip() == "640"


def test_what_the_server_refuses_stops_the_machine(machine, boot_server, boot_cli, tmp_path):
    """A document that can not be had is fatal for Ignition: it does not go on without."""
    arguments = kernel_line(boot_server, machine)
    boot_cli("machine", "delete", "web-1")

    with own_root(tmp_path / "own-root", debian_root("ignition"), arguments) as computer:
        done = stage(computer, "fetch")
        assert done.returncode != 0
        assert "GET result: Not Found" in done.stdout
        assert computer.run("cat", "/run/ignition.json").returncode != 0
