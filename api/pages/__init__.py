"""Pages: one blueprint per resource."""

from api import health
from api.pages import moved
from api.pages.agendas import agenda, feed
from api.pages.agendas.interpreter_day import interpreter_day
from api.pages.agendas.my_day import my_day
from api.pages.agendas.week import week
from api.pages.audit_log import entries
from api.pages.availability import busy_times
from api.pages.board import board_away, hand_board
from api.pages.directory import exclusions, firms, profile
from api.pages.emails.calendar_status import board
from api.pages.emails.inbound import inbox, unassigned_emails
from api.pages.events import events, first_file, home, mail_texts, nights
from api.pages.events.archives import archives
from api.pages.exports import exports, printed
from api.pages.identity import language, preferences, sessions, sign_in, summary_unsubscribe, tokens
from api.pages.imports import imports, large_imports
from api.pages.participants import people_desk, picks, request_desk
from api.pages.participants.colleagues import colleagues
from api.pages.participants.delegations import delegation_members, delegations
from api.pages.participants.event_invitations import welcome
from api.pages.participants.registration import registering, registrations
from api.pages.planning.fairness import fairness
from api.pages.planning.fixes import remedies
from api.pages.planning.scenarios import what_if
from api.pages.publishing.rehearsal import rehearsal
from api.pages.replies import calendar, reply_links
from api.pages.reports.outcomes import chain_report, outcome_list, outcomes
from api.pages.reports.statistics import figures
from api.pages.requests import ranked_requests, requests
from api.pages.requests.dashboard import dashboard, setup
from api.pages.requests.digests import digest_links, digest_unsubscribe, reminders
from api.pages.schedule import changes, drafts, priorities, runs, versions
from api.pages.team import joining, members, operators
from api.pages.venue import venue
from api.v1 import docs

PAGES = (
    events.blueprint,
    agenda.blueprint,
    reply_links.blueprint,
    archives.blueprint,
    calendar.blueprint,
    digest_links.blueprint,
    busy_times.blueprint,
    board.blueprint,
    changes.blueprint,
    delegations.blueprint,
    delegation_members.blueprint,
    priorities.blueprint,
    digest_unsubscribe.blueprint,
    docs.blueprint,
    entries.blueprint,
    fairness.blueprint,
    remedies.blueprint,
    feed.blueprint,
    figures.blueprint,
    firms.blueprint,
    first_file.blueprint,
    exclusions.blueprint,
    health.blueprint,
    board_away.blueprint,
    hand_board.blueprint,
    home.blueprint,
    inbox.blueprint,
    unassigned_emails.blueprint,
    joining.blueprint,
    language.blueprint,
    mail_texts.blueprint,
    members.blueprint,
    moved.blueprint,
    outcomes.blueprint,
    outcome_list.blueprint,
    chain_report.blueprint,
    interpreter_day.blueprint,
    my_day.blueprint,
    nights.blueprint,
    operators.blueprint,
    runs.blueprint,
    drafts.blueprint,
    imports.blueprint,
    large_imports.blueprint,
    exports.blueprint,
    printed.blueprint,
    people_desk.blueprint,
    picks.blueprint,
    profile.blueprint,
    colleagues.blueprint,
    preferences.blueprint,
    registering.blueprint,
    registrations.blueprint,
    rehearsal.blueprint,
    reminders.blueprint,
    request_desk.blueprint,
    requests.blueprint,
    ranked_requests.blueprint,
    sessions.blueprint,
    sign_in.blueprint,
    dashboard.blueprint,
    setup.blueprint,
    summary_unsubscribe.blueprint,
    tokens.blueprint,
    venue.blueprint,
    versions.blueprint,
    week.blueprint,
    welcome.blueprint,
    what_if.blueprint,
)
