"""Compose file, systemd unit, Debian package, DHCP examples: held against the tools that read them."""

import functools
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import compose_spec
import pytest
import yaml

from harness.paths import BUILD, ROOT, SERVER
from harness.server import clean_environment
from support import attempt, run

PACKAGING = ROOT / "packaging"
UNIT = PACKAGING / "systemd" / "pxe-init.service"
COMPOSE = PACKAGING / "compose" / "compose.yaml"
EXAMPLES = ROOT / "config" / "examples"
UNAVAILABLE = 69
# Of 100; 14 when it was written. What raises it is looked at.
MOST_EXPOSED = 20


# systemd


def needs(tool: str) -> None:
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")


def test_the_unit_is_one(tmp_path):
    needs("systemd-analyze")
    unit = tmp_path / UNIT.name
    # The program is not where the package puts it.
    unit.write_text(UNIT.read_text().replace("/usr/bin/pxe-init-server", str(SERVER)))
    done = attempt("systemd-analyze", "verify", "--man=no", unit)
    # Of other units of this computer it may complain.
    ours = [line for line in (done.stdout + done.stderr).splitlines() if UNIT.name in line]
    assert ours == []


def test_a_mistake_in_a_unit_is_found(tmp_path):
    needs("systemd-analyze")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("ProtectHome=yes", "ProtectHome=perhaps"))
    done = attempt("systemd-analyze", "verify", "--man=no", unit)
    assert f"{UNIT.name}:" in done.stdout + done.stderr and "perhaps" in done.stdout + done.stderr


def test_the_unit_is_hardened():
    needs("systemd-analyze")
    help_text = attempt("systemd-analyze", "--help").stdout
    if "--offline" not in help_text:
        pytest.skip("this systemd-analyze has no --offline")
    run("systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={MOST_EXPOSED}", UNIT)


def test_the_unit_gives_the_server_what_it_needs():
    """Time to stop, a directory to write, a command line and settings that the server takes."""
    setting = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE))
    defaults = tomllib.loads((ROOT / "config" / "default.toml").read_text())
    assert int(setting["TimeoutStopSec"]) > defaults["http"]["drain_seconds"] + defaults["http"]["stop_seconds"]
    assert setting["WorkingDirectory"] == f"/var/lib/{setting['StateDirectory']}"
    program, *arguments = setting["ExecStart"].split()
    assert program == "/usr/bin/pxe-init-server" and arguments[-1] == "serve"
    run(SERVER, "--config", PACKAGING / "config.toml", "config", "check", env=clean_environment())


# compose


def test_compose_is_valid():
    """By the specification's own schema; keys that it does not know it passes over, so that they are looked for here."""
    document = yaml.safe_load(COMPOSE.read_text())
    compose_spec.ComposeSpecification.model_validate(document)
    known = {field.alias or name for name, field in compose_spec.Service.model_fields.items()}
    for name, service in document["services"].items():
        assert set(service) <= known, name

    document["services"]["server"]["healthcheck"]["interval"] = ["10s"]
    with pytest.raises(ValueError, match="interval"):
        compose_spec.ComposeSpecification.model_validate(document)


def test_the_servers_settings_of_compose():
    """The server takes its variables and command line, and the health check too."""
    server = yaml.safe_load(COMPOSE.read_text())["services"]["server"]
    variables = {key: value.replace("/srv/boot", "/") for key, value in server["environment"].items()}
    run(SERVER, "config", "check", env=clean_environment() | variables)
    assert server["command"] == ["serve"]
    _, program, command = server["healthcheck"]["test"]
    assert program == "/usr/bin/pxe-init-server"
    run(SERVER, command, "--help")


# DHCP


@functools.cache
def dhcp_tools() -> Path:
    done = attempt(ROOT / "scripts" / "debian-tools", "dhcp")
    if done.returncode == UNAVAILABLE:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def dhcp(program: str, *arguments) -> subprocess.CompletedProcess[str]:
    root = dhcp_tools()
    libraries = ":".join(str(path) for path in [*root.glob("usr/lib/*-linux-gnu"), root / "usr/lib"])
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries}
    return attempt(root / "usr" / "sbin" / program, *arguments, env=environment)


