"""Services that the web calls check an actor's rights, and return values: never database rows."""

from __future__ import annotations

import ast
import importlib
import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import pytest

from scheduler.services.identity.actors import Actor
from scheduler.services.identity.api_clients import ApiClient
from scheduler.services.identity.sessions import SignedIn
from scheduler.storage.base import Base

ROOT = Path(__file__).parents[3]
SERVICES = "scheduler.services"
ASKERS = (Actor, ApiClient, SignedIn)

TOKEN = "the token is the proof: what it opens is found through it"
FOUND = "of what was found through an actor or a token"
ACCOUNT = "of the account that the session's cookie proves"
BEFORE = "before anybody is known"
PURE = "of values alone, it reads nothing"
FREE_OF_EVENTS = "says nothing of any event or person"

NO_ACTOR = {
    "identity.actors.actor_for": ACCOUNT,
    "identity.actors.list_events": ACCOUNT,
    "identity.api_clients.find_client": TOKEN,
    "identity.idempotency.store_response": "of a claim, which an actor's token got",
    "identity.idempotency.release_key": "of a claim, which an actor's token got",
    "paging.require_unfiltered": PURE,
    "privacy.audit_answers.export_topics": PURE,
    "participants.registration.public_registration.read_notice": BEFORE,
    "identity.passkeys.begin_sign_in": BEFORE,
    "identity.passkeys.has_second_factor": ACCOUNT,
    "identity.passkeys.list_passkeys": ACCOUNT,
    "identity.passkeys.record_refusal": "of a passkey that was refused",
    "identity.passkeys.require_name": PURE,
    "identity.passkeys.require_relying_party": PURE,
    "identity.passkeys.sign_in_passkey": "the signature of the passkey is the proof",
    "identity.passkeys.take_response": TOKEN,
    "operations.passkey_alerts.alert_if_copied": "of a passkey that was refused",
    "identity.preferences.account_timezone": ACCOUNT,
    "identity.preferences.save_account_language": ACCOUNT,
    "identity.preferences.choose_timezone": PURE,
    "branding.files.read_file": TOKEN,
    "branding.files.style_version": PURE,
    "branding.brands.too_large": PURE,
    "availability.caldav.parse_account_form": "of a form alone",
    "team.invitations.require_address": "of a form alone",
    "identity.oidc_client.make_clients": PURE,
    "identity.oidc_sign_in.open_request": BEFORE,
    "identity.oidc_sign_in.record_refusal": "of a subject that the provider has authenticated",
    "identity.oidc_sign_in.sign_in_subject": "of a subject that the provider has authenticated",
    "identity.oidc_sign_in.take_request": TOKEN,
    "identity.sessions.begin_session": "of the account that a sign-in link or a provider has proved",
    "identity.sessions.end_session": ACCOUNT,
    "identity.sessions.end_all_sessions": ACCOUNT,
    "identity.sessions.end_session_by_secret": TOKEN,
    "identity.second_factor.count_codes": ACCOUNT,
    "identity.sessions.find_awaiting_session": TOKEN,
    "identity.sessions.find_session": TOKEN,
    "identity.sessions.find_session_in_event": TOKEN,
    "identity.sessions.list_sessions": ACCOUNT,
    "identity.sessions.require_link_allowed": "of the account of a link",
    "identity.sign_in.preview_sign_in_link": TOKEN,
    "identity.sign_in.normalize_email": PURE,
    "identity.sign_in.record_sign_in_failure": TOKEN,
    "identity.sign_in.redeem_sign_in_link": TOKEN,
    "identity.sign_in.request_sign_in": BEFORE,
    "identity.tokens.hash_token": PURE,
    "identity.tokens.random_token": PURE,
    "replies.reply_links.submit_reply": TOKEN,
    "replies.reply_links.calendar_copy": TOKEN,
    "replies.reply_links.link_language": TOKEN,
    "replies.reply_links.show_meeting": TOKEN,
    "replies.reply_links.propose_time": TOKEN,
    "replies.reply_links.send_substitute": TOKEN,
    "emails.calendar_status.calendar_methods.record_link_use": TOKEN,
    "emails.calendar_status.calendar_methods.is_feed_use_due": PURE,
    "emails.calendar_status.calendar_methods.record_feed_use": FOUND,
    "requests.digests.digest_links.respond_to_request": TOKEN,
    "requests.digests.digest_links.show_request": TOKEN,
    "spreadsheets.cell_values.parse_country": PURE,
    "spreadsheets.cell_values.parse_language": PURE,
    "spreadsheets.cell_values.split_languages": PURE,
    "requests.digests.digest_links.undo_response": TOKEN,
    "requests.digests.digest_settings.show_subscription": TOKEN,
    "requests.digests.digest_settings.resubscribe": TOKEN,
    "requests.digests.digest_settings.unsubscribe": TOKEN,
    "imports.bulk_import.api_import.row_position": PURE,
    "imports.bulk_import.import_jobs.is_large_file": PURE,
    "events.events.create_event": "of the account that is signed in: it looks whether it is an operator's",
    "events.new_event.find_faults": PURE,
    "exports.print_codes.check_print": TOKEN,
    "imports.error_grid.list_file_changes": PURE,
    "imports.error_grid.error_page": PURE,
    "imports.error_grid.list_error_tabs": PURE,
    "imports.row_effects.count_rows": PURE,
    "imports.row_effects.list_row_effects": PURE,
    "imports.sheet_import.read_parts": PURE,
    "operations.job_intervals.last_run_at": FREE_OF_EVENTS,
    "operations.site_pause.find_pause": FREE_OF_EVENTS,
    "delivery.email_alerts.find_oldest_due": FREE_OF_EVENTS,
    "delivery.email_counts.count_emails": FREE_OF_EVENTS,
    "operations.work_counts.count_work": FREE_OF_EVENTS,
    "operations.machine.written_folders": FREE_OF_EVENTS,
    "identity.summary_subscriptions.show_subscription": TOKEN,
    "identity.summary_subscriptions.resubscribe": TOKEN,
    "identity.summary_subscriptions.unsubscribe": TOKEN,
    "participants.registration.public_registration.confirm_registration": TOKEN,
    "participants.registration.public_registration.get_registration": TOKEN,
    "participants.registration.public_registration.get_open_event": BEFORE,
    "participants.registration.public_registration.submit_registration": BEFORE,
    "team.invitations.accept_invitation": TOKEN,
    "team.invitations.get_invitation": TOKEN,
    "operations.audit_entries.list_acts": PURE,
    "text.clean_line": PURE,
    "planning.scenarios.scenario_changes.parse_change": PURE,
    "planning.scenarios.comparison.compare_figures": PURE,
    "schedule.feed_addresses.feed_token": FOUND,
    "schedule.feed_states.find_feed_state": TOKEN,
    "schedule.feed_states.find_person_state": TOKEN,
    "schedule.feeds.render_feed": FOUND,
    "agendas.week.handover.list_candidates": PURE,
    "requests.preferences.ranks.rank_from_priority": PURE,
}
"""Functions that the web calls without an actor, and why that is safe."""


