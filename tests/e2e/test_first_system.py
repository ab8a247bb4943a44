"""The first system's clients work unchanged: its gRPC service, its commands, its paths."""

import importlib
import sys

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_tools import protoc

from harness.paths import PROTO

TIMEOUT = 20


@pytest.fixture(scope="session")
def stubs(tmp_path_factory):
    """The messages and the client that grpcio makes of the first system's definitions."""
    out = tmp_path_factory.mktemp("stubs")
    arguments = ["protoc", f"-I{PROTO}", f"--python_out={out}", f"--grpc_python_out={out}", "v1/pxe_init.proto"]
    assert protoc.main(arguments) == 0
    sys.path.insert(0, str(out))
    try:
        yield importlib.import_module("v1.pxe_init_pb2"), importlib.import_module("v1.pxe_init_pb2_grpc")
    finally:
        sys.path.remove(str(out))


@pytest.fixture
def channel(server):
    with grpc.insecure_channel(server.grpc_target) as channel:
        yield channel


@pytest.fixture
def client(stubs, channel):
    return stubs[1].PxeInitStub(channel)


def test_list_images(server, cli, stubs, client):
    """URLs are absolute; a null image is none of the first system's."""
    cli("image", "register", "linux", "--kernel", "k/vmlinuz", "--initrd", "k/first", "--initrd", "k/second")
    cli("image", "register", "coreos", "--kernel", "http://10.1.1.1/k", "--initrd", "http://10.1.1.1/i", "--rootfs", "r")
    cli("image", "register", "from-disk")

    images = {image.name: image for image in client.ListImages(stubs[0].ListImagesRequest(), timeout=TIMEOUT).images}

    assert set(images) == {"linux", "coreos"}
    assert images["coreos"].kernel == "http://10.1.1.1/k"
    assert images["coreos"].initrd == "http://10.1.1.1/i"
    for url, path in [(images["linux"].kernel, "k/vmlinuz"), (images["linux"].initrd, "k/first"), (images["coreos"].rootfs, "r")]:
        assert url.startswith("http://") and url.endswith(f"/{path}")
    assert images["linux"].rootfs == ""


def test_register_image_machine(server, cli, stubs, client):
    """Binds a machine, whether it was known before or not."""
    cli("image", "register", "linux", "--kernel", "http://10.1.1.1/one", "--initrd", "i", "--template", "ipxe=linux")
    cli("image", "register", "other", "--kernel", "http://10.1.1.1/two", "--initrd", "i", "--template", "ipxe=linux")

    for image, url in [("linux", "http://10.1.1.1/one"), ("other", "http://10.1.1.1/two")]:
        register(stubs, client, "52:54:00:AA:BB:CC", image)
        status, headers, script = server.get("/ipxe?uuid=&mac=52-54-00-aa-bb-cc&domain=&hostname=&serial=")
        assert status == 200 and headers["content-type"].startswith("text/plain")
        assert script.startswith("#!ipxe\n") and url in script


@pytest.mark.parametrize(
    ("mac", "image", "code"),
    [
        ("52:54:00:aa:bb:cc", "nosuch", grpc.StatusCode.NOT_FOUND),
        ("52:54:00:aa:bb:cc", "", grpc.StatusCode.INVALID_ARGUMENT),
        ("52:54:00:aa:bb", "linux", grpc.StatusCode.INVALID_ARGUMENT),
        ("not a mac", "linux", grpc.StatusCode.INVALID_ARGUMENT),
        ("", "linux", grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
def test_register_image_machine_refuses(cli, stubs, client, mac, image, code):
    """A refusal has its code and a message, and changes nothing."""
    cli("image", "register", "linux", "--kernel", "k")

    with pytest.raises(grpc.RpcError) as refusal:
        register(stubs, client, mac, image)

    assert refusal.value.code() == code
    assert refusal.value.details()
    assert cli.names("machine") == set()


def test_a_request_without_machine_is_invalid(stubs, client):
    with pytest.raises(grpc.RpcError) as refusal:
        client.RegisterImageMachine(stubs[0].RegisterImageMachineRequest(), timeout=TIMEOUT)
    assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_commands(cli):
    """`list-images` and `register-machine-image` with its options."""
    cli("image", "register", "linux", "--kernel", "k", "--initrd", "i", "--rootfs", "r")

    table = cli("list-images").splitlines()
    cli("register-machine-image", "--mac-address", "52:54:00:aa:bb:cc", "--image-name", "linux")

    header = [cell.strip() for cell in next(line for line in table if "NAME" in line).strip("|│ ").replace("│", "|").split("|")]
    assert header == ["NAME", "KERNEL", "INITRD", "ROOTFS"]
    assert len(cli.names("machine")) == 1


def test_health_and_reflection(channel):
    """What load balancers and grpcurl ask."""
    health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
    assert health.status == health_pb2.HealthCheckResponse.SERVING

    services = set(ProtoReflectionDescriptorDatabase(channel).get_services())
    assert {"v1.PxeInit", "pxe_init.v1.ImageService", "pxe_init.v1.BootService", "grpc.health.v1.Health"} <= services


def register(stubs, client, mac: str, image: str) -> None:
    machine = stubs[0].Machine(mac=mac, image=image)
    client.RegisterImageMachine(stubs[0].RegisterImageMachineRequest(machine=machine), timeout=TIMEOUT)
