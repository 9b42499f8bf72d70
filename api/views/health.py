"""Whether the web is alive, and whether what it needs answers."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api import context

blueprint = APIBlueprint("health", __name__, enable_openapi=False)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Database and broker answer."""
    checks = {"database": _database(), "broker": _broker()}
    return jsonify(checks), 200 if all(value == "ok" for value in checks.values()) else 503


def _database() -> str:
    try:
        with context.database().read() as db:
            db.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return type(error).__name__
    return "ok"


def _broker() -> str:
    url = context.settings().redis_url.replace("redis+socket://", "unix://")
    try:
        with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as broker:
            broker.ping()
    except RedisError as error:
        return type(error).__name__
    return "ok"
