"""Links with secret tokens are on the list that logs and proxies use."""

from __future__ import annotations

from scheduler import logs
from scheduler.storage.database import Database
from tests.support.web import web_app


def test_every_route_with_a_key_in_its_address_is_on_the_list(database: Database) -> None:
    rules = {rule.rule for rule in web_app(database, "redis://127.0.0.1:1").url_map.iter_rules()}
    with_a_key = {rule.split("/")[1] for rule in rules if rule.split("/")[2:3] and "<token>" in rule}
    assert with_a_key == set(logs.SECRET_PATHS)
