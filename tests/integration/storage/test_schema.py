"""The migrations make the tables that the code wants, on both databases."""

import json
from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

from scheduler.domain.entities import RequestState, VersionState
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest, OutboxMail, ScheduleVersion
from scheduler.storage.schema import SchemaOutOfDate, alembic_config, require_current, upgrade
from tests.support.databases import owning
from tests.support.factories import make_event, make_request, make_version, meet
from tests.support.publishing import draft, publish


@pytest.fixture
def database(database: Database) -> Iterator[Database]:
    """For the role that owns it: it changes tables."""
    with owning(database) as owner:
        yield owner


def test_upgrading_from_empty_makes_every_table(database: Database) -> None:
    tables = set(inspect(database.engine).get_table_names())
    assert tables - {"alembic_version"} == set(Base.metadata.tables)


def test_migrations_and_models_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        command.check(alembic_config(connection))


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    upgrade(database)
    require_current(database)


def test_a_database_that_was_not_upgraded_is_refused_by_name(tmp_path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(SchemaOutOfDate, match="chainmeet db upgrade"):
        require_current(empty)


def test_two_firms_that_had_asked_each_other_keep_one_request_with_both_topics(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        for i, state in enumerate([RequestState.PENDING, RequestState.PENDING, RequestState.ACCEPTED], 1):
            make_request(session, expo, 0, i, state=state, key=f"first{i}", topic="Cells")
            make_request(session, expo, 0, i, state=RequestState.EXPIRED, key=f"back{i}", topic="Tools")
    columns = [column["name"] for column in inspect(database.engine).get_columns("meeting_request")]
    with database.engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0013")
        connection.execute(
            text(
                "UPDATE meeting_request SET from_firm_id = to_firm_id, to_firm_id = from_firm_id,"
                " state = CASE key WHEN 'back2' THEN 'accepted' ELSE 'pending' END WHERE key LIKE 'back%'"
            )
        )
        connection.commit()
    upgrade(database)
    assert [c["name"] for c in inspect(database.engine).get_columns("meeting_request")] == columns
    with database.read() as session:
        rows = {row.key: row for row in session.scalars(select(MeetingRequest))}
    kept = [row for row in rows.values() if row.state is RequestState.ACCEPTED]
    assert [(row.key, row.topic, row.reply_topic) for row in sorted(kept, key=lambda row: row.key)] == [
        ("back2", "Tools", "Cells"),
        ("first1", "Cells", "Tools"),
        ("first3", "Cells", "Tools"),
    ]
    assert {row.state for row in rows.values()} == {RequestState.ACCEPTED, RequestState.WITHDRAWN}


def test_what_mails_of_before_say_of_a_calendar_stands_in_columns(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        meeting = meet(make_request(session, expo, 0, 1), expo)
        publish(session, expo, draft(session, expo, [meeting]), None)
        session.flush()
        known = session.execute(select(OutboxMail.id, OutboxMail.dtstamp, OutboxMail.facts)).all()
        for row_id, _, facts in known:  # as it was written before
            mail = session.get_one(OutboxMail, row_id)
            mail.payload = {**mail.payload, "facts": facts}
    assert any(dtstamp and facts for _, dtstamp, facts in known)
    with database.engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0029")
        connection.commit()
    upgrade(database)
    with database.read() as session:
        assert session.execute(select(OutboxMail.id, OutboxMail.dtstamp, OutboxMail.facts)).all() == known


def test_a_kind_of_mail_that_is_none_is_refused_by_the_database(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        publish(session, expo, draft(session, expo, [meet(make_request(session, expo, 0, 1), expo)]), None)
    with database.engine.connect() as connection:
        for column in ("kind", "method"):
            with pytest.raises(IntegrityError), connection.begin_nested():
                connection.execute(text(f"UPDATE outbox_mail SET {column} = 'letter'"))


def test_what_versions_of_before_do_not_hold_stands_in_rows_in_its_order(database: Database) -> None:
    answers = [{"request": key, "reason": reason} for key, reason in (("r9", "no-place"), ("r1", "walking"))]
    with database.write() as session:
        expo = make_event(session)
        make_version(session, expo, []).unscheduled = answers
        make_version(session, expo, [], state=VersionState.DRAFT)
    with database.engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0032")
        kept = connection.scalars(text("SELECT unscheduled FROM schedule_version ORDER BY number")).all()
        connection.commit()
    assert [json.loads(row) if isinstance(row, str) else row for row in kept] == [answers, []]
    upgrade(database)
    with database.read() as session:
        versions = session.scalars(select(ScheduleVersion).order_by(ScheduleVersion.number)).all()
        assert [list(version.unscheduled) for version in versions] == [answers, []]
