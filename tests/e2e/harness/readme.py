"""The commands of the README and of docs/getting-started.md.

A fenced block is of use to a test when the last line with text before it is `<!-- test: ROLE -->`, where the role is

- `serve`: it serves, in the foreground;
- `run`: it ends by itself, well;
- `fails`: it ends by itself, with an error;
- `prints`: what the `run` or `fails` before it prints, line by line, where `…` stands for anything;
- `machine`: it powers a machine on, in the foreground;
- `console`: what the machine's console shows, likewise.

In a `console` block the lines that begin with `$ ` are the commands, and the
others are what they print; every other block is all commands.
"""

import re
from dataclasses import dataclass

_MARK = re.compile(r"<!--\s*test:\s*(\S+)\s*-->")
_ROLES = ("serve", "run", "fails", "prints", "machine", "console")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*(\S*)")


@dataclass(frozen=True)
class Block:
    """A marked block; `line` is that of its fence, from 1."""

    role: str
    line: int
    commands: str

    @property
    def pieces(self) -> list[str]:
        """Of what is printed: the texts that follow each other, between line ends and `…`."""
        return [piece.strip() for piece in re.split(r"[\n…]", self.commands) if piece.strip()]


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
            if marked[1] not in _ROLES:
                raise ValueError(f"line {number}: `test: {marked[1]}` is none of {', '.join(_ROLES)}")
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
