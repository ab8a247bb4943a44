"""From `cargo metadata` on standard input to CycloneDX on standard output."""

import datetime
import json
import os
import sys
import tomllib
import uuid
from collections.abc import Iterator

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

PROGRAM = "pxe-init"


def main() -> None:
    metadata = json.load(sys.stdin)
    packages = {package["id"]: package for package in metadata["packages"]}
    links = {node["id"]: list(linked(node)) for node in metadata["resolve"]["nodes"]}
    (root,) = [id for id in metadata["workspace_members"] if packages[id]["name"] == PROGRAM]
    with open("Cargo.lock", "rb") as file:
        lock = file.read()
    checksums = {(p["name"], p["version"]): p.get("checksum") for p in tomllib.loads(lock.decode())["package"]}
    reached = reach(root, links)
    components = {id: component(packages[id], checksums, id == root) for id in sorted(reached)}

    bom = Bom(components=[made for id, made in components.items() if id != root])
    # The same of the same crates: nothing in it depends on when and where it was made.
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, lock.decode())
    bom.metadata.timestamp = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.UTC)
    bom.metadata.component = components[root]
    for id in reached:
        bom.register_dependency(components[id], [components[other] for other in links[id]])
    print(JsonV1Dot6(bom).output_as_string(indent=2))


def linked(node: dict) -> Iterator[str]:
    """What is linked: not what builds or tests it."""
    for dependency in node["deps"]:
        if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
            yield dependency["pkg"]


def reach(root: str, links: dict[str, list[str]]) -> set[str]:
    reached, open = set(), [root]
    while open:
        if (id := open.pop()) not in reached:
            reached.add(id)
            open += links[id]
    return reached


def component(package: dict, checksums: dict, is_program: bool) -> Component:
    name, version = package["name"], package["version"]
    purl = PackageURL("cargo", name=name, version=version)
    checksum = checksums.get((name, version))
    return Component(
        name=name,
        version=version,
        description=package["description"],
        type=ComponentType.APPLICATION if is_program else ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        # Cargo took "/" for OR before it took SPDX's expressions.
        licenses=[LicenseFactory().make_from_string(package["license"].replace("/", " OR "))] if package["license"] else [],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=checksum)] if checksum else [],
    )


main()
