"""Sends hostile requests, and collects responses that must never occur."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask, has_request_context, request
from flask.testing import FlaskClient
from psycopg._preparing import PrepareManager
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.datastructures import ImmutableMultiDict

from scheduler.storage.database import Database

Pairs = Sequence[tuple[str, str]]

LARGEST = 5 << 20
"""Bytes of a response."""
_HERE = str(Path(__file__).parent)

_asked: dict[str, dict[str, set[str]]] = {}


class _Noted(ImmutableMultiDict[str, str]):
    """Query or form fields that record which names a view reads."""

    _names: set[str] | None = None

    def _note(self, name: str) -> None:
        if self._names is None and has_request_context() and request.endpoint:
            kind = "query" if self is request.__dict__.get("args") else "form"
            self._names = _asked.setdefault(request.endpoint, {}).setdefault(kind, set())
        if self._names is not None:
            self._names.add(name)

    def get(self, key, *args, **more):  # type: ignore[no-untyped-def, override]
        self._note(key)
        return super().get(key, *args, **more)

    def getlist(self, key, *args, **more):  # type: ignore[no-untyped-def, override]
        self._note(key)
        return super().getlist(key, *args, **more)

    def __getitem__(self, key: str) -> str:
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._note(str(key))
        return super().__contains__(key)


def names(endpoint: str, kind: str) -> set[str]:
    """Return the field names that a view read, of its `query` or `form`; the first two of numbered ones."""
    asked = _asked.get(endpoint, {}).get(kind, set()) - {"csrf_token"}
    return {name for name in asked if all(int(number) < 2 for number in re.findall("[0-9]+", name))}


def note_names(patch: pytest.MonkeyPatch, app: Flask) -> None:
    """Record the field names that views read, so that they need not be listed."""
    _asked.clear()
    kind = type("NotingRequest", (app.request_class,), {"parameter_storage_class": _Noted})
    patch.setattr(app, "request_class", kind)


def keep_nothing(patch: pytest.MonkeyPatch) -> None:
    """Roll back every write transaction at its end, so that each request finds the same data.

    Statements stay prepared, since no request drops a table. The driver forgets them at each ROLLBACK, and
    planning all queries again after each form took a quarter of the time.
    """

    @contextmanager
    def write(database: Database) -> Iterator[Session]:
        with database.engine.connect().execution_options(writes=True) as connection:
            outer = connection.begin()
            made = sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
            try:
                with made() as session:
                    session.connection()
                    yield session
                    session.commit()
            finally:
                outer.rollback()

    patch.setattr(Database, "write", write)
    patch.setattr(PrepareManager, "clear", lambda _self: False)


@dataclass
class Faults:
    """Forbidden responses, each cause once with a request that reproduces it."""

    count: int = 0
    found: dict[str, str] = field(default_factory=dict)

    def send(
        self,
        client: FlaskClient,
        method: str,
        path: str,
        *,
        query: Pairs = (),
        body: bytes | None = None,
        kind: str = "",
        headers: dict[str, str] | None = None,
    ) -> int:
        """Return the status of a response, or 500 for an unhandled error."""
        self.count += 1
        asked = f"{method} {path} {list(query)!r:.300} {body!r:.300}"
        try:
            answer = client.open(
                path, method=method, query_string=encoded(query), data=body, content_type=kind or None,
                headers=headers,
            )  # fmt: skip
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            ours = [f for f in frames if not f.filename.startswith(_HERE) and ".venv" not in f.filename]
            where = f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else ""
            self.found.setdefault(f"{type(error).__name__} in {where}", f"{asked}: {error!s:.200}")
            return 500
        if answer.status_code >= 500 and "/board" not in path and "Retry-After" not in answer.headers:
            self.found.setdefault(f"status {answer.status_code} of {path}", asked)
        if answer.status_code == 503 and b"database does not answer" in answer.data:
            self.found.setdefault(f"the database refuses {path}", asked)
        if not answer.headers.get("Cache-Control"):
            self.found.setdefault(f"any cache may keep {path}", asked)
        if len(answer.data) > LARGEST:
            self.found.setdefault(f"{len(answer.data)} octets of {path}", asked)
        if answer.headers.get("Location", "/").startswith(("//", "\\", "/\\")):
            self.found.setdefault(f"{path} leads to {answer.headers['Location']}", asked)
        return int(answer.status_code)


def encoded(pairs: Pairs) -> str:
    return urlencode(list(pairs), errors="surrogatepass")
