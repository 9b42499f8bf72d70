"""The rendered manifests of deploy/kubernetes agree with Kubernetes, Compose and the settings."""

from __future__ import annotations

import subprocess
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from chainmeet.cli import main
from scheduler.config import PREFIX, Settings
from tests.support import missing_programs
from tests.unit.project.test_compose import OURS, SECRETS, SERVICES, substituted

FOLDER = Path(__file__).parents[3] / "deploy" / "kubernetes"
OVERLAYS = ("small", "large")
KUBERNETES = "1.34"
NETWORKS = {"broker", "outside"}
UNITS = {"Mi": 1, "Gi": 1024, "m": 1, "g": 1024}


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@cache
def rendered(overlay: str) -> list[dict[str, Any]]:
    missing_programs.require("kustomize")
    command = ["kustomize", "build", str(FOLDER / "overlays" / overlay)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(made.stdout))


def of_kind(overlay: str, *kinds: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in rendered(overlay) if each["kind"] in kinds}


def roles(overlay: str) -> dict[str, dict[str, Any]]:
    """Return the pod templates of Chainmeet's image by role."""
    return {name: each["spec"]["template"] for name, each in of_kind(overlay, "Deployment", "Job").items()}


def container(template: dict[str, Any]) -> dict[str, Any]:
    (only,) = template["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def environment(overlay: str, template: dict[str, Any]) -> dict[str, str]:
    (source,) = container(template)["envFrom"]
    shared = of_kind(overlay, "ConfigMap")[source["configMapRef"]["name"]]["data"]
    return {**shared, **{each["name"]: each["value"] for each in container(template).get("env", ())}}


def mounted_secrets(template: dict[str, Any]) -> set[str]:
    (volume,) = [each["secret"] for each in template["spec"]["volumes"] if "secret" in each]
    assert volume["secretName"] == "chainmeet"
    assert all(each["key"] == each["path"] for each in volume["items"])
    return {each["key"] for each in volume["items"]}


def megabytes(text: str) -> int:
    number = text.rstrip("".join(UNITS))
    return int(number) * UNITS[text.removeprefix(number)]


def test_each_object_is_valid(overlay: str) -> None:
    for each in rendered(overlay):
        if each["apiVersion"].startswith("keda.sh/"):  # a custom resource has no schema of Kubernetes
            continue
        kubernetes_validate.validate(each, KUBERNETES, strict=True)


def test_there_is_a_pod_for_each_service_of_compose_with_its_command_memory_secrets_and_volumes(
    overlay: str,
) -> None:
    templates = roles(overlay)
    assert templates.keys() == set(OURS)
    for name, template in templates.items():
        service, own = SERVICES[name], container(template)
        assert own.get("args") == service.get("command"), name
        assert mounted_secrets(template) == set(service["secrets"]), name
        limit = service["deploy"]["resources"]["limits"]["memory"]
        assert megabytes(own["resources"]["limits"]["memory"]) == megabytes(limit), name
        volumes = {each["name"] for each in own["volumeMounts"]} - {"tmp", "secrets"}
        assert volumes == {each.partition(":")[0] for each in service.get("volumes", ())}, name
        assert all(
            each["mountPath"] == f"/{each['name']}" for each in own["volumeMounts"] if each["name"] in volumes
        )


def test_each_variable_is_a_setting_and_the_settings_are_valid(overlay: str, tmp_path: Path) -> None:
    for name, text in SECRETS.items():
        (tmp_path / name).write_text(text)
    known = {PREFIX + field.name.upper() for field in fields(Settings)}
    for name, template in roles(overlay).items():
        given = environment(overlay, template)
        assert {each.removesuffix("_FILE") for each in given} <= known, name
        files = {value.removeprefix("/run/secrets/") for value in given.values() if value.startswith("/run/")}
        assert files == mounted_secrets(template), name
        settings = Settings.from_env(
            {each: value.replace("/run/secrets", str(tmp_path)) for each, value in given.items()}
        )
        assert settings.database_url.startswith(
            "postgresql://chainmeet_owner" if name == "migrate" else "postgresql://chainmeet:"
        )


def test_each_command_is_one_of_ours(overlay: str) -> None:
    for template in roles(overlay).values():
        program, command, *_ = container(template).get("args") or ["chainmeet", "serve"]
        assert (program, command in main.commands) == ("chainmeet", True)


def test_ports_and_networks_are_those_of_compose(overlay: str) -> None:
    services = of_kind(overlay, "Service")
    for name, template in roles(overlay).items():
        published = [int(each.rpartition(":")[2]) for each in SERVICES[name].get("ports", ())]
        assert [each["containerPort"] for each in container(template).get("ports", ())] == published, name
        if published:
            spec = services[name]["spec"]
            assert ([each["port"] for each in spec["ports"]], spec["selector"]) == (published, {"role": name})
        labels = template["metadata"]["labels"]
        allowed = {network for network in NETWORKS if labels.get(network) == "allowed"}
        assert allowed == set(SERVICES[name]["networks"]) & NETWORKS, name
    policies = of_kind(overlay, "NetworkPolicy")
    assert policies["deny-all"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (broker,) = policies["broker"]["spec"]["ingress"]
    assert broker["from"] == [{"podSelector": {"matchLabels": {"broker": "allowed"}}}]


def test_pods_run_without_rights(overlay: str) -> None:
    templates = [*roles(overlay).values(), of_kind(overlay, "StatefulSet")["redis"]["spec"]["template"]]
    for template in templates:
        pod, own = template["spec"], container(template)["securityContext"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert own["readOnlyRootFilesystem"] and not own["allowPrivilegeEscalation"]
        assert own["capabilities"] == {"drop": ["ALL"]}
    for template in roles(overlay).values():
        assert f"{template['spec']['securityContext']['runAsUser']}:10001" == SERVICES["api"]["user"]
        assert not template["spec"]["enableServiceLinks"]


def test_what_runs_is_probed_and_gets_the_time_of_compose_to_end(overlay: str) -> None:
    for name, template in roles(overlay).items():
        if name == "migrate":
            continue
        own, service = container(template), SERVICES[name]
        assert {"startupProbe", "livenessProbe"} <= own.keys(), name
        grace = int(substituted(service.get("stop_grace_period", "10s"), {}).rstrip("s"))
        assert template["spec"]["terminationGracePeriodSeconds"] >= grace, name
        if "find /tmp/pulse" in str(service.get("healthcheck")):
            assert own["livenessProbe"]["exec"]["command"][-1] == service["healthcheck"]["test"]
    web = container(roles(overlay)["api"])
    assert web["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": 8000}
    assert web["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": 8000}
    (_, seconds) = web["lifecycle"]["preStop"]["exec"]["command"]
    left = roles(overlay)["api"]["spec"]["terminationGracePeriodSeconds"] - int(seconds)
    assert left >= int(SERVICES["api"]["stop_grace_period"].rstrip("s"))


def test_a_solve_worker_has_the_time_to_stop_that_it_counts_on(overlay: str) -> None:
    template = roles(overlay)["solve-worker"]
    seconds = environment(overlay, template)["CHAINMEET_SOLVE_STOP_SECONDS"]
    assert str(template["spec"]["terminationGracePeriodSeconds"]) == seconds


def test_there_is_one_clock_and_a_processor_for_each_thread_of_a_search(overlay: str) -> None:
    clock = of_kind(overlay, "Deployment")["clock"]["spec"]
    assert (clock["replicas"], clock["strategy"]) == (1, {"type": "Recreate"})
    template = roles(overlay)["solve-worker"]
    threads = environment(overlay, template)["CHAINMEET_SOLVE_WORKERS"]
    assert str(container(template)["resources"]["limits"]["cpu"]) == threads


def test_a_node_of_the_size_that_the_small_overlay_names_has_room_for_its_pods() -> None:
    templates = [*roles("small").values(), of_kind("small", "StatefulSet")["redis"]["spec"]["template"]]
    requests = [container(template)["resources"]["requests"] for template in templates]
    comment = (FOLDER / "overlays" / "small" / "kustomization.yaml").read_text().partition("\n")[0]
    assert "4 processors and 8 GB" in comment
    assert sum(millicores(each["cpu"]) for each in requests) <= 3_500  # some are the node's own
    assert sum(megabytes(each["memory"]) for each in requests) <= 7_000


def millicores(text: str | int) -> int:
    return int(text[:-1]) if isinstance(text, str) and text.endswith("m") else 1_000 * int(text)


def test_what_is_scaled_or_protected_exists(overlay: str) -> None:
    names = of_kind(overlay, "Deployment")
    for each in of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject").values():
        assert each["spec"]["scaleTargetRef"]["name"] in names
        assert "replicas" not in names[each["spec"]["scaleTargetRef"]["name"]]["spec"]
    for each in of_kind(overlay, "PodDisruptionBudget").values():
        assert each["spec"]["selector"]["matchLabels"]["role"] in names
        assert each["spec"]["maxUnavailable"] == 1
    for each in of_kind(overlay, "ScaledObject").values():
        (trigger,) = each["spec"]["triggers"]
        assert "chainmeet_runs_oldest_waiting_seconds" in trigger["metadata"]["query"]
        behavior = each["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 3600
