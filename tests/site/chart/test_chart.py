"""The chart, rendered by helm: what Kubernetes would be given, and what is refused."""

import json
import shutil
import tomllib

import kubernetes_validate
import pytest
import yaml

from chart.helm import CHART, HELM, documents, needs_helm, one, refused, template
from chart.matrix import MATRIX, WRONG
from harness.paths import CLIENT, ROOT, SERVER
from harness.server import Server, clean_environment
from support import attempt, hold, run

SNAPSHOTS = ROOT / "tests" / "site" / "snapshots" / "chart"
EXAMPLE = ROOT / "charts" / "example.yaml"
EXAMPLE_VALUES = ROOT / "charts" / "example-values.yaml"
# The oldest that Chart.yaml takes, and the newest that the package knows.
KUBERNETES = ["1.27", kubernetes_validate.latest_version()]
DEFAULTS = ROOT / "config" / "default.toml"
# Values → settings that a server of this version may lack while the chart has them.
NEWER = {"'mode': 'tls'": "[grpc.tls]", "clientCertificate'": "ssl_root_cert", "encryption": "[secrets]"}
# Of an operator's own kinds: no package that pip has knows their types.
CUSTOM = {"ServiceMonitor", "Certificate"}


def test_lint():
    needs_helm()
    run(HELM, "lint", "--strict", CHART, "--values", EXAMPLE_VALUES)


def test_the_example_is_what_the_chart_makes():
    hold(EXAMPLE, template(EXAMPLE_VALUES, release="pxe-init"))


