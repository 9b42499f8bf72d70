"""index foreign keys: a row that is deleted is looked for in every table that may refer to it."""

from alembic import op

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None

COLUMNS = (
    ("address_change", "changed_by"),
    ("address_change", "event_id"),
    ("answer", "attendee_id"),
    ("answer", "delegate_id"),
    ("api_token", "created_by"),
    ("api_token", "firm_id"),
    ("api_token", "revoked_by"),
    ("attendee", "merged_into_id"),
    ("attendee", "seen_version_id"),
    ("attendee_alias", "added_by"),
    ("attendee_alias", "removed_by"),
    ("attendee_busy", "slot_id"),
    ("delegation", "leader_id"),
    ("desk_step", "taken_by"),
    ("desk_step", "undone_by"),
    ("digest_item", "attendee_id"),
    ("excluded_person", "attendee_id"),
    ("firm", "merged_into_id"),
    ("firm_note", "changed_by"),
    ("firm_registration", "decided_by"),
    ("hand_ban", "request_id"),
    ("hand_ban", "slot_id"),
    ("hand_draft", "base_id"),
    ("hand_draft", "begun_by"),
    ("hand_mark", "request_id"),
    ("hand_step", "taken_by"),
    ("hold", "meeting_id"),
    ("import_file", "account_id"),
    ("import_file", "step_id"),
    ("import_job", "asked_by"),
    ("inbound_mail", "handled_by"),
    ("inbound_mail", "request_id"),
    ("interpreter", "merged_into_id"),
    ("interpreter_busy", "slot_id"),
    ("interpreter_station", "slot_id"),
    ("invitation", "request_id"),
    ("late_notice", "attendee_id"),
    ("mail_text", "changed_by"),
    ("meeting_outcome", "said_by"),
    ("meeting_request", "answered_by"),
    ("meeting_request", "created_by"),
    ("meeting_request", "fixed_place_id"),
    ("meeting_request", "fixed_slot_id"),
    ("outbox_mail", "request_id"),
    ("outbox_mail", "sign_in_link_id"),
    ("outbox_mail", "version_id"),
    ("phone_call", "caller_id"),
    ("phone_call", "changed_by"),
    ("place", "hall_id"),
    ("planned_meeting", "interpreter_id"),
    ("planned_meeting", "place_id"),
    ("planned_meeting", "slot_id"),
    ("request_draft", "changed_by"),
    ("request_draft", "to_firm_id"),
    ("request_person", "attendee_id"),
    ("request_step", "account_id"),
    ("request_step", "attendee_id"),
    ("run", "asked_by"),
    ("schedule_version", "compared_with_id"),
    ("schedule_version", "copy_of_id"),
    ("schedule_version", "published_by"),
    ("schedule_version", "run_id"),
    ("seen_news", "colleague_id"),
    ("seen_news", "request_id"),
    ("team_invitation", "made_by"),
    ("version_job", "asked_by"),
    ("version_job", "event_id"),
    ("walking_time", "to_hall_id"),
)


def upgrade() -> None:
    for table, column in COLUMNS:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in reversed(COLUMNS):
        op.drop_index(f"ix_{table}_{column}", table)
