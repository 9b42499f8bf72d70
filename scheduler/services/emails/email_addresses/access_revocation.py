"""Access revocation: feed addresses and calendars that a former recipient must not keep."""

from __future__ import annotations

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from scheduler.secret_keys import SecretKeys
from scheduler.services.schedule.feed_addresses import set_new_feed
from scheduler.storage.models import Attendee, BusySource, Firm


def rotate_feed_address(session: Session, person: Attendee, *, secret_key: SecretKeys) -> None:
    """Give a person's feed a new address, before the person gets another reader, firm or role.

    The firm's feed gets one too if the person is an exhibitor, because exhibitors can see it. Colleagues find
    the new address on its page.
    """
    set_new_feed(person, secret_key)
    firm = session.get_one(Firm, person.firm_id)
    if person.is_exhibitor and firm.feed_seed:
        set_new_feed(firm, secret_key)
    session.flush()


def delete_calendars(session: Session, person: Attendee) -> None:
    """Delete previews and linked calendars, which belong to the account.

    Uploaded files belong to the attendee.
    """
    session.execute(
        delete(BusySource).where(
            BusySource.attendee_id == person.id,
            or_(BusySource.is_saved.is_(False), BusySource.address.is_not(None)),
        )
    )
