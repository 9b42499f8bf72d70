"""docker-compose.yml, .env.example and the Dockerfile agree with the settings and the workers."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from sqlalchemy import make_url

from api import errors, gunicorn_config
from chainmeet.cli import main
from chainmeet.stack import programs, small_installation
from chainmeet.stack.broker import find_server
from chainmeet.stack.data_folder import DataFolder
from chainmeet.stack.roles import ROLES
from scheduler.config import PREFIX, Settings
from scheduler.secret_keys import SecretKeys
from scheduler.untrusted import limits as untrusted_limits
from scheduler.untrusted import pool
from tests.support import missing_programs
from tests.support.workers import eventually
from workers.layout import WORKERS
from workers.shutdown import PUT_BACK_SECONDS

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WORKING = tuple(f"{kind}-worker" for kind in WORKERS)
OURS = ("api", *WORKING, "receiver", "clock", "migrate")
SECRETS = {
    "secret_key": "k" * 64,
    "database_password": "p" * 32,
    "database_owner_password": "o" * 32,
    "redis_password": "r" * 32,
    "metrics_token": "m" * 32,
    "smtp_password": "s" * 32,
    "imap_password": "i" * 32,
    "pack_bucket_secret": "b" * 32,
    "dkim_keys": "",  # empty if the mail server signs
    "oidc_providers": "[]",
}
"""Contents of the files /run/secrets/NAME in containers."""
EMBEDDED_ONLY = {"CHAINMEET_MAIL_CATCHER_URL"}


def example() -> dict[str, str]:
    """Return the values of .env.example."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return dict(pairs)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Return a folder with the files of SECRETS."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name, text in SECRETS.items():
        (folder / name).write_text(text)
    return folder


def substituted(text: str, values: dict[str, str]) -> str:
    """Substitute Compose's ${NAME}, ${NAME:-default} and ${NAME:?error}."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if values.get(name):
            return values[name]
        assert kind != ":?", f"{name} must be set: {rest}"
        return rest or ""

    return re.sub(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", value, text)


def variables() -> set[str]:
    return set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))


@pytest.mark.parametrize("name", OURS)
def test_each_part_gets_settings_that_are_read_without_a_fault(name: str, secrets: Path) -> None:
    environment = {
        key: substituted(str(value), example()).replace("/run/secrets", str(secrets))
        for key, value in SERVICES[name]["environment"].items()
    }
    settings = Settings.from_env(environment)
    role, letter = ("chainmeet_owner", "o") if name == "migrate" else ("chainmeet", "p")
    assert settings.database_url == f"postgresql://{role}:{letter * 32}@postgres:5432/chainmeet"
    assert settings.redis_url == f"redis://:{'r' * 32}@redis:6379/0"
    assert not any(letter * 32 in shown or "r" * 32 in shown for shown in [repr(settings)])
    assert settings.smtp_security == "starttls"


def test_passwords_of_mail_servers_are_only_where_mails_are_sent_or_read() -> None:
    smtp = {name for name, service in SERVICES.items() if "smtp_password" in service["secrets"]}
    imap = {name for name, service in SERVICES.items() if "imap_password" in service["secrets"]}
    metrics = {name for name, service in SERVICES.items() if "metrics_token" in service["secrets"]}
    dkim = {name for name, service in SERVICES.items() if "dkim_keys" in service["secrets"]}
    bucket = {name for name, service in SERVICES.items() if "pack_bucket_secret" in service["secrets"]}
    assert (dkim, bucket) == (smtp, {"jobs-worker"})
    assert metrics == {"api"}
    assert {name for name, service in SERVICES.items() if "oidc_providers" in service["secrets"]} == {"api"}
    assert (smtp, imap) == ({"urgent-worker", "mail-worker"}, {"untrusted-worker"})


@pytest.mark.parametrize("name", SERVICES, ids="service-{}".format)
def test_what_is_secret_is_in_no_environment_and_each_file_is_where_it_is_read(name: str) -> None:
    service = SERVICES[name]
    environment = service.get("environment", {})
    assert not [key for key in environment if re.search("PASSWORD$|SECRET_KEY$", key)]
    read = re.findall(r"/run/secrets/(\w+)", str({**service, "secrets": None}))
    init = (ROOT / "deploy" / "postgres.sh").read_text() if name == "postgres" else ""
    assert {*read, *re.findall(r"\$secrets/(\w+)", init)} == set(service["secrets"])
    assert set(service["secrets"]) <= COMPOSE["secrets"].keys() == SECRETS.keys()
    assert all(each["file"].endswith(f"/{key}") for key, each in COMPOSE["secrets"].items())


def made_secrets(home: Path) -> dict[str, str]:
    """Return the secrets that deploy/secrets.sh creates in an installation's folder."""
    (home / "deploy").mkdir(exist_ok=True)
    script = home / "deploy" / "secrets.sh"
    script.write_text((ROOT / "deploy" / "secrets.sh").read_text())
    subprocess.run(["sh", str(script)], check=True, capture_output=True, env={"PATH": os.environ["PATH"]})
    return {path.name: path.read_text() for path in (home / "secrets").iterdir()}


