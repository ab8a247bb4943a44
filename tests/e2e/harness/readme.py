"""The commands of the README.

A fenced block is run when the last line with text before it is `<!-- test: serve -->` (it serves, in the foreground) or
`<!-- test: run -->` (it ends by itself). In a `console` block the lines that begin with `$ ` are the commands, and the
others are what they print; every other block is all commands.
"""

import re
from dataclasses import dataclass

_MARK = re.compile(r"<!--\s*test:\s*(\S+)\s*-->")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*(\S*)")


@dataclass(frozen=True)
class Block:
    """A marked block; `line` is that of its fence, from 1."""

    role: str
    line: int
    commands: str


def blocks(markdown: str) -> list[Block]:
    """The marked blocks, in order. ValueError for a mark that stands before no block, or that we do not know."""
    found: list[Block] = []
    lines = enumerate(markdown.splitlines(), start=1)
    mark: tuple[str, int] | None = None
    for number, line in lines:
        if opening := _FENCE.match(line):
            content = _until_closed(lines, opening[1])
            if mark:
                found.append(Block(mark[0], number, _commands(opening[2], content)))
            mark = None
        elif marked := _MARK.fullmatch(line.strip()):
            if marked[1] not in ("serve", "run"):
                raise ValueError(f"line {number}: `test: {marked[1]}` is neither serve nor run")
            mark = (marked[1], number)
        elif line.strip() and mark:
            raise ValueError(f"line {mark[1]}: the mark stands before no block")
    if mark:
        raise ValueError(f"line {mark[1]}: the mark stands before no block")
    return found


def _until_closed(lines, fence: str) -> list[str]:
    content = []
    for _, line in lines:
        if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            break
        content.append(line)
    return content


def _commands(language: str, content: list[str]) -> str:
    if language in ("console", "shell-session"):
        content = [line[2:] for line in content if line.startswith("$ ")]
    return "\n".join(content) + "\n"
