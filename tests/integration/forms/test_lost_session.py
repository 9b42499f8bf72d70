"""Input of a lost session is preserved: after signing in again, or with a new CSRF token."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from api import context, sign_in_errands
from scheduler.services.identity import sign_in, tokens
from scheduler.storage.models import SignInLink
from tests.integration.forms.conftest import Site
from tests.integration.forms.table import TABLE, Typed
from tests.integration.forms.test_bad_input import name_of
from tests.support.factories import SECRET_KEY
from tests.support.forms import PageForms

OWN = [typed for typed in TABLE if typed.role != "signed out"]
NO_COOKIE = "reply_links.answer_invitation", "digest_links.answer_request"
"""The emailed link grants access: these forms have no session token to lose."""
PUBLIC = [typed for typed in TABLE if typed.role == "signed out" and typed.endpoint not in NO_COOKIE]
ONE_OF_EACH = list({typed.role: typed for typed in OWN if not typed.sent}.values())
HERE = "http://localhost"


def what_is_typed(site: Site, typed: Typed) -> tuple[str, list[tuple[str, str]]]:
    """Return the path of a form, with a value in every field."""
    form, path = site.form(typed, site.browser(typed.role, "en"))
    writes = {each.name: f"{each.name} – 电芯 <b>" for each in form.typed if each.kind != "password"}
    fields = [(name, writes.get(name, value)) for name, value in form.sent()]
    return path, [pair for pair in fields if pair[0] != "password"]


def signed_out(site: Site) -> tuple[FlaskClient, str]:
    client = site.everything.app.test_client()
    return client, hidden(client.get("/sign-in").text, "csrf_token")


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return html.unescape(found[1])


def sent(
    client: FlaskClient, path: str, fields: list[tuple[str, str]], token: str, origin: str = HERE
) -> str:
    data = MultiDict([*fields, ("csrf_token", token)])
    return client.post(path, data=data, headers={"Origin": origin}).text


@pytest.mark.parametrize("typed", OWN, ids=name_of)
def test_a_form_that_is_sent_without_a_session_goes_along_to_the_sign_in(typed: Typed, site: Site) -> None:
    path, fields = what_is_typed(site, typed)
    client, token = signed_out(site)
    page = sent(client, path, fields, token)
    with site.everything.app.test_request_context():
        kept = sign_in_errands.opened(hidden(page, "errand"))
    assert (kept["path"], [tuple(pair) for pair in kept["fields"]]) == (path, fields)


@pytest.mark.parametrize("typed", ONE_OF_EACH, ids=name_of)
def test_after_the_sign_in_all_that_was_typed_is_there(typed: Typed, site: Site) -> None:
    path, fields = what_is_typed(site, typed)
    client, token = signed_out(site)
    errand = hidden(sent(client, path, fields, token), "errand")
    person = site.everything.account(typed.role.removesuffix(" later"))
    assert (
        client.post(
            "/sign-in", data={"email": person.email, "errand": errand, "csrf_token": token}
        ).status_code
        == 200
    )
    with site.everything.app.app_context(), context.database().write() as session:
        assert sign_in.process_sign_in_requests(session, context.settings(), now=context.now())
        link = session.scalars(select(SignInLink).order_by(SignInLink.id.desc())).first()
        assert link is not None
        address = f"/sign-in/{tokens.derive_token(SECRET_KEY, tokens.SIGN_IN, link.seed)}"
    page = client.post(address, data={"csrf_token": token}, follow_redirects=True).text
    (form,) = PageForms(page, path).sending_to(path)
    assert form.sent() == fields


@pytest.mark.parametrize("typed", [*PUBLIC, *ONE_OF_EACH], ids=name_of)
def test_a_form_whose_cookie_is_gone_is_there_with_a_new_token(typed: Typed, site: Site) -> None:
    path, fields = what_is_typed(site, typed)
    client, _ = signed_out(site)
    page = sent(client, path, fields, "of a session that is gone")
    (form,) = PageForms(page, path).sending_to(path)
    assert "This form has expired" in page and form.sent() == fields
    if typed in OWN:
        assert 'name="errand"' in sent(client, path, form.sent(), hidden(page, "csrf_token"))


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", ""])
def test_a_form_that_another_site_sent_is_not_shown_again(origin: str, site: Site) -> None:
    path, fields = what_is_typed(site, ONE_OF_EACH[0])
    client, _ = signed_out(site)
    page = sent(client, path, fields, "none", origin)
    assert "This form has expired" in page and not PageForms(page, path).sending_to(path)
