"""What was acknowledged stays, on SQLite and on PostgreSQL."""

import threading
import time

from harness.cli import Cli

WRITERS = 4
# So many acknowledged writes before the server dies.
ENOUGH = 30


def test_restart_keeps_all(make_server, database_url):
    """A restarted server has the same objects and gives the same answers."""
    server = make_server(database_url=database_url)
    server.start()
    cli = Cli(server)
    cli.template("mine", "#!ipxe\necho one {{ params.n }}\n")
    cli.template("mine", "#!ipxe\necho two {{ params.n }}\n")
    cli("image", "register", "a", "--kernel", "vmlinuz", "--initrd", "i1", "--initrd", "i2", "--template", "ipxe=mine")
    cli("machine", "register", "m", "--mac", "52:54:00:00:00:01", "--label", "rack=7", "--param", "n=3", "--image", "a")
    cli("rule", "register", "r", "--match", "label.rack=7", "--param", 'list=[1,"two"]', "--image", "a")
    before = everything(cli), server.get("/ipxe?mac=52-54-00-00-00-01")[2]
    assert "echo two 3" in before[1]

    assert server.stop() == 0
    server.start()

    assert (everything(cli), server.get("/ipxe?mac=52-54-00-00-00-01")[2]) == before


def everything(cli: Cli) -> dict:
    lists = {noun: cli.json(noun, "list") for noun in ("image", "template", "machine", "rule")}
    return lists | {"history": cli.json("template", "history", "mine")}


def test_kill_loses_no_acknowledged_write(make_server, database_url):
    """kill -9 in the middle of a burst of writes: whatever the client said was done is there."""
    server = make_server(database_url=database_url)
    server.start()
    cli = Cli(server)
    cli("image", "register", "a", "--kernel", "vmlinuz", "--template", "ipxe=linux")
    acknowledged: list[str] = []
    over = threading.Event()

    def write(writer: int) -> None:
        n = 0
        while not over.is_set():
            n += 1
            name = f"m-{writer}-{n}"
            mac = f"52:54:{writer:02x}:00:{n >> 8:02x}:{n & 255:02x}"
            if cli.run("machine", "register", name, "--mac", mac, "--image", "a").returncode == 0:
                acknowledged.append(name)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    deadline = time.monotonic() + 120
    while len(acknowledged) < ENOUGH and time.monotonic() < deadline:
        time.sleep(0.005)
    server.kill()
    over.set()
    for writer in writers:
        writer.join()
    assert len(acknowledged) >= ENOUGH, server.output

    server.start()

    kept = cli.names("machine")
    assert set(acknowledged) <= kept
    # At most one write of each writer was under way: done, but nobody could be told.
    assert len(kept - set(acknowledged)) <= WRITERS
    # And the boot path has them too.
    assert "vmlinuz" in server.get("/ipxe?mac=52-54-00-00-00-01")[2]
