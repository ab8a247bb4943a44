"""Commands that packages and containers call: the health check, the manual pages, completions."""

import shutil
import socket
import subprocess

import pytest

from harness.paths import CLIENT, SERVER
from harness.server import Server, clean_environment, free_port
from support import attempt, run


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.close()


def check(*arguments, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return attempt(SERVER, "healthcheck", *arguments, env=clean_environment() | (env or {}))


@pytest.mark.parametrize("question", [[], ["--ready"]])
def test_a_server_that_is_well(server, question):
    server.start()
    port = str(server.http_port)

    for done in (check("--http-port", port, *question), check(*question, env={"PXE_INIT__HTTP__PORT": port})):
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    server.stop()
    gone = check("--http-port", port, *question)
    assert gone.returncode == 1
    assert f"http://127.0.0.1:{port}/" in gone.stderr


def test_lives_and_is_not_ready(server):
    """Without its database, and without a snapshot file, it can answer nobody."""
    nobody = free_port()
    environment = clean_environment()
    server.pick_ports()
    flags = ["--http-port", str(server.http_port), "--grpc-port", str(server.grpc_port)]
    flags += ["--database-url", f"postgres://nobody@127.0.0.1:{nobody}/none"]
    process = subprocess.Popen([SERVER, "serve", *flags], cwd=server.directory, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        while "listening" not in process.stderr.readline():
            assert process.poll() is None
        assert check("--http-port", str(server.http_port)).returncode == 0
        ready = check("--http-port", str(server.http_port), "--ready")
        assert ready.returncode == 1
        assert "503" in ready.stderr
    finally:
        process.kill()
        process.communicate()


def test_an_answer_that_does_not_come():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = check("--http-port", str(silent.getsockname()[1]), "--seconds", "1")
    assert done.returncode == 1
    assert "timeout" in done.stderr.lower()


def test_a_wrong_configuration_is_told_apart():
    assert check(env={"PXE_INIT__HTTP__PORT": "none"}).returncode == 64


@pytest.mark.parametrize(("program", "pages"), [(SERVER, ["", "-serve", "-healthcheck", "-config-check"]), (CLIENT, ["", "-image-register", "-import-matchbox"])])
def test_manual_pages(program, pages, tmp_path):
    run(program, "man", tmp_path / "man1")

    made = {file.name for file in (tmp_path / "man1").iterdir()}
    assert {f"{program.name}{page}.1" for page in pages} <= made
    assert not [name for name in made if "-help" in name]
    if not shutil.which("man"):
        return
    for page in pages:
        text = attempt("man", "--warnings", "--local-file", tmp_path / "man1" / f"{program.name}{page}.1")
        assert text.returncode == 0 and text.stderr == ""
        assert "NAME" in text.stdout and program.name in text.stdout


def test_manual_pages_that_can_not_be_written(tmp_path):
    file = tmp_path / "file"
    file.touch()
    for program in (SERVER, CLIENT):
        done = attempt(program, "man", file)
        assert done.returncode == 1 and str(file) in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions(shell, tmp_path):
    """The script is one that the shell reads."""
    script = run(CLIENT, "completion", shell)
    assert "pxe-init-client" in script
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed; its script was printed")
    file = tmp_path / "script"
    file.write_text(script)
    run(shell, "-n", file)
