"""The whole way, from a firmware that knows nothing: DHCP and TFTP by dnsmasq with the files of `config/examples`, iPXE, our
script, Linux.

The firmware of UEFI machines boots by its own means, PXE or HTTP. A BIOS has none in QEMU: its card has iPXE, which begins with
the second step, as on many virtual machines.
"""

import os
import subprocess
import time

import pytest

from harness.lan import IPXE, SWITCH, ip
from harness.qemu import kernel_arguments


@pytest.fixture
def chain(network, boot_server, boot_cli, assets):
    """A server in the network, and an image for each of two rules."""
    if not (assets / "ipxe.efi").exists():
        (assets / "ipxe.efi").write_bytes((IPXE / "ipxe.efi").read_bytes())
    boot_cli.linux_image("linux-bios", "--arg", "e2e.rule=bios", "--template", "ipxe=linux")
    boot_cli.linux_image("linux-uefi", "--arg", "e2e.rule=uefi", "--template", "ipxe=linux")
    boot_cli("rule", "register", "bios", "--match", "platform=pcbios", "--image", "linux-bios")
    boot_cli("rule", "register", "uefi", "--match", "platform=efi", "--image", "linux-uefi")
    return boot_server


def test_bios_and_uefi_at_once(network, chain, hardware, power_on):
    """Two machines, two firmwares, two rules, one DHCP server that gives addresses too."""
    dnsmasq = network.dnsmasq("dnsmasq.conf", chain.http_port)
    bios = power_on(network.plug(hardware("bios")), chain)
    uefi = power_on(network.plug(hardware("uefi"), "PXE"), chain)

    assert "e2e.rule=bios" in kernel_arguments(bios)
    assert "e2e.rule=uefi" in kernel_arguments(uefi)
    assert "ipxe.efi to 10.1.0." in dnsmasq.output


def test_uefi_http_boot(network, chain, hardware, power_on):
    """The firmware loads iPXE from the server's own assets: nothing speaks TFTP."""
    dnsmasq = network.dnsmasq("dnsmasq-http.conf", chain.http_port)
    machine = power_on(network.plug(hardware("uefi"), "HTTP"), chain)

    assert "e2e.rule=uefi" in kernel_arguments(machine)
    assert "dnsmasq-tftp" not in dnsmasq.output and "assets/ipxe.efi" in dnsmasq.output


def test_proxy_beside_a_foreign_server(network, chain, hardware, power_on):
    """Another host gives addresses and says nothing of booting; dnsmasq adds that."""
    foreign = subprocess.Popen(["unshare", "--net", "sleep", "600"])
    try:
        inside = ("nsenter", f"--net=/proc/{foreign.pid}/ns/net")
        ip("link add foreign type veth peer name eth0")
        ip(f"link set foreign master {SWITCH} up")
        wait_for_namespace(foreign.pid)
        ip(f"link set eth0 netns {foreign.pid}")
        for command in ("addr add 10.1.0.1/24 dev eth0", "link set eth0 up"):
            subprocess.run([*inside, "ip", *command.split()], check=True)
        plain = "port=0\ninterface=eth0\ndhcp-range=10.1.0.100,10.1.0.250,255.255.255.0,12h\n"
        other = network.dnsmasq(plain, chain.http_port, prefix=inside, interface="eth0")
        proxy = network.dnsmasq("dnsmasq-proxy.conf", chain.http_port)

        bios = power_on(network.plug(hardware("bios")), chain)
        uefi = power_on(network.plug(hardware("uefi"), "PXE"), chain)

        assert "e2e.rule=bios" in kernel_arguments(bios)
        assert "e2e.rule=uefi" in kernel_arguments(uefi)
        assert "DHCPACK" in other.output and "boot.ipxe" not in other.output
        assert "boot.ipxe" in proxy.output
    finally:
        foreign.kill()
        foreign.wait()


def wait_for_namespace(pid: int) -> None:
    """Until the process is in one of its own."""
    deadline = time.monotonic() + 10
    while os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/thread-self/ns/net"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
