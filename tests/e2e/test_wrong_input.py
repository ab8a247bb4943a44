"""Wrong input gets a message that says what is wrong, a fitting status, and changes nothing."""

import http.client

import pytest

MAC = "52:54:00:00:00:01"


@pytest.fixture
def stocked(cli):
    """One of each noun."""
    cli.template("mine", "#!ipxe\necho {{ image.name }}\n")
    cli("image", "register", "a", "--kernel", "k", "--template", "ipxe=mine")
    cli("machine", "register", "m", "--mac", MAC, "--image", "a")
    cli("rule", "register", "r", "--image", "a")
    return cli


@pytest.mark.parametrize(
    ("words", "stdin", "told"),
    [
        ("image register bad/name --kernel k", None, "bad/name"),
        ("image register a --kernel k --template ipxe=nosuch", None, "nosuch"),
        ("image register a --kernel k --template nokind=mine", None, "nokind"),
        ("image register a --kernel k --param novalue", None, "novalue"),
        ("image get nosuch", None, "nosuch"),
        ("image delete nosuch", None, "nosuch"),
        ("image delete a", None, "m"),
        ("machine register n --mac 52:54:00:zz:00:01", None, "52:54:00:zz:00:01"),
        (f"machine register n --mac {MAC}", None, MAC),
        ("machine register n --mac 52:54:00:00:00:02 --image nosuch", None, "nosuch"),
        ("machine register n --mac 52:54:00:00:00:02 --uuid 1234", None, "1234"),
        ("machine register n --mac 52:54:00:00:00:02 --hostname under_score", None, "under_score"),
        ("rule register s --match colour=red", None, "colour"),
        ("rule register s --match ip=10.0.0.0/33", None, "10.0.0.0/33"),
        ("rule register s --image nosuch", None, "nosuch"),
        ("rule register s --priority high", None, "high"),
        ("template register t --kind nosuch -f -", "text", "nosuch"),
        ("template register t --kind ipxe -f -", "#!ipxe\necho {{ image.name\n", "2"),
        ("template register t --kind ipxe -f -", "#!ipxe\necho {{ immage.name }}\n", "immage"),
        ("template register t --kind ipxe -f -", "echo no shebang\n", "#!ipxe"),
        ("template register mine --kind text -f -", "text", "kind"),
        ("template delete mine", None, "mine"),
        ("template rollback mine --revision 7", None, "7"),
        ("template show nosuch", None, "nosuch"),
        ("register-machine-image --mac-address zz --image-name a", None, "zz"),
        (f"register-machine-image --mac-address {MAC} --image-name nosuch", None, "nosuch"),
        ("preview --mac zz", None, "zz"),
        (f"preview --mac {MAC} --kind nosuch", None, "nosuch"),
        (f"preview --mac {MAC} --fact colour=red", None, "colour"),
    ],
)
def test_client(stocked, server, words, stdin, told):
    before = everything(stocked), server.ready()["revision"]

    message = stocked.refused(*words.split(), stdin=stdin)

    assert told in message
    assert "panicked" not in message + server.output
    assert (everything(stocked), server.ready()["revision"]) == before


def everything(cli) -> dict:
    return {noun: cli.json(noun, "list") for noun in ("image", "template", "machine", "rule")}


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/ipxe?mac=zz", 400, "mac"),
        ("/ipxe?mac=52-54-00-00-00-01-02", 400, "mac"),
        ("/ipxe?uuid=1234", 400, "uuid"),
        ("/ipxe?mac=52-54-00-00-00-01&serial=a%0aecho", 400, "serial"),
        (f"/ipxe?mac=52-54-00-00-00-01&hostname={'h' * 300}", 400, "hostname"),
        ("/ignition?mac=zz", 400, "mac"),
        ("/cloud-init/zz/meta-data", 400, "mac"),
        ("/cloud-init/52-54-00-00-00-01/nosuch", 404, ""),
        ("/nosuch", 404, ""),
        ("/assets/nosuch", 404, ""),
        ("/assets/../Cargo.toml", 404, ""),
        ("/assets/%2e%2e/Cargo.toml", 404, ""),
    ],
)
def test_http(stocked, server, path, status, told):
    got, headers, body = server.get(path)

    assert got == status
    assert "#!ipxe" not in body, "never a partial script"
    assert len(body.strip().splitlines()) <= 1
    assert told in body.lower()
    assert "content-length" in headers


@pytest.mark.parametrize("path", ["/boot.ipxe", "/ipxe?mac=52-54-00-00-00-01", "/health", "/ready"])
def test_head_and_other_methods(stocked, server, path):
    """HEAD says how long the answer to GET is; nothing can be posted."""
    length = len(server.get(path)[2])
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=10)
    for method, status in [("HEAD", 200), ("POST", 405)]:
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == status
        if method == "HEAD":
            assert body == b"" and (int(answer.headers["content-length"]) == length or path == "/ready")
    connection.close()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--http-port", "99999"], "99999"),
        (["--database-url", "mysql://x:secret@y/z"], "sqlite://"),
        (["--assets-dir", "/nonexistent/dir"], "/nonexistent/dir"),
        (["--nosuch"], "--nosuch"),
    ],
)
def test_server_flags(make_server, flags, told):
    """A server that can not start says why and ends."""
    server = make_server()
    with pytest.raises(AssertionError, match="ended with [1-9]"):
        server.pick_ports()
        server.start(*flags)
    assert told in server.output
    assert "panicked" not in server.output
