"""Database access of a request: all reads share one session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from scheduler.storage.database import Database, end_reading


class RequestDatabase(Database):
    """The database as one request sees it.

    `read()` gives the same session each time: one transaction, one snapshot, each row asked for once. It ends
    with the request, or where a `write()` begins. What is read afterwards sees what was written. While a
    write is open, `read()` gives its session.
    """

    def __init__(self, shared: Database) -> None:
        self.url, self.engine = shared.url, shared.engine
        self._readers, self._writers = shared._readers, shared._writers
        self._session: Session | None = None
        self._is_writing = False

    @contextmanager
    def read(self) -> Iterator[Session]:
        if self._session is None:
            self._session = self._readers()
        try:
            yield self._session
        except SQLAlchemyError:
            self.close()  # what follows, such as an error page, begins a new session
            raise

    @contextmanager
    def write(self) -> Iterator[Session]:
        if self._is_writing:
            raise RuntimeError("a request has one transaction that writes at a time")
        self.close()
        with super().write() as session:
            self._session, self._is_writing = session, True
            try:
                yield session
            finally:
                self._session, self._is_writing = None, False

    def note_moment(self, moment: datetime) -> None:
        """Have known what a query of this request's said of the time."""
        if self._session is not None:
            self._session.info["now"] = moment

    def moment(self) -> datetime:
        """The time by the database's clock: asked once for all that is read, and again in a write."""
        with self.read() as session:
            if self._is_writing:
                return self.now()
            if "now" not in session.info:
                session.info["now"] = self.now()
            moment: datetime = session.info["now"]
            return moment

    def close(self) -> None:
        """Let go of what was read. Nothing to be said of a write, which ends by itself."""
        if self._session is not None and not self._is_writing:
            session, self._session = self._session, None
            try:
                end_reading(session)
            finally:
                session.close()
            self.do_afterwards(session)
