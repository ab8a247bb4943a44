"""A network of its own, in a network namespace: a switch, cables to machines, and the DHCP servers of `config/examples`."""

import ctypes
import dataclasses
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .debian import debian_tool
from .paths import ROOT
from .process import Child
from .qemu import Hardware

# What the examples call pxe-init, which is this end of the switch here.
SERVER = "10.1.0.5"
SWITCH = "lan0"
EXAMPLES = ROOT / "config" / "examples"
IPXE = Path("/usr/lib/ipxe")

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Lan:
    """The network, while it is there. Everything that this thread starts is in it."""

    def __init__(self, directory: Path):
        self.directory = directory
        self._cables = 0
        self._children: list[Child] = []
        for command in (
            "link set lo up",
            f"link add {SWITCH} type bridge",
            f"addr add {SERVER}/24 dev {SWITCH}",
            f"link set {SWITCH} up",
        ):
            ip(command)

    def cable(self) -> str:
        """A cable from the switch to a machine."""
        name = f"machine{self._cables}"
        self._cables += 1
        ip(f"tuntap add dev {name} mode tap")
        ip(f"link set {name} master {SWITCH} up")
        return name

    def plug(self, hardware: Hardware, own_boot: str | None = None) -> Hardware:
        """The same hardware, with a cable of this network."""
        return dataclasses.replace(hardware, cable=self.cable(), own_boot=own_boot)

    def dnsmasq(self, example: str, http_port: int, prefix: tuple[str, ...] = (), interface: str = SWITCH) -> Child:
        """Starts dnsmasq on an example, with nothing but the interface, the TFTP directory and the port changed."""
        text = (EXAMPLES / example).read_text() if "\n" not in example else example
        text = text.replace("interface=eth0", f"interface={interface}\nbind-interfaces")
        text = text.replace("/srv/tftp", str(IPXE)).replace(f"{SERVER}:8080", f"{SERVER}:{http_port}")
        count = len(self._children)
        file = self.directory / f"dnsmasq-{count}.conf"
        leases = self.directory / f"leases-{count}"
        file.write_text(text + f"\nlog-dhcp\ndhcp-leasefile={leases}\n")
        argv = [*prefix, *dnsmasq(), "--keep-in-foreground", "--log-facility=-", "--user=root", f"--conf-file={file}"]
        argv += [f"--pid-file={self.directory / f'dnsmasq-{count}.pid'}"]
        child = Child(argv, self.directory / f"dnsmasq-{count}.log")
        self._children.append(child)
        child.wait_until(lambda: "started" in child.output or not child.running, 20)
        assert child.running, child.output
        return child

    def close(self) -> None:
        for child in self._children:
            child.terminate()


@contextmanager
def lan(directory: Path) -> Iterator[Lan]:
    """Skips the test where there can be no such network."""
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists() or not shutil.which("ip"):
        pytest.skip("a network of its own takes root, /dev/net/tun and ip (Debian package iproute2)")
    if not (IPXE / "ipxe.efi").exists():
        pytest.skip("ipxe.efi is not installed (Debian package ipxe)")
    dnsmasq()
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if _libc.unshare(_CLONE_NEWNET) != 0:
            pytest.skip(f"no network namespaces here: {os.strerror(ctypes.get_errno())}")
        network = None
        try:
            network = Lan(directory)
            yield network
        finally:
            if network:
                network.close()
            # The namespace goes with the last process in it, and all its devices.
            assert _libc.setns(home, _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    finally:
        os.close(home)


def dnsmasq() -> list[str]:
    """The command; skips the test where there is none."""
    if found := shutil.which("dnsmasq"):
        return [found]
    return debian_tool("dhcp", "usr/sbin/dnsmasq")


def ip(command: str) -> None:
    done = subprocess.run(["ip", *command.split()], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {command}: {done.stderr}"
