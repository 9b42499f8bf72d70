"""Stored problems: the input of each run."""

from __future__ import annotations

import json
import zlib
from typing import Any

from sqlalchemy.orm import Session, undefer

from scheduler.domain.problem import Problem
from scheduler.files.problem_file import read_problem
from scheduler.storage.models import Run, ScheduleVersion


def load_problem(session: Session, version: ScheduleVersion) -> Problem | None:
    """Return the problem of the run that made a version, or None if no run made it."""
    document = load_problem_file(session, version.run_id) if version.run_id is not None else None
    return None if document is None else read_problem(document)


def load_problem_file(session: Session, run_id: int) -> dict[str, Any] | None:
    """Return the problem of a run, as in docs/problem-format.md, or None before its start."""
    run = session.get_one(Run, run_id, options=[undefer(Run.problem)])
    return decompress_document(run.problem) if run.problem else None


def compress_document(document: dict[str, Any]) -> bytes:
    return zlib.compress(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode())


def decompress_document(packed: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(zlib.decompress(packed))
    return document
