"""API client: Flask's test client with an API token of an event."""

from __future__ import annotations

from typing import Any

from flask import Flask

from scheduler.services.identity import api_tokens
from scheduler.services.identity.actors import Actor
from scheduler.storage.database import Database


class Program:
    """Sends JSON with a bearer token and asserts the response status."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self.client = app.test_client()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

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


def make_token(database: Database, actor: Actor, *scopes: str) -> str:
    """Create a token, by default with every scope that the actor may grant."""
    given = scopes or tuple(api_tokens.list_offered_scopes(actor))
    with database.write() as session:
        _, text = api_tokens.create_api_token(session, actor, "test", given, now=database.now())
    return text
