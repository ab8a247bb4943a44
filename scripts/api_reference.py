"""Prints docs/api.md, made of the definitions in proto/ and their comments.

    .build/venv/bin/python scripts/api_reference.py > docs/api.md
"""

import re
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

PROTO = Path(__file__).resolve().parent.parent / "proto"

HEAD = """\
# The management API

gRPC, package `pxe_init.v1`, with health and reflection. The client is its first user: [cli.md](cli.md). The definitions are in
[`proto/pxe_init/v1/`](../proto/pxe_init/v1); the first system's service, `v1.PxeInit`, is in [`proto/v1/`](../proto/v1).

Made of the comments there by `scripts/api_reference.py`; do not edit. In the tables, `[]` is a list, `?` a field that may be left
out where that differs from an empty one.
"""

# Numbers in the paths of comments (descriptor.proto): which field of a file or message holds what.
SERVICE, MESSAGE, ENUM, METHOD, FIELD, NESTED, NESTED_ENUM, VALUE = 6, 4, 5, 2, 2, 3, 4, 2


def main() -> int:
    lines: list[str] = []
    status = reference(lines)
    sys.stdout.write(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip("\n") + "\n")
    return status


def reference(out: list[str]) -> int:
    """Adds all of it."""
    files = sorted(PROTO.rglob("*.proto"))
    with tempfile.NamedTemporaryFile() as set_file:
        names = [str(file.relative_to(PROTO)) for file in files]
        include = Path(protoc.__file__).parent / "_proto"
        arguments = ["protoc", f"-I{PROTO}", f"-I{include}", "--include_source_info", f"--descriptor_set_out={set_file.name}"]
        if status := protoc.main([*arguments, *names]):
            return status
        descriptors = FileDescriptorSet.FromString(Path(set_file.name).read_bytes())
    out.append(HEAD)
    for file in descriptors.file:
        if file.package == "pxe_init.v1":
            document(file, out)
    return 0


def document(file, out: list[str]) -> None:
    comments = {tuple(at.path): text(at.leading_comments or at.trailing_comments) for at in file.source_code_info.location}
    for s, service in enumerate(file.service):
        out.append(f"## {service.name}\n\n{comments.get((SERVICE, s), '')}\n")
        for m, method in enumerate(service.method):
            stream = "stream " if method.server_streaming else ""
            out.append(f"### {service.name}.{method.name}\n")
            out.append(f"{comments.get((SERVICE, s, METHOD, m), '')}\n")
            out.append(f"`{local(method.input_type)}` → `{stream}{local(method.output_type)}`\n")
    if file.message_type or file.enum_type:
        out.append(f"## Messages of {Path(file.name).name}\n")
    for m, message in enumerate(file.message_type):
        describe(message, message.name, (MESSAGE, m), comments, out)
    for e, enum in enumerate(file.enum_type):
        describe_enum(enum, enum.name, (ENUM, e), comments, out)


def describe(message: DescriptorProto, name: str, path: tuple, comments: dict, out: list[str]) -> None:
    out.append(f"### {name}\n\n{comments.get(path, '')}\n")
    if message.field:
        out.append("| field | type | |\n|---|---|---|")
        for f, field in enumerate(message.field):
            told = " ".join(comments.get((*path, FIELD, f), "").split()).replace("|", "\\|")
            out.append(f"| `{field.name}` | {kind(field, message)} | {told} |")
        out.append("")
    for n, nested in enumerate(message.nested_type):
        if not nested.options.map_entry:
            describe(nested, f"{name}.{nested.name}", (*path, NESTED, n), comments, out)
    for e, enum in enumerate(message.enum_type):
        describe_enum(enum, f"{name}.{enum.name}", (*path, NESTED_ENUM, e), comments, out)


def describe_enum(enum, name: str, path: tuple, comments: dict, out: list[str]) -> None:
    out.append(f"### {name}\n\n{comments.get(path, '')}\n\n| value | number | |\n|---|---|---|")
    for v, value in enumerate(enum.value):
        told = " ".join(comments.get((*path, VALUE, v), "").split()).replace("|", "\\|")
        out.append(f"| `{value.name}` | {value.number} | {told} |")
    out.append("")


def kind(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    """Its type in a few letters."""
    name = local(field.type_name) if field.type_name else FieldDescriptorProto.Type.Name(field.type)[5:].lower()
    entry = next((n for n in message.nested_type if n.options.map_entry and field.type_name.endswith(f".{n.name}")), None)
    if entry:
        key, value = entry.field
        return f"map of {kind(key, message)} to {kind(value, message)}"
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"`{name}[]`"
    return f"`{name}?`" if field.proto3_optional else f"`{name}`"


def local(name: str) -> str:
    return name.removeprefix(".").removeprefix("pxe_init.v1.")


def text(comment: str) -> str:
    return "\n".join(line.removeprefix(" ") for line in comment.rstrip().splitlines())


if __name__ == "__main__":
    sys.exit(main())
