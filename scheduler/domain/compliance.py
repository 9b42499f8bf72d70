"""Compliance audits: their topics, and the states of an answer."""

from __future__ import annotations

from enum import StrEnum


class ComplianceTopic(StrEnum):
    """A topic of the annex to China's audit measures of 2025, in its order."""

    CONSENT = "consent"
    NOTICE = "notice"
    JOINT = "joint"
    PROCESSORS = "processors"
    MERGERS = "mergers"
    DISCLOSURE = "disclosure"
    AUTOMATION = "automation"
    PUBLICATION = "publication"
    CAMERAS = "cameras"
    SENSITIVE = "sensitive"
    TRANSFERS = "transfers"
    RETENTION = "retention"
    RIGHTS = "rights"
    TRAINING = "training"
    SECURITY = "security"
    OFFICER = "officer"
    ASSESSMENT = "assessment"
    INCIDENTS = "incidents"


class AnswerState(StrEnum):
    """The state of the organiser's answer to a topic."""

    MISSING = "missing"
    ANSWERED = "answered"
    NOT_APPLICABLE = "not_applicable"
