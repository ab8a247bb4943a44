"""What texts name, and what there is of it."""

import re
from functools import cache

import yaml

from harness.paths import ROOT

CLIENT = "pxe-init-client"


@cache
def sections() -> dict[str, str]:
    """The client's commands, each with its help."""
    reference = (ROOT / "docs" / "cli.md").read_text()
    parts = re.split(rf"^#+ {CLIENT} *", reference, flags=re.MULTILINE)[1:]
    return {part.splitlines()[0]: part for part in parts}


def wrong_command(line: str) -> str | None:
    """What is wrong with what follows the client's name: a command that there is not, or a flag that it does not take."""
    line = re.sub(r"^(--grpc-endpoint \S+|-q) ", "", line)
    command = max((c for c in sections() if c and (line == c or line.startswith(f"{c} "))), key=len, default=None)
    if command is None or (f"Usage: {CLIENT} {command} [OPTIONS] <COMMAND>" in sections()[command] and f"{command} " in line):
        return f"there is no command {CLIENT} {line}"
    everywhere = sections()[""]
    for flag in re.findall(r"(?<=\s)--?[a-z][a-z-]*", re.sub(r'"[^"]*("|$)', "", line)):
        if not re.search(rf"^ +(-\w, )?{flag}\b", sections()[command] + everywhere, re.MULTILINE):
            return f"{command} has no {flag}"
    return None


@cache
def settings() -> set[str]:
    """Every key of the server's configuration, and every section."""
    found, section = set(), ""
    for line in (ROOT / "config" / "default.toml").read_text().splitlines():
        if header := re.match(r"\[([\w.]+)\]", line):
            section = header[1]
            found.add(section)
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            found.add(f"{section}.{key[1]}")
    return found


@cache
def chart_values() -> set[str]:
    """Every value of the chart, by its path."""
    def walk(values: dict, path: str) -> set[str]:
        here = {f"{path}{key}" for key in values}
        return here.union(*(walk(value, f"{path}{key}.") for key, value in values.items() if isinstance(value, dict)))

    return walk(yaml.safe_load((ROOT / "charts" / "pxe-init" / "values.yaml").read_text()), "")


@cache
def metrics() -> set[str]:
    """Every metric, by its name in what is scraped."""
    return set(re.findall(r"pxe_init_\w+", (ROOT / "docs" / "metrics.md").read_text()))
