"""Keeps the people of an event up to date in a file, and names badges to print and to withdraw.

CHAINMEET_URL=https://meetings.example.org CHAINMEET_TOKEN=cm_… python badges.py people.json
"""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

FIRST = "1970-01-01T00:00:00Z"
SHOWN = ("name", "latin_name", "title")
"""What is printed on a badge, beside the firm and the event."""


def fetch(url: str, token: str, etag: str = "") -> tuple[Any, str]:
    """Return the JSON of a response and its ETag, or None if it has not changed since the one with `etag`."""
    headers = {"Authorization": f"Bearer {token}"} | ({"If-None-Match": etag} if etag else {})
    try:
        with urlopen(Request(url, headers=headers), timeout=30) as response:  # noqa: S310 -- our own URL
            return json.load(response), response.headers["ETag"]
    except HTTPError as error:
        if error.code == 304:
            return None, etag
        raise


def synchronize(site: str, token: str, state: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Bring the state up to date. Return the keys of people whose badges to print, and to withdraw."""
    event, state["etag"] = fetch(f"{site}/api/v1/event", token, state.get("etag", ""))
    people: dict[str, Any] = state.setdefault("people", {})
    if event is not None and event["name"] != state.get("event"):
        state["event"] = event["name"]
        changed = set(people)  # the name of the event is on every badge
    else:
        changed = set()
    withdrawn: list[str] = []
    query: dict[str, Any] = {"updated_since": state.get("since", FIRST), "limit": 200}
    while True:
        page, _ = fetch(f"{site}/api/v1/people?{urlencode(query)}", token)
        for person in page["items"]:
            key = person["key"]
            if person["is_removed"]:
                if people.pop(key, None) is not None:
                    withdrawn.append(key)
                changed.discard(key)
                continue
            badge = {name: person[name] for name in SHOWN} | {"firm": person["firm"]["latin_name"]}
            if people.get(key) != badge:  # people of the last minutes come again
                people[key] = badge
                changed.add(key)
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    state["since"] = page["next_updated_since"]  # only now: a poll that failed is done again
    return sorted(changed), withdrawn


def as_text(value: str) -> str:
    """Return a value that no spreadsheet takes for a formula: people write their names themselves."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def main() -> None:
    path = Path(sys.argv[1])
    state = json.loads(path.read_text("utf-8")) if path.exists() else {}
    changed, withdrawn = synchronize(os.environ["CHAINMEET_URL"], os.environ["CHAINMEET_TOKEN"], state)
    rows = csv.writer(sys.stdout)
    rows.writerows(["print", key, *map(as_text, state["people"][key].values())] for key in changed)
    rows.writerows(["withdraw", key] for key in withdrawn)
    sys.stdout.flush()
    path.write_text(json.dumps(state, ensure_ascii=False), "utf-8")  # only now, so that no badge is lost


if __name__ == "__main__":
    main()
