"""Output of the doctor: text for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from scheduler.domain.findings import Finding, Level, worst
from scheduler.version import installed_version


def print_text(findings: Sequence[Finding]) -> None:
    """Print one line per finding, and the advice below it."""
    for finding in findings:
        click.echo(f"{finding.level.name.lower():8}{finding.check}: {finding.what}")
        if finding.advice:
            click.echo(f"        {finding.advice}")
    numbers = {level: sum(finding.level is level for finding in findings) for level in Level}
    click.echo(f"{numbers[Level.ERROR]} errors, {numbers[Level.WARNING]} warnings, {numbers[Level.OK]} ok")


def print_json(findings: Sequence[Finding]) -> None:
    """Print the version, the worst level and all findings."""
    document = {
        "version": installed_version(),
        "status": worst(findings).name.lower(),
        "findings": [finding.to_json() for finding in findings],
    }
    click.echo(json.dumps(document, indent=1, ensure_ascii=False))