@pytest.mark.parametrize("name", MATRIX)
def test_rendered(name):
    """The snapshot, and what Kubernetes' types and the server's own check say of it."""
    text = template(MATRIX[name])
    hold(SNAPSHOTS / f"{name}.yaml", text)
    manifests = documents(text)
    for manifest in manifests:
        for version in KUBERNETES:
            if manifest["kind"] not in CUSTOM:
                kubernetes_validate.validate(manifest, version, strict=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A directory like a mounted secret."""
    directory = tmp_path_factory.mktemp("tls")
    if shutil.which("openssl"):
        files = ["-keyout", directory / "tls.key", "-out", directory / "tls.crt"]
        run("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", "-subj", "/CN=boot", *files)
        shutil.copy(directory / "tls.crt", directory / "ca.crt")
    attempt(SERVER, "secrets", "init", directory / "keys", env=clean_environment())
    return directory


def test_no_snapshot_is_left_over():
    assert {file.stem for file in SNAPSHOTS.iterdir()} == set(MATRIX)


@pytest.mark.parametrize("name", MATRIX)
def test_the_server_takes_its_settings(name, tmp_path, certificates):
    """`config check` of the real server reads the ConfigMap, with the pod's variables."""
    manifests = documents(template(MATRIX[name]))
    for value, setting in NEWER.items():
        if value in str(MATRIX[name]) and setting not in DEFAULTS.read_text():
            pytest.skip(f"this server has no {setting} yet")
    settings = one(manifests, "ConfigMap")["data"]["config.toml"]
    file = tmp_path / "config.toml"
    # The volumes are not mounted here, and what is not there may be refused.
    settings_here = settings.replace('"/srv/boot"', json.dumps(str(tmp_path)))
    for mount in ("tls", "http-tls", "database-tls", "keys"):
        settings_here = settings_here.replace(f'"/etc/pxe-init-{mount}/', f'"{certificates}/')
    file.write_text(settings_here)
    variables = {entry["name"]: entry.get("value", "from-elsewhere") for entry in container(manifests)["env"]}

    run(SERVER, "--config", file, "config", "check", env=clean_environment() | variables)

    parsed = tomllib.loads(settings)
    for section, keys in MATRIX[name].get("config", {}).items():
        for key, value in keys.items():
            assert parsed[section][key] == value


@pytest.mark.parametrize("why", WRONG)
def test_refused(why):
    values, said = WRONG[why]
    assert said in refused(values)


def test_validation_finds_mistakes():
    """The types are strict: a key that Kubernetes does not know is an error."""
    manifest = one(documents(template(MATRIX["least"])), "Deployment")
    manifest["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenesProbe"):
        kubernetes_validate.validate(manifest, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize("name", MATRIX)
def test_what_holds_always(name):
    """Whatever the values: pods without rights, services that find the pods, ports that exist."""
    manifests = documents(template(MATRIX[name]))
    kind = "StatefulSet" if MATRIX[name].get("persistence") else "Deployment"
    workload = one(manifests, kind)
    pod = workload["spec"]["template"]
    spec, main = pod["spec"], container(manifests)

    assert spec["enableServiceLinks"] is False
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert main["securityContext"]["readOnlyRootFilesystem"] is True
    assert main["securityContext"]["allowPrivilegeEscalation"] is False
    assert main["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    config = tomllib.loads(one(manifests, "ConfigMap")["data"]["config.toml"])
    assert spec["terminationGracePeriodSeconds"] > config["http"]["drain_seconds"] + config["http"]["stop_seconds"]

    names = {port["name"]: port["containerPort"] for port in main["ports"]}
    assert names["http"] == config["http"]["port"]
    assert names.get("https") == config["http"].get("tls", {}).get("port")
    assert (names.get("grpc") == config["grpc"]["port"]) == (config["grpc"]["address"] != "127.0.0.1")
    volumes = {volume["name"] for volume in spec["volumes"]}
    volumes |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
    assert {mount["name"] for mount in main["volumeMounts"]} <= volumes
    for service in (m for m in manifests if m["kind"] == "Service"):
        assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= set(names)


def test_the_monitor_finds_the_service_for_machines_only():
    manifests = documents(template(MATRIX["autoscaled-and-monitored"] | {"management": {"mode": "insecure"}}))
    wanted = one(manifests, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    found = [m["metadata"]["name"] for m in manifests if m["kind"] == "Service" and wanted.items() <= m["metadata"]["labels"].items()]
    assert found == ["boot-pxe-init"]


def test_settings_replace_the_pods():
    def checksum(values):
        pod = one(documents(template(values)), "Deployment")["spec"]["template"]
        return pod["metadata"]["annotations"]["checksum/config"]

    assert checksum(MATRIX["least"]) != checksum(MATRIX["settings"])


def test_values_and_schema_have_the_same_keys():
    """Each value of values.yaml is in the schema, and the other way round."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert keys_of_values(values, schema) == keys_of_schema(schema) - {"global"}


def keys_of_values(values, schema, path="") -> set[str]:
    """Down to where the schema leaves off."""
    found = set()
    for key, value in values.items():
        here = f"{path}{key}"
        found.add(here)
        inner = schema.get("properties", {}).get(key, {})
        if isinstance(value, dict) and "properties" in inner:
            found |= keys_of_values(value, inner, here + ".")
    return found


def keys_of_schema(schema, path="") -> set[str]:
    found = set()
    for key, inner in schema.get("properties", {}).items():
        found.add(f"{path}{key}")
        if inner.get("type") == "object":
            found |= keys_of_schema(inner, f"{path}{key}.")
    return found


def test_versions_are_the_programs():
    """The chart names the version that Cargo.toml has, unless told otherwise."""
    program = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == program
    assert container(documents(template(MATRIX["least"])))["image"] == f"pxe-init:{program}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("least", ["port-forward deployment/boot-pxe-init", "/boot.ipxe", "loadBalancerIPs"]),
        ("node-port", ["http://NODE:30080/boot.ipxe"]),
        ("cluster-ip", ["http://boot-pxe-init.provisioning:80/boot.ipxe"]),
        ("persistent", ["statefulset/boot-pxe-init"]),
        ("https-of-a-secret", ["https://ADDRESS/boot.ipxe", "boot-tls"]),
        ("tls-of-cert-manager", ["PXE_INIT_ENDPOINT=grpcs://boot-pxe-init-management.provisioning:5000", "boot-pxe-init-management-tls"]),
        ("client-certificates", ["PXE_INIT_CERT="]),
        ("insecure-behind-ingress", ["WARNING", "boot-pxe-init-management.provisioning:5000"]),
    ],
)
def test_notes(name, said):
    notes = notes_of(MATRIX[name])
    for part in said:
        assert part in notes


def notes_of(values: dict) -> str:
    """What helm says after an installation."""
    needs_helm()
    arguments = ["--namespace", "provisioning", "--dry-run=client", "--values", "-"]
    return run(HELM, "install", "boot", CHART, *arguments, stdin=yaml.safe_dump(values)).split("NOTES:")[1]


def test_the_first_token_as_the_notes_say(tmp_path, certificates):
    """With a kubectl that runs the command here, on the pod's configuration."""
    values = MATRIX["sqlite"] | {"management": {"mode": "tls", "tls": {"secret": "boot-tls"}}}
    settings = one(documents(template(values)), "ConfigMap")["data"]["config.toml"]
    settings = settings.replace("/var/lib/pxe-init/", f"{tmp_path}/").replace("/etc/pxe-init-tls/", f"{certificates}/")
    (tmp_path / "config.toml").write_text(settings)
    pod = tmp_path / "kubectl"
    pod.write_text(
        '#!/bin/sh\necho "$@" >>calls\nwhile [ "$1" != -- ]; do shift; done\nshift\n'
        f'exec "$(dirname "{SERVER}")/$(echo "$@" | cut -d" " -f1)" $(echo "$@" | cut -d" " -f2- | sed s,/etc/pxe-init/,{tmp_path}/,)\n'
    )
    pod.chmod(0o755)
    (command,) = [line for line in notes_of(values).splitlines() if "token create root" in line]

    done = attempt("bash", "-euo", "pipefail", "-c", command, cwd=tmp_path, env=clean_environment() | {"PATH": f"{tmp_path}:/usr/bin:/bin"})

    assert done.returncode == 0, done.stderr
    assert "exec statefulset/boot-pxe-init -- pxe-init-server" in (tmp_path / "calls").read_text()
    made = tmp_path / "root.token"
    assert made.stat().st_mode & 0o077 == 0
    server = Server(tmp_path, database_url=f"sqlite://{tmp_path}/pxe-init.db?mode=rwc")
    server.start()
    try:
        known = run(CLIENT, "--grpc-endpoint", f"grpc://{server.grpc_target}", "--token-file", made, "whoami", env=clean_environment())
    finally:
        server.close()
    assert "root" in known and "admin" in known


def container(manifests: list[dict]) -> dict:
    """The one container of the pods."""
    workload = next(m for m in manifests if m["kind"] in ("Deployment", "StatefulSet"))
    (only,) = workload["spec"]["template"]["spec"]["containers"]
    return only
