"""Machines: iPXE from the ROM of QEMU's network card, on BIOS or UEFI, watched through the serial console."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from .process import Child

QEMU = "qemu-system-x86_64"
# One file with both ROMs, for BIOS and for UEFI; Debian's package ipxe-qemu.
ROM = Path("/usr/lib/ipxe/qemu/efi-virtio.rom")
UEFI_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
UEFI_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
FIRMWARES = ("bios", "uefi")
# Boots take 10 to 20 s on an idle computer.
BOOT_TIMEOUT = 180.0
# What iPXE prints when it has the first script.
ASKED = "boot.ipxe : "

# After these nothing more happens, until somebody comes.
DEAD_ENDS = ("No bootable device.", "Shell> ")

_ESCAPES = re.compile(r"\x1b\[[0-9;=?]*[A-Za-z]|\x1bc|\r")


@dataclass(frozen=True)
class Hardware:
    """What a machine says about itself."""

    mac: str
    uuid: str
    serial: str
    firmware: str = "bios"
    # An image of a local disk, tried after the network.
    disk: Path | None = None
    # The end of a cable (a tap device), in the place of QEMU's own network.
    cable: str | None = None
    # Which of the firmware's own ways UEFI takes to the network: PXE or HTTP. None: the card's iPXE.
    own_boot: str | None = None

    @property
    def platform(self) -> str:
        """iPXE's `${platform}`."""
        return {"bios": "pcbios", "uefi": "efi"}[self.firmware]

    @property
    def arch(self) -> str:
        """iPXE's `${buildarch}`."""
        return {"bios": "i386", "uefi": "x86_64"}[self.firmware]


class Machine:
    """One that is powered on, and asks for `bootfile` first."""

    def __init__(self, hardware: Hardware, bootfile: str, log: Path):
        require(hardware.firmware)
        self.hardware = hardware
        self.log = log
        self._child = Child(_argv(hardware, bootfile), log)

    @property
    def console(self) -> str:
        """The text on the serial console until now, without terminal control."""
        return console(self._child.output)

    @property
    def text(self) -> str:
        """The same as one line: a BIOS console breaks lines at 80 columns, in the middle of words."""
        return console_text(self._child.output)

    def wait_for(self, marker: str, timeout: float = BOOT_TIMEOUT, after: int = 0) -> int:
        """Waits until the console shows `marker`, from the position `after` on. The position behind it."""
        def decided() -> bool:
            text = self.text
            return text.find(marker, after) >= 0 or any(end in text for end in DEAD_ENDS)

        self._child.wait_until(decided, timeout)
        if self.text.find(marker, after) < 0:
            state = "still runs" if self._child.running else f"ended with {self._child.returncode}"
            raise AssertionError(
                f"no {marker!r} on the console within {timeout:.0f} s; the machine {state}. Its console:\n"
                + "\n".join(self.console.splitlines()[-60:])
            )
        return self.text.find(marker, after) + len(marker)

    def wait_off(self, timeout: float = BOOT_TIMEOUT) -> None:
        """Waits until it has powered itself off."""
        code = self._child.wait(timeout)
        assert code == 0, f"QEMU ended with {code}:\n{self.console}"

    def stop(self) -> None:
        """Pulls the plug."""
        self._child.terminate()


def console(output: str) -> str:
    """What a serial console shows, without terminal control."""
    return _ESCAPES.sub("", output)


def console_text(output: str) -> str:
    """The same as one line."""
    return console(output).replace("\n", "")


def require(firmware: str) -> None:
    """Skips the test where such machines can not run."""
    if not shutil.which(QEMU):
        pytest.skip(f"{QEMU} is not installed")
    needed = [ROM] if firmware == "bios" else [ROM, UEFI_CODE, UEFI_VARS]
    for file in needed:
        if not file.exists():
            pytest.skip(f"{file} is not installed")


def kernel_arguments(machine: Machine, timeout: float = BOOT_TIMEOUT) -> list[str]:
    """Waits until Linux runs. The arguments that it was started with, as its initramfs printed them."""
    begin = machine.wait_for("PXE-INIT-CMDLINE ", timeout)
    end = machine.wait_for(" PXE-INIT-BOOTED", timeout, after=begin)
    return machine.text[begin : end - len(" PXE-INIT-BOOTED")].split()


def _argv(hardware: Hardware, bootfile: str) -> list[str]:
    argv = [QEMU, "-accel", "tcg", "-m", "512", "-nodefaults", "-no-reboot"]
    argv += ["-vga", "none", "-display", "none", "-serial", "stdio", "-monitor", "none"]
    if hardware.firmware == "uefi":
        argv += ["-machine", "q35"]
        argv += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={UEFI_CODE}"]
        argv += ["-drive", f"if=pflash,format=raw,unit=1,snapshot=on,file={UEFI_VARS}"]
    else:
        argv += ["-machine", "pc,graphics=off"]
    if hardware.cable:
        argv += ["-netdev", f"tap,id=n0,ifname={hardware.cable},script=no,downscript=no"]
    else:
        argv += ["-netdev", f"user,id=n0,bootfile={bootfile}"]
    # Without its ROM the card has no iPXE, and the firmware does it.
    rom = ",romfile=" if hardware.own_boot else ""
    argv += ["-device", f"virtio-net-pci,netdev=n0,mac={hardware.mac},bootindex=1{rom}"]
    if hardware.own_boot:
        off = ["IPv6PXESupport"] + (["IPv4PXESupport"] if hardware.own_boot == "HTTP" else [])
        argv += [word for name in off for word in ("-fw_cfg", f"name=opt/org.tianocore/{name},string=n")]
    argv += ["-uuid", hardware.uuid, "-smbios", f"type=1,serial={hardware.serial}"]
    if hardware.disk:
        argv += ["-drive", f"if=none,id=d0,format=raw,snapshot=on,file={hardware.disk}"]
        argv += ["-device", "virtio-blk-pci,drive=d0,bootindex=2"]
    return argv