def check(name: str, file: Path) -> subprocess.CompletedProcess[str]:
    if "dnsmasq" in name:
        return dhcp("dnsmasq", "--test", f"--conf-file={file}")
    if "kea" in name:
        return dhcp("kea-dhcp4", "-t", file)
    return dhcp("dhcpd", "-t", "-cf", file)


@pytest.mark.parametrize("name", sorted(file.name for file in EXAMPLES.iterdir()))
def test_dhcp_example(name, tmp_path):
    """Its own server reads it, and finds a mistake in it."""
    text = (EXAMPLES / name).read_text()
    good, bad = tmp_path / "good.conf", tmp_path / "bad.conf"
    # A computer has a loopback interface, whatever else it has.
    good.write_text(text.replace('"eth0"', '"lo"'))
    done = check(name, good)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "/boot.ipxe" in text

    bad.write_text(text + "dhcp-bot=x\n" if "dnsmasq" in name else text.rstrip().removesuffix("}"))
    assert check(name, bad).returncode != 0


def test_dnsmasq_of_compose():
    """The file, and the options that compose gives it, with the variables filled in."""
    command = yaml.safe_load(COMPOSE.read_text())["services"]["dnsmasq"]["command"]
    values = {"SITE_ADDRESS": "10.1.0.5", "SITE_NETWORK": "10.1.0.0"}
    filled = [re.sub(r"\$\{(\w+)(:\?[^}]*)?\}", lambda m: values[m[1]], word) for word in command]
    options = [word for word in filled[1:] if not word.startswith("--conf-file")]
    done = dhcp("dnsmasq", "--test", f"--conf-file={PACKAGING / 'compose' / 'dnsmasq.conf'}", *options)
    assert done.returncode == 0, done.stderr


# Debian package


def assets() -> list[list[str]]:
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["metadata"]["deb"]["assets"]


def test_what_the_package_takes_is_there():
    for source, target, mode in assets():
        if not source.startswith(("target/", ".build/")):
            assert list(ROOT.glob(source)), source
            assert mode == "644" and not target.startswith("/")


def test_debian_package(tmp_path):
    """Built of the debug build, unpacked, and run."""
    needs("dpkg-deb")
    if not shutil.which("cargo-deb") and not (BUILD / "cargo" / "bin" / "cargo-deb").exists():
        pytest.skip("cargo-deb is not installed, and takes minutes to build (`make deb` does)")
    if (ROOT / "target" / "release" / "pxe-init-server").exists():
        pytest.skip("target/release has programs, which the test would put others in the place of")
    package, root = tmp_path / "pxe-init.deb", tmp_path / "root"
    run(ROOT / "scripts" / "deb", "--dev", package)
    run("dpkg-deb", "--extract", package, root)

    said = run("dpkg-deb", "--field", package)
    assert re.search(r"^Package: pxe-init$", said, re.MULTILINE)
    assert re.search(r"^Depends: .*libc6", said, re.MULTILINE)
    run("dpkg-deb", "--control", package, tmp_path / "control")
    assert (tmp_path / "control" / "conffiles").read_text().strip() == "/etc/pxe-init/config.toml"
    assert "pxe-init-server" in run(root / "usr/bin/pxe-init-server", "--version")
    assert "pxe-init-client" in run(root / "usr/bin/pxe-init-client", "--version")
    run(root / "usr/bin/pxe-init-server", "--config", root / "etc/pxe-init/config.toml", "config", "check", env=clean_environment())
    for file in [
        "usr/lib/systemd/system/pxe-init.service",
        "usr/share/man/man1/pxe-init-server.1.gz",
        "usr/share/man/man1/pxe-init-client-apply.1.gz",
        "usr/share/bash-completion/completions/pxe-init-client",
        "usr/share/doc/pxe-init/dhcp/kea-dhcp4.conf",
    ]:
        assert (root / file).exists(), file