def test_secrets_are_made_once_and_are_nobody_elses(tmp_path: Path) -> None:
    made = made_secrets(tmp_path)
    assert made.keys() == SECRETS.keys()
    assert all(re.fullmatch("[0-9a-f]{64}", made[name]) for name in list(SECRETS)[:5])
    assert (
        len(set(made.values())) == 6
        and made["smtp_password"] == made["imap_password"] == made["dkim_keys"] == ""
        and made["pack_bucket_secret"] == ""
    )
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o644}
    assert made_secrets(tmp_path) == made


def test_secrets_that_env_has_from_before_are_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "POSTGRES_PASSWORD=a b=c'd$e\nCHAINMEET_SECRET_KEY=\"quoted\"\nCHAINMEET_SMTP_PASSWORD='q'\nOTHER=1\n"
    )
    made = made_secrets(tmp_path)
    assert (made["database_password"], made["secret_key"]) == ("a b=c'd$e", "quoted")
    assert made["smtp_password"] == "q" and len(made["redis_password"]) == 64


def rotated_key(home: Path, *options: str) -> tuple[str, list[str]]:
    """Run deploy/rotate-key.sh in an installation's folder. Return its key file and commands in containers.

    Each command is recorded with the numbers that the key file has meanwhile.
    """
    script = home / "deploy" / "rotate-key.sh"
    script.write_text((ROOT / "deploy" / "rotate-key.sh").read_text())
    engine = home / "engine"
    engine.write_text('#!/bin/sh\necho "$(cut -d: -f1 secrets/secret_key | tr "\\n" " ")| $*" >>commands')
    engine.chmod(0o755)
    env = {"PATH": os.environ["PATH"], "CHAINMEET_COMPOSE": str(engine)}
    said = subprocess.run(["sh", str(script), *options], check=True, capture_output=True, env=env, text=True)
    file, commands = (home / "secrets" / "secret_key").read_text(), home / "commands"
    assert not any(key in said.stdout + said.stderr for key in SecretKeys(file).text.split())
    return file, commands.read_text().splitlines() if commands.exists() else []


def test_a_key_is_added_in_place_and_older_ones_end_in_the_container_that_has_the_journal(
    tmp_path: Path,
) -> None:
    first = made_secrets(tmp_path)["secret_key"]
    path = tmp_path / "secrets" / "secret_key"
    before = path.stat()
    file, commands = rotated_key(tmp_path)
    keys = SecretKeys(file)
    assert (list(keys), keys.key(1), commands) == ([1, 2], first, [])
    assert re.fullmatch("[0-9a-f]{64}", keys.key(2)) and keys.key(2) != first
    file, commands = rotated_key(tmp_path, "--end-old", "--end-feeds")
    assert list(SecretKeys(file)) == [3]
    assert commands == [
        "1 2 3 | exec -T mail-worker chainmeet key end 1 --keep-file --end-feeds",
        "2 3 | exec -T mail-worker chainmeet key end 2 --keep-file --end-feeds",
    ]
    after = path.stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode), "a container has it mounted"
    worker = SERVICES["mail-worker"]
    assert worker["volumes"] == ["journal:/journal"] and "secret_key" in worker["secrets"]


