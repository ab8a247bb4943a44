"""Real cloud-init takes the four files of NoCloud from the server, by the kernel argument that the server gave, and sets the
computer up."""

import json
import re
import urllib.request
from pathlib import Path

import pytest

from harness.debian import debian_root
from harness.lan import ip
from harness.own_root import own_root

# In the order in which a boot runs them; the first finds out whether there is a source at all, and which.
STAGES = (
    "/usr/lib/cloud-init/ds-identify",
    "cloud-init init --local",
    "cloud-init init",
    "cloud-init modules --mode=config",
    "cloud-init modules --mode=final",
)

# There is no disk to grow, and who renders the network depends on what this computer has installed.
IMAGE = """\
growpart: { mode: "off" }
resize_rootfs: false
locale: C.UTF-8
system_info: { network: { renderers: [networkd] } }
"""

IPXE = """\
#!ipxe
kernel {{ image.kernel }} initrd=initrd.img console=ttyS0 ds=nocloud-net;s={{ server.seed_url }}
initrd --name initrd.img {{ image.initrds[0] }}
boot
"""

USER_DATA = """\
#cloud-config
users:
- name: operator1
  gecos: {{ params.operator }}
  shell: /bin/bash
  groups: [adm]
  ssh_authorized_keys: {{ params.ssh_keys }}
write_files:
- path: /etc/pxe-init-site
  permissions: "0640"
  content: {{ "site=" ~ params.site ~ "\\nserial=" ~ machine.serial ~ "\\n" }}
runcmd:
- [sh, -c, "echo from runcmd of $(hostname) >/etc/pxe-init-ran"]
"""

VENDOR_DATA = """\
#cloud-config
bootcmd:
- [sh, -c, {{ "echo of the vendor for " ~ machine.name ~ " >/etc/pxe-init-vendor" }}]
"""

NETWORK_CONFIG = """\
version: 2
ethernets:
  boot:
    match: { macaddress: {{ machine.mac }} }
    addresses: [10.1.0.77/24]
"""

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMn operator1@example"


@pytest.fixture
def machine(network, boot_server, boot_cli, hardware):
    """A machine, with documents of its own for each of the four files."""
    this = hardware()
    for kind, source in {
        "ipxe": IPXE,
        "user-data": USER_DATA,
        "vendor-data": VENDOR_DATA,
        "network-config": NETWORK_CONFIG,
    }.items():
        boot_cli.template(f"site.{kind}", source, kind)
    kinds = ("ipxe", "user-data", "vendor-data", "network-config")
    boot_cli.linux_image("cloud", *(word for kind in kinds for word in ("--template", f"{kind}=site.{kind}")))
    boot_cli(
        *("machine", "register", "web-1", "--mac", this.mac, "--serial", this.serial, "--image", "cloud"),
        *("--hostname", "web-1.example.org", "--param", "site=rack 7: the left", "--param", 'operator=Ö "the one"'),
        *("--param", f'ssh_keys=["{KEY}"]'),
    )
    ip(f"link add eth0 address {this.mac} type veth peer name other-end")
    return this


def test_it_is_applied(machine, boot_server, tmp_path):
    """Users, keys, files, the host name, the network and the vendor's part."""
    script = boot_server.get(f"/ipxe?mac={machine.mac}&serial={machine.serial}")[2]
    arguments = re.search(r"^kernel \S+ (.*)$", script, re.MULTILINE)[1]

    with own_root(tmp_path / "own-root", debian_root("cloud-init"), arguments) as computer:
        (computer.files / "etc/cloud/cloud.cfg.d/90_image.cfg").write_text(IMAGE)
        for stage in STAGES:
            computer(*stage.split())

        status = json.loads(computer("cat", "/run/cloud-init/result.json"))["v1"]
        assert status["errors"] == [] and "DataSourceNoCloudNet [seed=cmdline,http" in status["datasource"]
        assert computer("cloud-init", "query", "instance_id").strip() == "web-1"
        assert computer("hostname").strip() == "web-1"
        entry = computer("getent", "passwd", "operator1").strip().split(":")
        assert entry[4:] == ['Ö "the one"', "/home/operator1", "/bin/bash"]
        assert "adm" in computer("id", "-Gn", "operator1").split()
        assert computer("cat", "/home/operator1/.ssh/authorized_keys").strip() == KEY
        assert computer("cat", "/etc/pxe-init-site") == f"site=rack 7: the left\nserial={machine.serial}\n"
        assert computer("stat", "-c", "%a", "/etc/pxe-init-site").strip() == "640"
        assert computer("cat", "/etc/pxe-init-ran").strip() == "from runcmd of web-1"
        assert computer("cat", "/etc/pxe-init-vendor").strip() == "of the vendor for web-1"

        # Debian 12's does not ask for this one over HTTP; newer ones do, first of all.
        url = re.search(r"ds=nocloud-net;s=(\S+)", arguments)[1] + "network-config"
        (computer.files / "tmp/network-config").write_bytes(urllib.request.urlopen(url, timeout=30).read())
        computer(
            *"cloud-init devel net-convert --network-data /tmp/network-config --kind yaml --directory /tmp/made".split(),
            *"--distro debian --output-kind networkd --mac".split(), f"eth0,{machine.mac}",
        )
        made = computer("sh", "-c", "cat /tmp/made/etc/systemd/network/*.network")
        assert f"MACAddress={machine.mac}" in made and "Address=10.1.0.77/24" in made

        # It was all done to the overlay.
        assert {"etc/passwd", "etc/hostname", "etc/pxe-init-site"} <= computer.changed
    assert not Path("/etc/pxe-init-site").exists() and "operator1" not in Path("/etc/passwd").read_text()
