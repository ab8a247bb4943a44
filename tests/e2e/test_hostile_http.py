"""Whatever a client sends, it gets one whole answer or none, and the server goes on."""

import socket

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

KINDS = ["ipxe", "ignition", "user-data", "meta-data", "kickstart", "preseed", "grub", "text"]
FACTS = ["mac", "uuid", "serial", "hostname", "domain", "product", "arch", "ip", "nosuch"]

# What a request may lead to. A 5xx would be a failure of ours.
EXPECTED = {200, 301, 304, 400, 404, 405, 411, 413, 414, 416, 417, 431, 501, 505}

word = st.text(st.sampled_from("abz059-_.~%:/?#[]@!$&'()*+,;={}\"<>|\\^` \t\x00\x7f\xff"), max_size=30)
value = st.one_of(
    word,
    st.sampled_from(["52-54-00-00-00-01", "4c4c4544-0042-3510-8052-b4c04f4d3532", "%00", "%0a", "%FFFFFFC3", "${net0/mac}"]),
    st.integers(1, 9000).map("A".__mul__),
)
query = st.lists(st.tuples(st.sampled_from(FACTS), value).map("=".join), max_size=8).map("&".join)
path = st.one_of(
    st.builds("/{}?{}".format, st.sampled_from([*KINDS, "boot.ipxe", "ready", "health"]), query),
    st.builds("/cloud-init/{}/{}".format, value, st.sampled_from(["meta-data", "user-data", "x", "../../etc/passwd"])),
    st.builds("/assets/{}".format, value),
    word.map("/".__add__),
    word,
)
header = st.one_of(
    st.tuples(st.sampled_from(["Host", "Connection", "Accept", "Range", "If-Modified-Since", "User-Agent", "TE"]), value),
    st.sampled_from(
        [
            ("Content-Length", "0"),
            ("Content-Length", "-1"),
            ("Content-Length", "99999999999999999999"),
            ("Transfer-Encoding", "chunked"),
            ("Expect", "100-continue"),
            ("Upgrade", "h2c"),
            ("X-Forwarded-For", "127.0.0.1"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ]
    ),
)
request = st.builds(
    lambda method, target, version, headers, end: (
        f"{method} {target} {version}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers) + end
    ).encode("latin-1"),
    st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "get", "GE\tT", ""]),
    path,
    st.sampled_from(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", ""]),
    st.lists(header, max_size=6),
    st.sampled_from(["\r\n", "\r\n", "\n", "", "\r\nGET /boot.ipxe HTTP/1.1\r\n\r\n", "\r\n0\r\n\r\n"]),
)


def exchange(server, data: bytes) -> bytes:
    """Sends these bytes and nothing more, and reads all that comes back."""
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            # It sent what the server did not want to read.
            pass
        return answer


def check(data: bytes, answer: bytes) -> None:
    if not answer:
        return
    head, separator, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    version, code, _ = (status + "  ").split(" ", 2)
    assert separator and version in ("HTTP/1.1", "HTTP/1.0"), answer
    assert int(code) in EXPECTED | {100}, (data, answer)
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    for line in lines:
        assert ": " in line and line.isprintable(), answer
    if data.startswith(b"GET ") and int(code) == 200:
        length = int(headers["content-length"])
        assert len(body) >= length, answer
        if headers.get("x-pxe-init-template", "").startswith(("boot.ipxe", "unknown")):
            assert body.startswith(b"#!ipxe"), answer


def test_requests(server):
    @settings(max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(request)
    @example(b"GET /ipxe?mac=" + b"5" * 70000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    @example(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n")
    @example(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500)
    @example(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    def run(data: bytes) -> None:
        check(data, exchange(server, data))

    run()

    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    @given(st.binary(max_size=300))
    def run_bytes(data: bytes) -> None:
        check(data, exchange(server, data))

    run_bytes()

    assert exchange(server, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert "panicked" not in server.output
