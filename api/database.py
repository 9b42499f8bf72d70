"""Database access of a request: all reads share one session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from scheduler.storage.database import Database, end_reading


class RequestDatabase(Database):
    """The database within one request.

    `read()` returns the same session each time: one transaction, one snapshot, and each row is loaded once.
    The session ends with the request or when a `write()` begins; later reads see what was written. During a
    write, `read()` returns the writing session.
    """

    def __init__(self, shared: Database) -> None:
        self.url, self.engine = shared.url, shared.engine
        self._readers, self._writers = shared._readers, shared._writers
        self._single = shared._single
        self._session: Session | None = None
        self._is_writing = False

    @contextmanager
    def read(self) -> Iterator[Session]:
        if self._session is None:
            self._session = self._readers()
        try:
            yield self._session
        except SQLAlchemyError:
            self.close()  # later reads, such as an error page's, begin a new session
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
        """Cache the time that a query of this request returned."""
        if self._session is not None:
            self._session.info["now"] = moment

    def moment(self) -> datetime:
        """Return the time by the database's clock, cached for the read session but not in a write."""
        with self.read() as session:
            if self._is_writing:
                return self.now()
            if "now" not in session.info:
                session.info["now"] = self.now()
            moment: datetime = session.info["now"]
            return moment

    def close(self) -> None:
        """Close the read session. An open write session is left to end by itself."""
        if self._session is not None and not self._is_writing:
            session, self._session = self._session, None
            try:
                end_reading(session)
            finally:
                session.close()
            self.do_afterwards(session)