def pin_images(home: Path, digest: str) -> subprocess.CompletedProcess[str]:
    """Run deploy/pin-images.sh in an installation's folder, with an engine that knows one digest."""
    (home / "deploy").mkdir(exist_ok=True)
    (home / "docker-compose.yml").write_text((ROOT / "docker-compose.yml").read_text())
    script = home / "deploy" / "pin-images.sh"
    script.write_text((ROOT / "deploy" / "pin-images.sh").read_text())
    engine = home / "engine"
    engine.write_text(
        f'#!/bin/sh\necho "$*" >>pulled\n[ "$1" = pull ] || {{ shift 4; echo "${{1%:*}}{digest}"; }}'
    )
    engine.chmod(0o755)
    env = {"PATH": os.environ["PATH"], "CHAINMEET_DOCKER": str(engine)}
    return subprocess.run(["sh", str(script)], check=False, capture_output=True, env=env, text=True)


def test_images_are_pinned_by_the_digests_of_their_tags(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("CHAINMEET_BASE_URL=https://a.example\nREDIS_IMAGE=valkey/valkey@sha256:old\n")
    for _ in range(2):
        assert pin_images(tmp_path, "@sha256:" + "a" * 64).returncode == 0
    lines = file.read_text().splitlines()
    assert lines == [
        "CHAINMEET_BASE_URL=https://a.example",
        f"POSTGRES_IMAGE=postgres@sha256:{'a' * 64} # postgres:18-trixie",
        f"REDIS_IMAGE=valkey/valkey@sha256:{'a' * 64} # valkey/valkey:9-trixie",
    ]
    assert (tmp_path / "pulled").read_text().splitlines()[:1] == ["pull --quiet postgres:18-trixie"]


def test_docker_compose_uses_the_pinned_images(tmp_path: Path) -> None:
    missing_programs.require("Docker Compose")
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in example().items()))
    assert pin_images(tmp_path, "@sha256:" + "a" * 64).returncode == 0
    command = ["docker", "compose", "--env-file", str(file), "-f", str(ROOT / "docker-compose.yml"), "config"]
    read = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"image: postgres@sha256:{'a' * 64}\n" in read.stdout
    assert f"image: valkey/valkey@sha256:{'a' * 64}\n" in read.stdout


def test_an_image_without_a_digest_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    done = pin_images(tmp_path, ":latest")
    assert done.returncode == 1 and "has no digest" in done.stderr
    assert (tmp_path / ".env").read_text() == "A=1\n"


def test_the_receiver_reaches_the_database_and_not_the_broker_and_data_has_no_way_out() -> None:
    assert SERVICES["receiver"]["networks"] == ["data", "outside"]
    assert SERVICES["postgres"]["networks"] == ["data"] and SERVICES["redis"]["networks"] == ["broker"]
    assert all(COMPOSE["networks"][name]["internal"] for name in ("data", "broker"))


def test_the_brokers_password_is_no_argument_and_its_memory_is_bounded_below_its_containers() -> None:
    shell, option, script = SERVICES["redis"]["command"]
    assert (shell, option) == ("sh", "-c")
    arguments, _, read = script.partition("<<END")
    assert "password" not in arguments and "requirepass $$(cat /run/secrets/redis_password)" in read
    assert "--maxmemory 384mb" in arguments


def test_the_broker_reads_its_password_as_the_file_has_it(tmp_path: Path, secrets: Path) -> None:
    script = SERVICES["redis"]["command"][2].replace("$$", "$").replace("valkey-server", str(find_server()))
    options = f"--port 0 --unixsocket {tmp_path}/s --dir {tmp_path} --appendonly"
    script = script.replace("--appendonly", options)
    script = script.replace("/run/secrets", str(secrets))
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.DEVNULL) as server:
        try:
            client = redis.Redis(unix_socket_path=f"{tmp_path}/s", password=SECRETS["redis_password"])
            eventually((tmp_path / "s").exists)
            assert client.ping()
            with pytest.raises(redis.AuthenticationError):
                redis.Redis(unix_socket_path=f"{tmp_path}/s").ping()
            assert client.config_get("maxmemory")["maxmemory"] == str(384 << 20)
        finally:
            server.terminate()


