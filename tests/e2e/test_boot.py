"""A real machine boots what it was given, and Linux sees the arguments made for it."""

from harness.qemu import kernel_arguments

# Says on the kernel's command line all that the server knows.
TELL_ALL = """\
#!ipxe
kernel {{ image.kernel }} initrd=initrd.img {{ image.args|cmdline }} \
e2e.site={{ params.site }} e2e.mac={{ facts.mac }} e2e.uuid={{ facts.uuid }} e2e.serial={{ facts.serial }} \
e2e.platform={{ facts.platform }} e2e.arch={{ facts.arch }} e2e.rule={{ rule.name }}
initrd --name initrd.img {{ image.initrds[0] }}
boot
"""


def test_rule_image_template(boot_server, boot_cli, hardware, power_on, firmware):
    """Rule → image → template → Linux; the server saw who asked."""
    this = hardware(firmware)
    boot_cli.template("tell-all", TELL_ALL)
    boot_cli.linux_image("linux-a", "--param", "site=from-image", "--template", "ipxe=tell-all")
    boot_cli("rule", "register", "everyone", "--image", "linux-a")
    boot_cli(
        *("rule", "register", "this-one", "--priority", "10", "--match", f"serial={this.serial}"),
        *("--image", "linux-a", "--param", "site=rack-7"),
    )

    machine = power_on(this, boot_server)
    arguments = kernel_arguments(machine)

    assert "console=ttyS0" in arguments
    assert "e2e.site=rack-7" in arguments
    assert "e2e.rule=this-one" in arguments
    assert f"e2e.mac={this.mac}" in arguments
    assert f"e2e.uuid={this.uuid}" in arguments
    assert f"e2e.serial={this.serial}" in arguments
    assert f"e2e.platform={this.platform}" in arguments
    assert f"e2e.arch={this.arch}" in arguments
    machine.wait_off()


def test_binding_wins_over_rule(boot_server, boot_cli, hardware, power_on, firmware):
    """The image that a machine is bound to, with the built-in template and the machine's own argument."""
    this = hardware(firmware)
    boot_cli.linux_image("by-rule", "--arg", "e2e.image=by-rule", "--template", "ipxe=linux")
    boot_cli.linux_image("by-binding", "--arg", "e2e.image=by-binding", "--template", "ipxe=linux")
    boot_cli("rule", "register", "loud", "--priority", "1000", "--match", f"mac={this.mac}", "--image", "by-rule")
    boot_cli("machine", "register", "node1", "--mac", this.mac, "--image", "by-binding")

    arguments = kernel_arguments(power_on(this, boot_server))

    assert "e2e.image=by-binding" in arguments
    assert "e2e.image=by-rule" not in arguments


def test_preview_is_what_the_machine_gets(boot_server, boot_cli, hardware, power_on):
    """`preview` with the machine's facts prints the very script that the machine then boots."""
    this = hardware()
    boot_cli.template("tell-all", TELL_ALL)
    boot_cli.linux_image("linux-a", "--param", "site=rack-1", "--template", "ipxe=tell-all")
    boot_cli("rule", "register", "everyone", "--image", "linux-a")
    facts = {"serial": this.serial, "platform": this.platform, "arch": this.arch}

    preview = boot_cli(
        *("preview", "--mac", this.mac, "--uuid", this.uuid),
        *(word for name, value in facts.items() for word in ("--fact", f"{name}={value}")),
    )
    arguments = kernel_arguments(power_on(this, boot_server))

    kernel_line = next(line for line in preview.splitlines() if line.startswith("kernel "))
    told = [word for word in kernel_line.split() if word.startswith("e2e.")]
    assert told and told == [word for word in arguments if word.startswith("e2e.")]

