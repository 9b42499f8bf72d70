"""API client: Flask's test client with an API token."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from api.v1.bearer import EVENT
from scheduler.services.identity import api_clients, api_tokens
from scheduler.services.identity.actors import Actor
from scheduler.storage.database import Database


class Program:
    """Sends JSON with a bearer token and asserts the response status."""

    def __init__(self, app: Flask, token: str | None, event_key: str = "") -> None:
        """`event_key` is the event of a token for all events."""
        self.client = app.test_client()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        if event_key:
            self.headers[EVENT] = event_key

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        response = self.client.get(f"/api/v1{path}", query_string=query, headers=self.headers)
        return self._json(path, response, status)

    def post(self, path: str, body: Any = None, *, status: int = 200, key: str | None = None) -> Any:
        return self._json(path, self.send(path, body, key=key), status)

    def send(self, path: str, body: Any = None, *, key: str | None = None, method: str = "post") -> Any:
        """Return the whole response, by default to a POST."""
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        sent = {} if body is None else {"json": body}
        return self.client.open(f"/api/v1{path}", method=method.upper(), headers=headers, **sent)

    @staticmethod
    def _json(path: str, response: Any, status: int) -> Any:
        assert response.status_code == status, (path, response.status_code, response.text[:2000])
        wanted = "application/json" if status < 400 else "application/problem+json"
        assert response.content_type == wanted
        return response.json


def make_token(database: Database, actor: Actor, *scopes: str, is_for_all_events: bool = False) -> str:
    """Create a token, by default with every scope that the actor may grant."""
    given = scopes or tuple(api_tokens.list_offered_scopes(actor))
    with database.write() as session:
        _, text = api_tokens.create_api_token(
            session, actor, "test", given, is_for_all_events=is_for_all_events, now=database.now()
        )
    return text


def make_service_token(database: Database, *scopes: str, name: str = "CRM") -> str:
    """Create a token of a service, by default with every scope."""
    given = scopes or tuple(api_tokens.SCOPES)
    with database.write() as session:
        _, text = api_tokens.create_service_token(session, name, given, now=database.now())
    return text


def actor_for_token(session: Session, token: str, event_key: str = "", *, now: datetime) -> Actor:
    """Return the actor that a token is in its event, or in that of `event_key`."""
    client = api_clients.find_client(session, token, now=now)
    return api_clients.actor_for_client(session, client, event_key or client.event_key or "", now=now)
