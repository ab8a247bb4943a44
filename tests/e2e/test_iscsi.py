"""Machines without a disk: they boot from a volume of a real iSCSI target that wants a password (CHAP), by the built-in
template `iscsi`."""

import pytest

from harness.iscsi import TARGET, Target
from harness.lan import SERVER
from harness.volume import volume

USER = "chap-user"
# 12 characters at least, by RFC 7143, section 9.2.1.
PASSWORD = "correct-horse-1"
BOOTED = "PXE-INIT-ISCSI-VOLUME"


@pytest.fixture
def target(network, tmp_path):
    disk = tmp_path / "volume.img"
    disk.write_bytes(volume(BOOTED))
    target = Target(tmp_path, disk, USER, PASSWORD)
    yield target
    target.close()


@pytest.fixture
def site(network, target, boot_server, boot_cli):
    """An image without a kernel, whose volume is at the target; each machine has its own password."""
    boot_cli(
        *("image", "register", "from-san", "--template", "ipxe=iscsi"),
        *("--param", f"iscsi_portal={SERVER}", "--param", f"iscsi_target={TARGET}"),
        *("--param", "iscsi_lun=1", "--param", f"iscsi_username={USER}", "--param", "retry_seconds=3"),
    )
    network.dnsmasq("dnsmasq.conf", boot_server.http_port)
    return boot_server


def register(cli, hardware, password: str) -> None:
    cli(*("machine", "register", "node1", "--mac", hardware.mac, "--image", "from-san", "--param", f"iscsi_password={password}"))


def test_boots_from_the_volume(network, target, site, boot_cli, hardware, power_on, firmware):
    """Logged in as the template says who it is; and nobody but the machine sees the password."""
    this = network.plug(hardware(firmware))
    register(boot_cli, this, PASSWORD)

    machine = power_on(this, site)
    machine.wait_for(f"{firmware.upper()} {BOOTED}")

    assert "iqn.2010-04.org.ipxe:node1" in target.sessions()
    shown = boot_cli("preview", "node1")
    assert f"set username {USER}" in shown and PASSWORD not in shown
    assert PASSWORD in boot_cli("preview", "node1", "--show-secrets")
    assert PASSWORD not in site.output


def test_wrong_password(network, target, site, boot_cli, hardware, power_on):
    """iPXE says that it may not, and asks the server again, which has the right password by then."""
    this = network.plug(hardware("bios"))
    register(boot_cli, this, "wrong-password-1")

    machine = power_on(this, site)
    denied = machine.wait_for("Could not open SAN device: Operation not permitted")
    said = machine.wait_for("from-san: loading failed, asking again in", after=denied)
    assert "authentication of iqn.2010-04.org.ipxe:node1 failed" in target.output
    register(boot_cli, this, PASSWORD)

    machine.wait_for(f"BIOS {BOOTED}", after=said)
