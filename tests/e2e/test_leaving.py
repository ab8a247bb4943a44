"""Machines that leave the network for their next boot device: on purpose, or because nobody answered."""

from harness.boot_assets import LOCAL_DISK
from harness.qemu import ASKED

# What the firmware says once iPXE has given the machine back.
LEFT = {"bios": "No more network devices", "uefi": "BdsDxe: failed to load Boot0001"}


def test_null_image_boots_the_disk(server, cli, hardware, power_on, local_disk):
    """The template `local` leaves to the next boot device, which is the disk."""
    this = hardware("bios", disk=local_disk)
    cli("image", "register", "from-disk")
    cli("machine", "register", "node1", "--mac", this.mac, "--image", "from-disk")

    power_on(this, server).wait_for(LOCAL_DISK)


def test_null_image_leaves_ipxe(server, cli, hardware, power_on, firmware):
    """Without a disk the firmware says that it is its turn again."""
    this = hardware(firmware)
    cli("image", "register", "from-disk")
    cli("rule", "register", "everyone", "--image", "from-disk")

    machine = power_on(this, server)
    machine.wait_for(LEFT[firmware], after=machine.wait_for(ASKED))


def test_nobody_listens(make_server, hardware, power_on, local_disk):
    """What we can not help: a server that is not there when the machine asks for its boot file. iPXE does not ask again,
    and the machine goes to its disk; a power-on later than the server is fine. See docs/testing.md."""
    absent = make_server()
    absent.pick_ports()

    machine = power_on(hardware("bios", disk=local_disk), absent)
    refused = machine.wait_for("Connection reset")
    machine.wait_for(LOCAL_DISK, after=refused)


def test_not_found_leaves_at_once(make_server, hardware, power_on, firmware):
    """A 404 means that there is nothing for this machine: it does not ask six times first, as it would if nobody answered."""
    server = make_server()
    server.start("--unknown", "404")

    machine = power_on(hardware(firmware), server)
    machine.wait_for(LEFT[firmware], after=machine.wait_for(ASKED))

    assert "attempt" not in machine.text
    # The log is written some milliseconds later, and at the end.
    server.stop()
    # Once for the script, and once to tell a 404 of ours from one of a file that a script wanted.
    assert server.output.count("no-match") == 2