def test_chainmeet_is_no_superuser_of_its_database() -> None:
    assert "POSTGRES_USER" not in SERVICES["postgres"]["environment"]
    script = (ROOT / "deploy" / "postgres.sh").read_text()
    assert script.count("NOSUPERUSER") == 2 and "ALTER ROLE postgres PASSWORD NULL" in script
    mounted = SERVICES["postgres"]["volumes"][1]
    assert mounted == "./deploy/postgres.sh:/docker-entrypoint-initdb.d/chainmeet.sh:ro"


def test_what_upgrades_the_schema_is_alone_with_the_password_of_the_role_that_owns_it() -> None:
    """The roles' rights are tested on a real server: tests/integration/storage/test_grants.py."""
    with_it = {name for name, each in SERVICES.items() if "database_owner_password" in each["secrets"]}
    assert with_it == {"migrate", "postgres"} and "database_password" not in SERVICES["migrate"]["secrets"]
    assert SERVICES["migrate"]["command"][-2:] == ["--application-role", "chainmeet"]


def test_a_password_may_have_any_characters() -> None:
    given = {
        "CHAINMEET_DATABASE_URL": "postgresql://chainmeet@postgres:5432/chainmeet",
        "CHAINMEET_DATABASE_PASSWORD": "p@/%:w",
        "CHAINMEET_REDIS_URL": "redis://redis:6379/0",
        "CHAINMEET_REDIS_PASSWORD": "r@/%:w",
        "CHAINMEET_SECRET_KEY": "k" * 64,
    }
    settings = Settings.from_env(given)
    url = make_url(settings.database_url)
    assert (url.username, url.password, url.host, url.database) == (
        "chainmeet",
        "p@/%:w",
        "postgres",
        "chainmeet",
    )
    broker = redis.Redis.from_url(settings.redis_url).connection_pool.connection_kwargs
    assert (broker["password"], broker["host"]) == ("r@/%:w", "redis")
    assert Settings.from_env(settings.to_env()) == settings


def test_every_setting_can_be_set_but_for_those_of_the_embedded_stack() -> None:
    names = {PREFIX + field.name.upper() for field in fields(Settings)}
    given = {name.removesuffix("_FILE") for service in OURS for name in SERVICES[service]["environment"]}
    assert given == names - EMBEDDED_ONLY


def test_the_example_has_every_variable_that_must_be_set_and_no_unknown_one() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    required = set(re.findall(r"\$\{(\w+):\?", text))
    assert required <= example().keys() <= variables()
    assert not [name for name in example() if re.search("PASSWORD|SECRET", name)]


@pytest.mark.parametrize("kind", WORKERS)
def test_each_kind_of_worker_has_a_service_with_more_memory_than_its_process_may_grow_to(kind: str) -> None:
    service = SERVICES[f"{kind}-worker"]
    assert service["command"] == ["chainmeet", "worker", kind]
    memory = service["deploy"]["resources"]["limits"]["memory"]
    megabytes = int(memory[:-1]) * {"g": 1024, "m": 1}[memory[-1]]
    assert WORKERS[kind].child_megabytes + 150 < megabytes  # the pool's parent needs memory too


@pytest.mark.parametrize("given", [{}, {"CHAINMEET_SOLVE_STOP_SECONDS": "700"}])
def test_a_solve_worker_has_the_time_to_stop_that_it_counts_on(given: dict[str, str]) -> None:
    service = SERVICES["solve-worker"]
    seconds = substituted(service["environment"]["CHAINMEET_SOLVE_STOP_SECONDS"], given)
    assert substituted(service["stop_grace_period"], given) == f"{seconds}s"
    assert int(seconds) > PUT_BACK_SECONDS + 60  # an event's search takes 60 seconds unless it is changed


def test_workers_and_clock_touch_the_file_that_their_health_check_looks_at() -> None:
    for name in (*WORKING, "clock"):
        path = SERVICES[name]["environment"]["CHAINMEET_PULSE_PATH"]
        assert path.startswith("/tmp/")
        assert SERVICES[name]["healthcheck"]["test"] == f"find {path} -mmin -1 | grep -q ."


def test_health_checks_need_no_variable_that_some_engines_do_not_set() -> None:
    assert "HOSTNAME" not in (ROOT / "docker-compose.yml").read_text()


