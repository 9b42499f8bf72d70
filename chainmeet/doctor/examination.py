"""All checks of the doctor in order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from chainmeet.connection import command_settings
from chainmeet.doctor.data_checks import check_data
from chainmeet.doctor.hidden_secrets import without_secrets
from chainmeet.doctor.key_checks import check_secret_keys
from chainmeet.doctor.machine_checks import check_machine
from chainmeet.doctor.outbox_checks import check_outbox
from chainmeet.doctor.service_checks import (
    check_broker,
    check_bucket,
    check_database,
    check_inbound,
    check_providers,
)
from chainmeet.doctor.settings_checks import check_settings
from scheduler.config import ConfigError, Settings
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.findings import Finding, error
from scheduler.services.delivery.mail_check.relay import check_relay
from scheduler.storage.database import Database


def examine(
    data: Path | None, lmtp: tuple[str, int] | None, *, with_invariants: bool = False
) -> list[Finding]:
    """Return the findings about the installation of this environment or data folder.

    With `with_invariants`, the stored data are checked too.
    """
    try:
        settings = command_settings(data)
    except ConfigError as invalid:
        return [
            error("settings", f"{fault.path}: {fault.message}", "Correct it.") for fault in invalid.faults
        ]
    except ChainmeetError as failure:
        return [error("settings", str(failure), "Name the data folder with --data, or set the environment.")]
    return without_secrets(_all(settings, lmtp, with_invariants), settings)


def _all(settings: Settings, lmtp: tuple[str, int] | None, with_invariants: bool) -> Iterator[Finding]:
    yield from check_settings(settings, os.environ)
    database = Database(settings.database_url)
    try:
        yield from check_database(database)
        yield from check_secret_keys(settings, database)
        yield from check_machine(settings, database)
        yield from check_outbox(database)
        if with_invariants:
            yield from check_data(settings, database)
    finally:
        database.dispose()
    yield from check_broker(settings)
    yield from check_relay(settings)
    yield from check_inbound(settings, lmtp)
    yield from check_providers(settings)
    yield from check_bucket(settings)
