"""Machines that wait before the rack until somebody helps them, and then go on by themselves."""

import re

from harness.qemu import ASKED, Machine, kernel_arguments

NEEDS_SITE = """\
#!ipxe
kernel {{ image.kernel }} initrd=initrd.img console=ttyS0 e2e.site={{ params.site }}
initrd --name initrd.img {{ image.initrds[0] }}
boot
"""


def test_unknown_machine_is_held_until_it_is_registered(boot_server, boot_cli, hardware, power_on, firmware):
    """Its console shows who it is; once it is registered it boots."""
    this = hardware(firmware)
    boot_cli.linux_image("linux-a", "--arg", "e2e.image=linux-a", "--template", "ipxe=linux")

    machine = power_on(this, boot_server)
    show_who_it_is(machine)
    boot_cli("machine", "register", "newcomer", "--mac", this.mac, "--image", "linux-a")

    assert "e2e.image=linux-a" in kernel_arguments(machine)


def test_held_machine_outlives_a_restart_of_the_server(boot_server, boot_cli, hardware, power_on):
    """It is held, the server goes away and comes back, and the machine is still there to be helped."""
    this = hardware()
    boot_cli.linux_image("linux-a", "--arg", "e2e.image=linux-a", "--template", "ipxe=linux")

    machine = power_on(this, boot_server)
    shown = show_who_it_is(machine)
    boot_server.kill()
    machine.wait_for("Connection reset", after=shown)
    boot_server.start()
    boot_cli("machine", "register", "newcomer", "--mac", this.mac, "--image", "linux-a")

    assert "e2e.image=linux-a" in kernel_arguments(machine)


def test_failing_template_is_mended_while_the_machine_waits(boot_server, boot_cli, hardware, power_on, firmware):
    """A parameter is missing: the console says what is wrong and under which number; once it is set the machine boots."""
    this = hardware(firmware)
    boot_cli.template("needs-site", NEEDS_SITE)
    boot_cli.linux_image("linux-a", "--template", "ipxe=needs-site")
    node1 = ("machine", "register", "node1", "--mac", this.mac, "--image", "linux-a")
    assert "params.site" in boot_cli.refused(*node1), "the server does not take what would fail"
    boot_cli(*node1, "--force", "--message", "the param comes later")

    machine = power_on(this, boot_server)
    told = machine.wait_for("Asking again")
    assert "needs-site" in machine.text
    assert "params.site" in machine.text
    incident = re.search(r"^Incident +(\w+)$", machine.console, re.MULTILINE)
    assert incident, machine.console
    assert incident[1] in boot_server.output, "the log has the details under the number on the console"
    boot_cli("machine", "register", "node1", "--mac", this.mac, "--image", "linux-a", "--param", "site=mended")

    assert "e2e.site=mended" in kernel_arguments(machine)
    assert told < machine.text.index("e2e.site=mended")


def show_who_it_is(machine: Machine) -> int:
    """Waits until a script of ours shows MAC and UUID; firmware and iPXE show them too, but before. The position behind."""
    asked = machine.wait_for(ASKED)
    return max(machine.wait_for(shown, after=asked) for shown in (machine.hardware.mac, machine.hardware.uuid))