def test_the_migration_is_a_command_of_ours() -> None:
    program, group, command, *_ = SERVICES["migrate"]["command"]
    assert program == "chainmeet"
    assert command in main.commands[group].commands  # type: ignore[attr-defined]


def test_the_receiver_listens_where_compose_publishes_and_asks() -> None:
    service = SERVICES["receiver"]
    options = main.commands["receive"].params  # type: ignore[attr-defined]
    program, command, *arguments = service["command"]
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert (program, command) == ("chainmeet", "receive")
    assert given.keys() <= {name for option in options for name in option.opts}
    assert given["--host"] == "0.0.0.0"
    assert service["ports"][0].rpartition(":")[2] == given["--port"]
    assert service["ports"][0].startswith("${CHAINMEET_LMTP_LISTEN:-127.0.0.1:")
    assert f"LMTP('127.0.0.1', {given['--port']}" in service["healthcheck"]["test"]


def test_the_image_serves_where_compose_looks_for_it() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    port = SERVICES["api"]["ports"][0].rpartition(":")[2]
    assert gunicorn_config.bind == f"0.0.0.0:{port}"
    assert f"EXPOSE {port}\n" in dockerfile
    assert f"http://127.0.0.1:{port}/readyz" in dockerfile
    assert 'CMD ["gunicorn", "--config", "python:api.gunicorn_config"]' in dockerfile
    assert "--require-hashes" in dockerfile


@pytest.mark.parametrize("name", OURS)
def test_our_containers_run_without_rights(name: str) -> None:
    service = SERVICES[name]
    user = re.search(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user is not None
    assert service["user"] == user[1] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVICES, ids="service-{}".format)
