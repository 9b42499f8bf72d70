"""`python -m tests.interop.check FOLDER`: read every sent email with every available reader.

FOLDER is a data folder, for example that of `make demo`.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from sqlalchemy import select

from chainmeet.stack.data_folder import DataFolder
from scheduler.invites.ical.itip import ItipMessage
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail
from tests.interop import readers
from tests.interop.sent import Sent, faults, faults_around

SHOWN = 20


def sent_by(folder: DataFolder) -> list[Sent]:
    """Return the mail catcher's emails that have a calendar, each with its outbox row."""
    with closing(sqlite3.connect(f"file:{folder.mails / 'mails.db'}?mode=ro", uri=True)) as caught:
        mails = caught.execute("SELECT message_id, raw FROM mail WHERE method <> '' ORDER BY id").fetchall()
    database = Database(folder.database_url)
    with database.read() as session:
        rows = {row.message_id: row for row in session.scalars(select(OutboxEmail))}
    database.dispose()
    found = [(raw, rows[message_id]) for message_id, raw in mails]
    return [Sent(raw, ItipMessage.from_json(row.payload), row.to_address) for raw, row in found]


def main(folder: Path) -> int:
    mails = sent_by(DataFolder(folder.resolve()))
    checks = {
        "the mails themselves": faults_around,
        **{name: partial(faults, name) for name in readers.NAMES},
    }
    is_right = bool(mails)
    for name, check in checks.items():
        found = check(mails)
        lines = [f"{name}: {len(mails):,} mails, {len(found):,} faults", *found[:SHOWN]]
        sys.stdout.write("\n  ".join(lines) + "\n")
        is_right = is_right and not found
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
