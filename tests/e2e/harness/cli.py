"""The real client against one server."""

import json
import subprocess

from .paths import CLIENT
from .server import Server, clean_environment


class Cli:
    """`cli("image", "register", …)` runs it."""

    def __init__(self, server: Server):
        self.server = server

    def run(self, *args: str, stdin: str | None = None, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Runs it, whatever comes out."""
        return subprocess.run(
            self.argv(*args),
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
            env=clean_environment(),
        )

    def argv(self, *args: str) -> list[str]:
        return [str(CLIENT), "--grpc-endpoint", f"grpc://{self.server.grpc_target}", *args]

    def __call__(self, *args: str, stdin: str | None = None) -> str:
        """Runs it; it must succeed. Its standard output."""
        done = self.run(*args, stdin=stdin)
        assert done.returncode == 0, f"{' '.join(args)} → {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def refused(self, *args: str, stdin: str | None = None) -> str:
        """Runs it; it must fail, say why on standard error and print no data. What it said."""
        done = self.run(*args, stdin=stdin)
        assert done.returncode != 0, f"{' '.join(args)} was accepted:\n{done.stdout}{done.stderr}"
        assert done.stdout == ""
        assert done.stderr.strip(), f"{' '.join(args)} failed without a word"
        return done.stderr

    def json(self, *args: str):
        """Runs it with `-o json`; what it printed."""
        return json.loads(self(*args, "-o", "json"))

    def names(self, noun: str) -> set[str]:
        """The names of all that is registered of one noun."""
        return {line.rsplit("/", 1)[-1] for line in self(noun, "list", "-o", "name").splitlines() if line}

    def template(self, name: str, source: str, kind: str = "ipxe") -> None:
        """Registers a template."""
        self("template", "register", name, "--kind", kind, "-f", "-", stdin=source)

    def linux_image(self, name: str, *more: str) -> None:
        """Registers an image of the kernel and initramfs of the fixture `assets`."""
        self("image", "register", name, "--kernel", "vmlinuz", "--initrd", "initrd.img", "--arg", "console=ttyS0", *more)