def test_every_container_has_limits_and_bounded_logs(name: str) -> None:
    limits = SERVICES[name]["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert set(SERVICES[name]["logging"]["options"]) == {"max-size", "max-file"}


def test_what_keeps_data_has_a_volume_and_a_health_check() -> None:
    for name in ("postgres", "redis"):
        volume = SERVICES[name]["volumes"][0].partition(":")[0]
        assert volume in COMPOSE["volumes"]
        assert SERVICES[name]["healthcheck"]["test"]


def test_the_journal_is_where_emails_are_sent_and_checked_and_nowhere_else() -> None:
    with_journal = {name for name in SERVICES if "journal:/journal" in SERVICES[name].get("volumes", ())}
    assert with_journal == {"api", "urgent-worker", "mail-worker", "clock", "migrate"}
    assert "journal" in COMPOSE["volumes"]
    assert all(SERVICES[name]["environment"]["CHAINMEET_JOURNAL"] == "/journal" for name in with_journal)
    assert "install -d -o 10001 -g 10001 -m 700 /journal" in (ROOT / "Dockerfile").read_text()


def test_packs_are_where_they_are_made_and_downloaded_and_nowhere_else() -> None:
    with_packs = {name for name in SERVICES if "packs:/packs" in SERVICES[name].get("volumes", ())}
    assert with_packs == {"api", "jobs-worker"}
    assert "packs" in COMPOSE["volumes"]
    assert all(SERVICES[name]["environment"]["CHAINMEET_PACK_FOLDER"] == "/packs" for name in with_packs)
    assert "install -d -o 10001 -g 10001 -m 700 /packs" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", SERVICES, ids="service-{}".format)
def test_a_health_check_is_a_line_for_the_shell(name: str) -> None:
    """Podman splits a list into words, and Python's program too."""
    check = SERVICES[name].get("healthcheck", {}).get("test", "true")
    assert isinstance(check, str) or check[0] == "CMD-SHELL"


def test_nothing_starts_before_the_migration_and_the_broker() -> None:
    for name in OURS[:-1]:
        assert SERVICES[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "redis": {"condition": "service_healthy"},
        }
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_docker_compose_reads_the_file(tmp_path: Path) -> None:
    missing_programs.require("Docker Compose")
    env = tmp_path / "env"
    env.write_text("".join(f"{name}={value}\n" for name, value in example().items()))
    command = [
        "docker",
        "compose",
        "--env-file",
        str(env),
        "-f",
        str(ROOT / "docker-compose.yml"),
        "config",
        "-q",
    ]
    read = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the services that start with deploy/one-worker.yml, as Docker Compose merges them."""
    missing_programs.require("Docker Compose")
    env = tmp_path_factory.mktemp("compose") / "env"
    files = f"{ROOT / 'docker-compose.yml'}:{ROOT / 'deploy' / 'one-worker.yml'}"
    values = {**example(), "COMPOSE_FILE": files}
    env.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    command = ["docker", "compose", "--env-file", str(env), "config", "--format", "json"]
    read = subprocess.run(command, capture_output=True, text=True, check=True)
    services: dict[str, Any] = json.loads(read.stdout)["services"]
    return services


def test_one_worker_takes_the_place_of_every_role_but_the_web(one_worker: dict[str, Any]) -> None:
    assert one_worker.keys() == SERVICES.keys() - {*WORKING, "receiver", "clock"} | {"mail-worker"}
    program, command, *arguments = one_worker["mail-worker"]["command"]
    assert (program, command) == ("chainmeet", "supervise")
    assert {each for each in arguments if not each.startswith("--")} == set(ROLES)
    options = dict(each.split("=") for each in arguments if each.startswith("--"))
    known = {name for option in main.commands["supervise"].params for name in option.opts}
    assert options == {"--lmtp-host": "0.0.0.0", "--lmtp-port": "8024"} and options.keys() <= known


def test_one_worker_has_what_each_role_has_in_a_container_of_its_own(one_worker: dict[str, Any]) -> None:
    worker = one_worker["mail-worker"]
    secrets = {each["source"] for each in worker["secrets"]}
    volumes = {f"{each['source']}:{each['target']}" for each in worker["volumes"]}
    for name in (*WORKING, "receiver", "clock"):
        role = SERVICES[name]
        environment = {key: substituted(str(value), example()) for key, value in role["environment"].items()}
        assert environment.items() <= worker["environment"].items()
        assert set(role["secrets"]) <= secrets and set(role.get("volumes", ())) <= volumes
        assert set(role["networks"]) <= worker["networks"].keys()
    assert secrets == SECRETS.keys() - {"database_owner_password", "metrics_token", "oidc_providers"}
    assert [(each["host_ip"], each["target"]) for each in worker["ports"]] == [("127.0.0.1", 8024)]
    assert worker["stop_grace_period"] == "2m30s", "as the solve worker's"
    assert int(worker["deploy"]["resources"]["limits"]["memory"]) > 5 << 30, "the solve and the board worker"


@pytest.mark.parametrize("missing", ["", *ROLES])
def test_one_worker_is_healthy_if_each_role_is(
    one_worker: dict[str, Any], missing: str, tmp_path: Path
) -> None:
    worker = one_worker["mail-worker"]
    pulse = Path(worker["environment"]["CHAINMEET_PULSE_PATH"])
    for role in ROLES:
        path = tmp_path / f"{pulse.name}.{role}"
        path.touch()
        if role == missing:
            os.utime(path, (0, 0))
    kind, check = worker["healthcheck"]["test"]
    script = check.replace("$$", "$").replace(str(pulse.parent), str(tmp_path))
    healthy = subprocess.run(["sh", "-c", script], check=False).returncode == 0
    assert (kind, healthy) == ("CMD-SHELL", not missing)


SMALL = ROOT / "deploy" / "small"


def small_settings() -> dict[str, str]:
    """Return the values of the small installation's example."""
    lines = (SMALL / "chainmeet.env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_example_of_the_small_installation_starts_it_when_filled_in(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    settings = small_installation.read_settings(folder, folder.running / "broker.sock", small_settings())
    assert settings.base_url == "https://meetings.example.org"


def test_docker_compose_reads_the_file_of_the_small_installation(tmp_path: Path) -> None:
    missing_programs.require("Docker Compose")
    for name in ("compose.yml", "Caddyfile"):
        (tmp_path / name).write_text((SMALL / name).read_text())
    (tmp_path / "chainmeet.env").write_text((SMALL / "chainmeet.env.example").read_text())
    command = ["docker", "compose", "-f", str(tmp_path / "compose.yml"), "config", "-q"]
    env = {**os.environ, "CHAINMEET_HOST": "meetings.example.org"}
    read = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert (read.returncode, read.stderr) == (0, "")
    services = yaml.safe_load((SMALL / "compose.yml").read_text())["services"]
    for name, service in services.items():
        assert service["deploy"]["resources"]["limits"].keys() == {"memory", "pids"}, name


def test_the_command_of_the_small_installation_is_one_of_ours() -> None:
    services = yaml.safe_load((SMALL / "compose.yml").read_text())["services"]
    unit = (SMALL / "chainmeet.service").read_text()
    in_unit = re.search("ExecStart=/opt/chainmeet/bin/(chainmeet serve .*)", unit)
    assert in_unit is not None
    for command in (services["chainmeet"]["command"], in_unit[1].split()):
        assert main.commands["serve"].make_context("serve", list(command[2:])).params["data"]


def test_the_small_installations_proxy_hides_what_the_manual_says() -> None:
    page = (ROOT / "docs" / "reverse-proxy.md").read_text()
    (secret,) = re.findall(r"^ +@secret path .*$", (SMALL / "Caddyfile").read_text(), flags=re.MULTILINE)
    assert secret in page


def test_the_small_installations_proxy_gets_its_settings_from_systemd() -> None:
    used = set(re.findall(r"\{\$(\w+)", (SMALL / "Caddyfile").read_text()))
    unit = (SMALL / "caddy.conf").read_text()
    settings = dict(re.findall(r"^Environment=(\w+)=(\S+)$", unit, flags=re.MULTILINE))
    assert settings.keys() == used
    assert settings["CHAINMEET_UPSTREAM"] == "127.0.0.1:8000", "where `chainmeet serve` listens"


def test_a_worker_that_gives_way_does_so_among_containers_too() -> None:
    """Niceness applies within a container only."""
    given_way = {
        service["command"][2]
        for service in SERVICES.values()
        if service.get("command", [])[:2] == ["chainmeet", "worker"]
        and service.get("cpu_shares", 1024) < 1024
    }
    assert given_way == {name for name, layout in WORKERS.items() if layout.nice} == {"jobs"}


@pytest.mark.parametrize(("kinds", "nice"), [(["jobs"], 10), (["jobs", "untrusted"], 0)])
def test_a_worker_gives_way_if_nobody_waits_for_any_of_its_work(
    kinds: list[str], nice: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from workers import program

    given: list[int] = []
    monkeypatch.setenv(PREFIX + "DATABASE_URL", f"sqlite:///{tmp_path / 'database'}")
    monkeypatch.setenv(PREFIX + "REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv(PREFIX + "SECRET_KEY", "k" * 40)
    monkeypatch.setattr(os, "nice", given.append)
    monkeypatch.setattr(program, "run_worker", lambda names, *, processes, **_: given.append(processes))
    main(["worker", *kinds], standalone_mode=False)
    assert given == [nice, 1]


@pytest.mark.parametrize(
    ("name", "processes", "own"),
    [
        ("api", 2, 200),
        ("untrusted-worker", 1, 128 + WORKERS["untrusted"].child_megabytes),
        ("receiver", 1, 128),
    ],
)
def test_the_worst_that_strangers_can_have_read_at_once_fits_into_a_container(
    name: str, processes: int, own: int
) -> None:
    child = 64 + untrusted_limits.MEMORY // 2**20  # its program, and its memory limit
    limit = SERVICES[name]["deploy"]["resources"]["limits"]["memory"]
    assert limit.endswith("m")
    assert int(limit[:-1]) >= processes * (own + pool.SIZE * child)


def test_the_web_has_as_many_processes_as_its_memory_is_reckoned_for() -> None:
    assert gunicorn_config.workers == 2


def test_the_web_server_leaves_it_to_the_application_to_say_that_an_address_is_too_long() -> None:
    longest = int(programs.LONGEST_LINE)
    assert gunicorn_config.limit_request_line == longest
    settings = Settings(database_url="", redis_url="", secret_key=SecretKeys(SECRETS["secret_key"]))
    web = programs.web_program(DataFolder(ROOT), settings, 1)
    assert web.command[web.command.index("--limit-request-line") + 1] == str(longest)
    assert longest >= 2 * errors.MAX_ADDRESS
