"""A small disk that boots on a BIOS and on UEFI, and says on the console that it did.

It is one FAT12 file system without partitions, whose boot sector is the program of the BIOS (Microsoft: FAT specification,
section 3.1), and whose one file `EFI/BOOT/BOOTX64.EFI` that of UEFI (UEFI specification, section 3.5.1.1).
"""

import struct

SECTOR = 512
# Of the file system. The disk is larger, because iPXE reads none that is smaller than a cylinder of 255 heads and 63 sectors.
SECTORS = 2048
DISK = 16 << 20
FAT_SECTORS = 6
ROOT_ENTRIES = 16
DIRECTORY = 0x10
LAST = 0xFFF


def volume(says: str) -> bytes:
    """The disk; both programs write `says` and halt."""
    program = _padded(efi_program(says))
    # Clusters are sectors, and counted from 2: a directory, the one in it, and the program.
    efi, boot, first = 2, 3, 4
    count = len(program) // SECTOR
    fat = [0xFF8, LAST, LAST, LAST, *range(first + 1, first + count), LAST]
    fat += [0] * (len(fat) % 2)
    pairs = zip(fat[::2], fat[1::2], strict=True)
    table = b"".join((low | high << 12).to_bytes(3, "little") for low, high in pairs).ljust(FAT_SECTORS * SECTOR, b"\0")
    # A directory begins with itself and the one above.
    data = _padded(_entry(".", "", efi) + _entry("..", "", 0) + _entry("BOOT", "", boot))
    data += _padded(_entry(".", "", boot) + _entry("..", "", efi) + _entry("BOOTX64", "EFI", first, size=len(program)))
    root = _padded(_entry("EFI", "", efi))
    return (boot_sector(says) + table + table + root + data + program).ljust(DISK, b"\0")


def boot_sector(says: str) -> bytes:
    """What a BIOS loads to 0x7C00 and runs: writes to the first serial port, and halts."""
    parameters = struct.pack("<HBHBHHBHHHII", SECTOR, 1, 1, 2, ROOT_ENTRIES, SECTORS, 0xF8, FAT_SECTORS, 32, 2, 0, 0)
    parameters += struct.pack("<BBBI11s8s", 0x80, 0, 0x29, 0x2D0C, b"PXE-INIT   ", b"FAT12   ")
    jump = bytes.fromhex("eb3c90")
    begin = 0x7C00 + len(jump) + 8 + len(parameters)
    head = bytes.fromhex("fa 31c0 8ed8 ba f803")  # cli; ax = ds = 0; dx = COM1
    loop = bytes.fromhex("ac 84c0 7403 ee ebf8 f4 ebfd")  # while (al = *si++) out dx, al; halt for ever
    text = begin + len(head) + 3 + len(loop)
    code = head + b"\xbe" + text.to_bytes(2, "little") + loop + f"BIOS {says}\r\n".encode() + b"\0"
    return (jump + b"pxe-init" + parameters + code).ljust(SECTOR - 2, b"\0") + b"\x55\xaa"


def efi_program(says: str) -> bytes:
    """A PE32+ image (Microsoft: PE format) of one section: writes to UEFI's console, and halts."""
    rva = 0x1000
    code = bytes.fromhex(
        "4883ec28"  # room for the callee
        "488b4a40"  # rcx = system table->ConOut
        "488d1506000000"  # rdx = the text
        "ff5108"  # ConOut->OutputString(rcx, rdx)
        "f4 ebfd"  # halt for ever
    )
    section = _padded(code + f"UEFI {says}\r\n\0".encode("utf-16-le"))
    dos = b"MZ".ljust(0x3C, b"\0") + (0x40).to_bytes(4, "little")
    coff = struct.pack("<4sHHIIIHH", b"PE", 0x8664, 1, 0, 0, 0, 0xF0, 0x22)
    optional = struct.pack("<HBBIIIII", 0x20B, 0, 0, len(section), 0, 0, rva, rva)
    optional += struct.pack("<QIIHHHHHHIIII", 0, rva, SECTOR, 0, 0, 0, 0, 0, 0, 0, 2 * rva, SECTOR, 0)
    # Of the subsystem "EFI application", without any of the sixteen directories.
    optional += struct.pack("<HHQQQQII", 10, 0, 0, 0, 0, 0, 0, 16) + bytes(16 * 8)
    header = struct.pack("<8sIIIIIIHHI", b".text", len(section), rva, len(section), SECTOR, 0, 0, 0, 0, 0xE0000020)
    return _padded(dos + coff + optional + header) + section


def _entry(name: str, extension: str, cluster: int, size: int | None = None) -> bytes:
    """Of a directory; without a size of a directory in it."""
    attributes = DIRECTORY if size is None else 0
    return f"{name:<8}{extension:<3}".encode() + struct.pack("<BBBHHHHHHHI", attributes, 0, 0, 0, 0, 0, 0, 0, 0, cluster, size or 0)


def _padded(data: bytes) -> bytes:
    """To whole sectors."""
    return data + b"\0" * (-len(data) % SECTOR)
