"""The files that others run the portal with: each is read by the tool that will read it, as far as one is here."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal.cli import main
from portal.settings import VARIABLES
from tests.support.portal import PortalUnderTest
from tests.test_docs import parse

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
LARGEST_EXPOSURE = 2.0


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def installed(program: str) -> str:
    """A program beside Python, or of the machine; where it is not the test is skipped and says so."""
    found = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
    if not found:
        pytest.skip(f"there is no {program} here to read it")
    return found


@pytest.mark.parametrize(
    "unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name
)
def test_a_service_is_shut_in(unit: Path) -> None:
    told = run(installed("systemd-analyze"), "security", "--offline=true", unit)
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert exposure, told
    assert float(exposure[1]) < LARGEST_EXPOSURE


def test_the_units_are_read_without_a_word(tmp_path: Path) -> None:
    for unit in UNITS:
        # The portal is not installed where the unit has it.
        text = re.sub(
            r"^(Exec\w+=)/(?:opt|usr/bin)/\S+", r"\1/bin/true", unit.read_text(), flags=re.MULTILINE
        )
        (tmp_path / unit.name).write_text(text)
    assert run(installed("systemd-analyze"), "verify", *sorted(tmp_path.iterdir())) == ""


def test_nginx_takes_its_file(tmp_path: Path) -> None:
    nginx = installed("nginx")
    write_certificate(tmp_path)
    site = (DEPLOY / "nginx.conf").read_text()
    site = re.sub(r"/etc/letsencrypt/live/events\.example\.org", str(tmp_path), site)
    site = site.replace("/var/log/nginx", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; {site} }}\n"
    )
    told = run(nginx, "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"))
    assert "[warn]" not in told, told


def write_certificate(folder: Path) -> None:
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nginx_logs_no_address_that_is_a_key(make_portal: Callable[..., PortalUnderTest]) -> None:
    hidden = re.findall(r"^    ~(\S+) ", (DEPLOY / "nginx.conf").read_text(), re.MULTILINE)
    keys = [
        str(rule) for rule in make_portal().app.url_map.iter_rules() if rule.arguments & {"token", "proof"}
    ]
    assert len(keys) > 5
    assert [key for key in keys if not any(re.search(pattern, key) for pattern in hidden)] == []


def test_caddy_takes_its_file() -> None:
    caddy = installed("caddy")
    told = run(caddy, "adapt", "--config", DEPLOY / "Caddyfile")
    assert "warn" not in told.lower(), told
    run(caddy, "fmt", "--diff", DEPLOY / "Caddyfile")


def test_compose_has_the_form_that_its_specification_gives() -> None:
    run(installed("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.name)
def test_a_manifest_has_the_form_that_kubernetes_takes(manifest: Path) -> None:
    run(installed("kubernetes-validate"), "--strict", manifest)


def test_the_containerfile_is_linted() -> None:
    assert run(installed("hadolint"), DEPLOY / "Containerfile") == ""


def objects() -> list[dict[str, Any]]:
    return [made for manifest in MANIFESTS for made in yaml.safe_load_all(manifest.read_text())]


def pods() -> list[tuple[str, dict[str, Any]]]:
    return [
        (each["metadata"]["name"], each["spec"]["template"]["spec"])
        for each in objects()
        if "template" in each.get("spec", {})
    ]


def test_no_container_may_do_more_than_it_has_to() -> None:
    assert {name for name, _pod in pods()} == {"portal-web", "portal-worker", "portal-migrate"}
    for _name, pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        for container in pod["containers"]:
            context = container["securityContext"]
            assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"].keys() == {"requests", "limits"}
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name in ("web", "worker", "migrate"):
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
    assert re.search(r"^USER 10001", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)


def test_commands_and_settings_are_the_portals_own() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    told = {name for service in services.values() for name in service.get("environment", {})}
    told |= {name for each in objects() if each["kind"] == "ConfigMap" for name in each["data"]}
    told |= {name for unit in UNITS for name in re.findall(r"\b(PORTAL_\w+)=", unit.read_text())}
    assert {name for name in told if name.startswith("PORTAL_")} <= set(VARIABLES)
    commands = [service["command"] for service in services.values() if "command" in service]
    commands += [container["command"] for _name, pod in pods() for container in pod["containers"]]
    commands += [
        line.replace('"', "").replace("'", "").split()
        for unit in UNITS
        for line in re.findall(r"^ExecStart=.*?\S*/bin/(portal .*)$", unit.read_text(), re.MULTILINE)
    ]
    ours = [command[1:] for command in commands if command[0] == "portal"]
    assert {tuple(words[:2]) for words in ours} >= {("mail", "work"), ("db", "upgrade"), ("serve", "--host")}
    for words in ours:
        parse(main, words)


def test_the_image_is_made_of_what_the_wheel_is_made_of() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for each in source.split():
            assert (ROOT / each).exists(), each
    assert "--require-hashes" in text


def test_no_file_names_a_registry() -> None:
    for file in [path for path in DEPLOY.rglob("*") if path.is_file()]:
        images = re.findall(r"^\s*(?:image:|FROM) (\S+)", file.read_text(), re.MULTILINE)
        assert not [image for image in images if "/" in image], file
