"""A plugin written from its documentation page alone adds an export and a webhook, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chainmeet.cli import main
from scheduler.domain.entities import RequestState
from scheduler.invites.transport import posting
from scheduler.plugins import SUBSCRIBERS
from scheduler.plugins.loading import load
from scheduler.services.operations import subscribers
from scheduler.storage.database import Database
from tests.support.api import Program, make_token
from tests.support.factories import make_event, make_request, make_version, meet
from tests.support.plugins import installed
from tests.support.web import Browser, web_app
from tests.support.webhooks import webhook_receiver

PAGE = Path(__file__).parents[3] / "docs/plugins.md"
SECRET = "known to both"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page's files: each code block whose first line is a file name. Return their folder."""
    folder = tmp_path_factory.mktemp("my-agency")
    blocks = re.findall(r"```\w+\n# (\S+)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    for name, text in blocks:
        (folder / name).write_text(text, "utf-8")
    assert sorted(path.name for path in folder.iterdir()) == ["my_agency.py", "pyproject.toml", "receiver.py"]
    return folder


@pytest.fixture(scope="module", autouse=True)
def in_use(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with installed(written, tmp_path_factory.mktemp("site")):
        yield


def test_the_command_lists_it() -> None:
    listed = CliRunner().invoke(main, ["plugins"]).output
    assert re.search(r"exports +call-sheet +my-agency 1.0 +loaded", listed)
    assert re.search(r"subscribers +my-webhook +my-agency 1.0 +loaded", listed)


def test_its_export_and_its_webhook_work(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        expo = make_event(session)
        held = make_request(session, expo, 0, 1, state=RequestState.ACCEPTED)
        make_version(session, expo, [meet(held, expo, slot=1)])
    app, path = web_app(database, broker_url), f"/events/{expo.event.key}/exports/"
    given = {"my-webhook": load(SUBSCRIBERS)["my-webhook"]}
    subscribers.deliver(database, given, should_stop=lambda: False)

    browser = Browser(app, expo.organiser)
    assert "A line for each meeting, for the people at the doors" in browser.get(path)
    sheet = browser.client.get(f"{path}plugins/call-sheet")
    line = rf"07\.12\. 09:30  .*{expo.firms[0].name} / {expo.firms[1].name}"
    assert re.fullmatch(line, sheet.text)
    program = Program(app, make_token(database, expo.organiser_actor()))
    assert program.send("/exports/call-sheet", method="get").data == sheet.data

    monkeypatch.setenv("MY_WEBHOOK_SECRET", SECRET)
    with webhook_receiver() as receiver:
        monkeypatch.setenv("MY_WEBHOOK_URL", receiver.address)
        monkeypatch.setattr(posting, "fetcher", receiver.fetcher)
        while subscribers.deliver(database, given, should_stop=lambda: False):
            pass
    assert any(b'"act": "export"' in body for _, body in receiver.came)
    from receiver import is_genuine  # type: ignore[import-not-found]  # the page's own code

    for headers, body in receiver.came:
        check: dict[str, Any] = {"signature": headers["Chainmeet-Signature"], "body": body}
        sent_at = float(check["signature"].split("=")[1].split(",")[0])
        assert is_genuine(SECRET.encode(), now=sent_at + 1, **check)
        assert not is_genuine(b"another secret", now=sent_at + 1, **check)
        assert not is_genuine(SECRET.encode(), now=sent_at + 3600, **check)
