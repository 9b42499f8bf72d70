"""The web application over an event of three firms, and its users' browsers."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select

from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, MeetingRequest
from tests.support.factories import Expo, make_event
from tests.support.web import Browser, web_app


@dataclass
class Site:
    app: Flask
    database: Database
    expo: Expo

    def browser(self, person: Attendee) -> Browser:
        with self.database.read() as session:
            return Browser(self.app, session.get_one(Account, person.account_id))

    def exhibitor(self, firm: int) -> Browser:
        return self.browser(self.expo.people[firm][0])

    def organiser(self) -> Browser:
        return Browser(self.app, self.expo.organiser)

    def path(self, rest: str) -> str:
        return f"/events/{self.expo.event.key}{rest}"

    def stored(self) -> list[MeetingRequest]:
        with self.database.read() as session:
            return list(session.scalars(select(MeetingRequest).order_by(MeetingRequest.id)))

    @classmethod
    def of_three_firms(cls, database: Database, broker_url: str) -> Site:
        """Create an event of two days with three firms of two people each."""
        with database.write() as session:
            expo = make_event(session, firms=3, people=2, slots="2 2")
        return cls(web_app(database, broker_url), database, expo)
