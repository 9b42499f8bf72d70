"""Pages: one blueprint per resource."""

from api import health, metrics
from api.pages import manual, moved
from api.pages.agendas import agenda, feed
from api.pages.agendas.interpreter_day import interpreter_day
from api.pages.agendas.my_day import my_day
from api.pages.agendas.week import week
from api.pages.audit_log import entries
from api.pages.availability import busy_times
from api.pages.board import board, unavailability
from api.pages.directory import event_search, exclusions, firms, profile
from api.pages.emails.calendar_status import calendar_status
from api.pages.emails.inbound import inbox, unassigned_emails
from api.pages.events import (
    brand,
    brand_files,
    create_from_workbook,
    email_texts,
    events,
    first_steps,
    organiser_dashboard,
    overnight_settings,
)
from api.pages.events.archives import archives
from api.pages.exports import exports, print_status
from api.pages.identity import (
    language,
    passkeys,
    preferences,
    provider_sign_in,
    second_factor,
    sessions,
    sign_in,
    summary_unsubscribe,
    tokens,
)
from api.pages.imports import imports, large_imports
from api.pages.participants import autocomplete, event_requests, participants
from api.pages.participants.colleagues import colleagues
from api.pages.participants.delegations import delegation_members, delegations
from api.pages.participants.event_invitations import event_invitations
from api.pages.participants.registration import registration_form, registrations
from api.pages.planning.fairness import fairness
from api.pages.planning.fixes import fixes
from api.pages.planning.scenarios import scenarios
from api.pages.privacy import (
    audit_answers,
    compliance_answers,
    own_consents,
    personal_data,
    privacy_notice,
    processing_record,
    retention,
)
from api.pages.publishing.rehearsal import rehearsal
from api.pages.replies import calendar, reply_links
from api.pages.reports.outcomes import chain_report, outcome_list, outcomes
from api.pages.reports.statistics import statistics
from api.pages.requests import ranked_requests, requests
from api.pages.requests.dashboard import exhibitor_dashboard, setup
from api.pages.requests.digests import digest_links, digest_unsubscribe, reminders
from api.pages.schedule import changes, drafts, priorities, runs, versions
from api.pages.team import members, operators, team_invitations
from api.pages.venue import venue
from api.pages.webhooks import webhooks
from api.v1 import docs

PAGES = (
    events.blueprint,
    agenda.blueprint,
    reply_links.blueprint,
    archives.blueprint,
    calendar.blueprint,
    digest_links.blueprint,
    busy_times.blueprint,
    calendar_status.blueprint,
    changes.blueprint,
    delegations.blueprint,
    delegation_members.blueprint,
    priorities.blueprint,
    digest_unsubscribe.blueprint,
    docs.blueprint,
    entries.blueprint,
    fairness.blueprint,
    fixes.blueprint,
    feed.blueprint,
    statistics.blueprint,
    firms.blueprint,
    create_from_workbook.blueprint,
    event_search.blueprint,
    exclusions.blueprint,
    health.blueprint,
    metrics.blueprint,
    manual.blueprint,
    unavailability.blueprint,
    board.blueprint,
    brand.blueprint,
    brand_files.blueprint,
    organiser_dashboard.blueprint,
    inbox.blueprint,
    unassigned_emails.blueprint,
    team_invitations.blueprint,
    language.blueprint,
    email_texts.blueprint,
    members.blueprint,
    moved.blueprint,
    outcomes.blueprint,
    outcome_list.blueprint,
    chain_report.blueprint,
    interpreter_day.blueprint,
    my_day.blueprint,
    overnight_settings.blueprint,
    operators.blueprint,
    audit_answers.blueprint,
    compliance_answers.blueprint,
    own_consents.blueprint,
    personal_data.blueprint,
    privacy_notice.blueprint,
    retention.blueprint,
    processing_record.blueprint,
    runs.blueprint,
    drafts.blueprint,
    imports.blueprint,
    large_imports.blueprint,
    exports.blueprint,
    print_status.blueprint,
    participants.blueprint,
    autocomplete.blueprint,
    profile.blueprint,
    colleagues.blueprint,
    preferences.blueprint,
    registration_form.blueprint,
    registrations.blueprint,
    rehearsal.blueprint,
    reminders.blueprint,
    event_requests.blueprint,
    requests.blueprint,
    ranked_requests.blueprint,
    sessions.blueprint,
    passkeys.blueprint,
    second_factor.blueprint,
    sign_in.blueprint,
    provider_sign_in.blueprint,
    exhibitor_dashboard.blueprint,
    setup.blueprint,
    first_steps.blueprint,
    summary_unsubscribe.blueprint,
    tokens.blueprint,
    venue.blueprint,
    versions.blueprint,
    week.blueprint,
    event_invitations.blueprint,
    scenarios.blueprint,
    webhooks.blueprint,
)
