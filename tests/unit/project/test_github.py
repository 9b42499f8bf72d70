"""Workflows and issue forms are valid, and what they reference exists."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = [ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml" for name in ("bug", "feature")]
PINNED = re.compile(r"[\w-]+/[\w./-]+@(v\d+|release/v\d+|[0-9a-f]{40})")
TARGETS = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def read(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job.get("steps", ())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_what_exists(path: Path) -> None:
    workflow = read(path)
    for job in workflow["jobs"].values():
        assert ("uses" in job) or (job["timeout-minutes"] and job["runs-on"])
        assert set(named(job.get("needs", []))) <= set(workflow["jobs"])
        if "uses" in job:
            assert (ROOT / job["uses"]).is_file()
    for step in steps(workflow):
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert PINNED.fullmatch(step["uses"]), step["uses"]
        run = step.get("run", "")
        for target in re.findall(r"\bmake ([\w./-]+)", run):
            assert target in TARGETS
        for module in re.findall(r"python -m (tests[\w.]+)", run):
            assert importlib.util.find_spec(module)


def named(needs: str | list[str]) -> list[str]:
    return [needs] if isinstance(needs, str) else needs


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_more_rights_and_secrets_than_its_jobs_name(path: Path) -> None:
    assert read(path)["permissions"] == {"contents": "read"}
    text = path.read_text("utf-8")
    assert set(re.findall(r"secrets\.(\w+)", text)) <= {"GITHUB_TOKEN"}
    for step in steps(read(path)):  # an expression in a script would execute an issue's title
        assert "${{" not in step.get("run", "")


def test_a_push_and_a_pull_request_run_all_that_continuous_integration_does() -> None:
    workflow = read(ROOT / ".github/workflows/test.yml")
    assert {"push", "pull_request", "workflow_call"} <= set(workflow[True])  # YAML 1.1 reads `on` as true
    assert ".ci/run" in [step.get("run") for step in steps(workflow)]


def test_a_release_waits_for_the_tests_and_names_the_image_by_its_version() -> None:
    workflow = read(ROOT / ".github/workflows/release.yml")
    jobs = workflow["jobs"]
    assert jobs["build"]["needs"] == "test"
    assert all("build" in named(jobs[name]["needs"]) for name in ("image", "pypi", "github"))
    build = next(step for step in jobs["image"]["steps"] if "build-push" in step.get("uses", ""))
    given = set(re.findall(r"^(\w+)=", build["with"]["build-args"], re.MULTILINE))
    last_stage = (ROOT / "Dockerfile").read_text("utf-8").rpartition("\nFROM ")[2]
    assert given == set(re.findall(r"^ARG (\w+)=", last_stage, re.MULTILINE))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_of_an_issue_can_be_filled_in(path: Path) -> None:
    form = read(path)
    assert form["name"] and form["description"]
    ids = [each["id"] for each in form["body"] if each["type"] != "markdown"]
    assert ids and len(ids) == len(set(ids))
    for each in form["body"]:
        assert each["type"] in ("markdown", "input", "textarea", "dropdown", "checkboxes")
        assert each["attributes"]["value" if each["type"] == "markdown" else "label"]
        if each["type"] in ("dropdown", "checkboxes"):
            assert each["attributes"]["options"]


def test_the_site_of_the_documents_is_built_from_what_is_there() -> None:
    settings = read(ROOT / ".readthedocs.yaml")
    assert (ROOT / settings["sphinx"]["configuration"]).is_file()
    assert settings["sphinx"]["fail_on_warning"] is True
    assert [(ROOT / each["requirements"]).is_file() for each in settings["python"]["install"]] == [True]