def imported(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """Yield a module's imports from the services: local name, module, original name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(SERVICES):
            for alias in node.names:
                yield alias.asname or alias.name, node.module or "", alias.name


def used(path: Path) -> Iterator[Callable[..., Any]]:
    """Yield the service functions that a web module uses."""
    tree = ast.parse(path.read_text("utf-8"))
    modules: dict[str, Any] = {}
    for here, module, name in imported(tree):
        found = getattr(importlib.import_module(module), name, None)
        if found is None:
            found = importlib.import_module(f"{module}.{name}")
        if inspect.ismodule(found):
            modules[here] = found
        elif inspect.isfunction(found):
            yield found
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found = getattr(modules[node.value.id], node.attr, None)
            if inspect.isfunction(found):
                yield found


def doors() -> dict[str, Callable[..., Any]]:
    """Return them by name below `scheduler.services`."""
    paths = sorted((ROOT / "api").rglob("*.py"))
    found = {f"{each.__module__}.{each.__qualname__}": each for path in paths for each in used(path)}
    return {
        name.removeprefix(f"{SERVICES}."): each for name, each in found.items() if name.startswith(SERVICES)
    }


@pytest.fixture(scope="module")
def found() -> dict[str, Callable[..., Any]]:
    return doors()


def asks(function: Callable[..., Any]) -> bool:
    hints = typing.get_type_hints(function)
    return any(hints.get(name) in ASKERS for name in inspect.signature(function).parameters)


def types_in(hint: Any, seen: set[Any]) -> Iterator[type]:
    """Yield every class in a type, including fields of dataclasses."""
    if isinstance(hint, list):  # parameters of a callable
        hint = tuple[tuple(hint)]  # type: ignore[misc]
    if hint in seen:
        return
    seen.add(hint)
    for part in typing.get_args(hint):
        yield from types_in(part, seen)
    kind = typing.get_origin(hint) or hint
    if isinstance(kind, type):
        yield kind
        if is_dataclass(kind):
            for field in typing.get_type_hints(kind).values():
                yield from types_in(field, seen)


def test_the_web_calls_services(found: dict[str, Callable[..., Any]]) -> None:
    assert len(found) > 100


def test_every_function_that_the_web_calls_takes_who_asks(found: dict[str, Callable[..., Any]]) -> None:
    assert {name for name, function in found.items() if not asks(function)} == set(NO_ACTOR)


def test_no_function_that_the_web_calls_gives_rows(found: dict[str, Callable[..., Any]]) -> None:
    given = {name: typing.get_type_hints(function).get("return") for name, function in found.items()}
    assert [
        f"{name} gives {kind.__name__}"
        for name, hint in given.items()
        for kind in types_in(hint, set())
        if issubclass(kind, Base)
    ] == []


def uses(function: Callable[..., Any]) -> bool:
    """Return True if the function reads its actor, or passes it on."""
    tree = ast.parse(inspect.getsource(function))
    names = [name for name, hint in typing.get_type_hints(function).items() if hint in ASKERS]
    return any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(tree))


def test_every_actor_that_is_taken_is_looked_at(found: dict[str, Callable[..., Any]]) -> None:
    assert [name for name in found.keys() - NO_ACTOR if not uses(found[name])] == []
