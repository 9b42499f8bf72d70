"""names: tables, columns, constraints and indexes have the field's words. No row is copied or lost."""

import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0111"
down_revision = "0110"
branch_labels = None
depends_on = None

TABLES = {
    "answer": "invitation_reply",
    "desk_step": "registry_change",
    "digest_choice": "digest_preference",
    "hand_ban": "blocked_slot",
    "hand_draft": "manual_draft",
    "hand_mark": "meeting_lock",
    "hand_step": "edit_step",
    "hold": "booking",
    "inbound_mail": "inbound_email",
    "interpreter_station": "interpreter_assignment",
    "interpreter_told": "interpreter_notice",
    "kept_figure": "cached_statistic",
    "mail_route": "email_route",
    "mail_text": "email_text",
    "mailed_checkpoint": "audit_checkpoint",
    "night_time": "run_schedule",
    "outbox_mail": "outbox_email",
    "place_busy": "place_closure",
    "pulse": "job_heartbeat",
    "request_step": "request_transition",
    "seen_news": "seen_change",
    "sign_in_wish": "sign_in_request",
    "trail_entry": "audit_log_entry",
    "trail_head": "audit_chain",
    "untaken_mail": "failed_email_read",
    "what_if": "scenario",
}
"""Old names and new ones."""

COLUMNS = {
    "address_report": {
        "said": "diagnostic",
    },
    "alert": {
        "ended_at": "resolved_at",
    },
    "attendee": {
        "summaries_off_at": "summaries_stopped_at",
        "welcomed_at": "invited_at",
        "came_at": "first_sign_in_at",
    },
    "audit_checkpoint": {
        "mailed_at": "sent_at",
    },
    "calendar_use": {
        "last_at": "last_used_at",
    },
    "comparison": {
        "people_told": "people_notified",
        "made_at": "created_at",
    },
    "digest_item": {
        "made_at": "created_at",
    },
    "digest_preference": {
        "stop_hash": "unsubscribe_hash",
        "mailed_at": "last_digest_at",
    },
    "edit_step": {
        "taken_by": "changed_by",
        "taken_at": "changed_at",
    },
    "email_route": {
        "said": "last_reply",
        "is_told": "has_open_alert",
    },
    "event": {
        "night_percent": "overnight_percent",
        "night_a_person": "overnight_per_person",
        "night_hours": "overnight_protected_hours",
        "night_late": "overnight_late_minutes",
    },
    "failed_email_read": {
        "tried_at": "attempted_at",
    },
    "firm": {
        "welcomed_at": "onboarded_at",
    },
    "firm_note": {
        "about_id": "other_firm_id",
        "never_since": "blocked_since",
        "wanted_at": "interest_reported_at",
    },
    "firm_registration": {
        "made_at": "created_at",
        "ends_at": "expires_at",
    },
    "import_file": {
        "taken_at": "imported_at",
        "step_id": "registry_change_id",
    },
    "import_job": {
        "asked_by": "requested_by",
        "asked_at": "requested_at",
    },
    "inbound_email": {
        "about_id": "outbox_email_id",
        "kept": "stored_size",
    },
    "interpreter_notice": {
        "told_at": "sent_at",
    },
    "invitation_reply": {
        "answered_at": "responded_at",
    },
    "late_notice": {
        "said_at": "reported_at",
    },
    "manual_draft": {
        "begun_by": "started_by",
    },
    "meeting_outcome": {
        "said_by": "reported_by",
        "said_at": "reported_at",
    },
    "meeting_request": {
        "wish_place": "preference_rank",
        "fixed_must": "is_locked",
        "is_held_back": "is_excluded",
        "answered_by": "responded_by",
        "answered_at": "responded_at",
        "answer_note": "response_note",
        "answered_side": "responded_side",
    },
    "print_code": {
        "made_at": "created_at",
    },
    "registry_change": {
        "taken_by": "changed_by",
        "taken_at": "changed_at",
    },
    "request_transition": {
        "taken_at": "changed_at",
    },
    "run": {
        "asked_by": "requested_by",
        "hand_draft": "manual_draft",
        "begin_by": "start_by",
        "night_budget": "change_budget",
        "cancel_asked": "cancel_requested",
        "stop_asked": "stop_requested",
    },
    "scenario": {
        "made_at": "created_at",
        "asked_at": "requested_at",
    },
    "team_invitation": {
        "made_by": "created_by",
        "made_at": "created_at",
        "ends_at": "expires_at",
    },
    "version_job": {
        "asked_by": "requested_by",
        "asked_at": "requested_at",
        "begins_at": "starts_at",
    },
    "web_session": {
        "made_at": "created_at",
        "seen_at": "last_seen_at",
        "ends_at": "expires_at",
    },
}
"""By the new name of their table."""

CONSTRAINTS = {
    "audit_chain": {
        "pk_trail_head": "pk_audit_chain",
    },
    "audit_checkpoint": {
        "pk_mailed_checkpoint": "pk_audit_checkpoint",
    },
    "audit_log_entry": {
        "pk_trail_entry": "pk_audit_log_entry",
        "uq_trail_entry_chain_number": "uq_audit_log_entry_chain_number",
    },
    "blocked_slot": {
        "pk_hand_ban": "pk_blocked_slot",
        "fk_hand_ban_request_id_meeting_request": "fk_blocked_slot_request_id_meeting_request",
        "fk_hand_ban_slot_id_slot": "fk_blocked_slot_slot_id_slot",
        "fk_hand_ban_version_id_hand_draft": "fk_blocked_slot_version_id_manual_draft",
    },
    "booking": {
        "pk_hold": "pk_booking",
        "ck_hold_kind": "ck_booking_kind",
        "fk_hold_event_id_event": "fk_booking_event_id_event",
        "fk_hold_meeting_id_planned_meeting": "fk_booking_meeting_id_planned_meeting",
        "fk_hold_slot_id_slot": "fk_booking_slot_id_slot",
    },
    "cached_statistic": {
        "pk_kept_figure": "pk_cached_statistic",
        "fk_kept_figure_version_id_schedule_version": "fk_cached_statistic_version_id_schedule_version",
    },
    "calendar_use": {
        "ck_calendar_use_calendar_way": "ck_calendar_use_calendar_method",
    },
    "digest_preference": {
        "pk_digest_choice": "pk_digest_preference",
        "uq_digest_choice_stop_hash": "uq_digest_preference_unsubscribe_hash",
        "fk_digest_choice_attendee_id_attendee": "fk_digest_preference_attendee_id_attendee",
    },
    "edit_step": {
        "pk_hand_step": "pk_edit_step",
        "uq_hand_step_version_id_number": "uq_edit_step_version_id_number",
        "ck_hand_step_hand_step_state": "ck_edit_step_edit_step_state",
        "fk_hand_step_taken_by_account": "fk_edit_step_changed_by_account",
        "fk_hand_step_version_id_hand_draft": "fk_edit_step_version_id_manual_draft",
    },
    "email_route": {
        "pk_mail_route": "pk_email_route",
        "ck_mail_route_mail_route_refusal": "ck_email_route_email_route_refusal",
    },
    "email_text": {
        "pk_mail_text": "pk_email_text",
        "fk_mail_text_changed_by_account": "fk_email_text_changed_by_account",
        "fk_mail_text_event_id_event": "fk_email_text_event_id_event",
    },
    "failed_email_read": {
        "pk_untaken_mail": "pk_failed_email_read",
    },
    "firm_note": {
        "fk_firm_note_about_id_firm": "fk_firm_note_other_firm_id_firm",
    },
    "import_file": {
        "fk_import_file_step_id_desk_step": "fk_import_file_registry_change_id_registry_change",
    },
    "import_job": {
        "ck_import_job_file_work": "ck_import_job_import_job_kind",
        "fk_import_job_asked_by_account": "fk_import_job_requested_by_account",
    },
    "inbound_email": {
        "pk_inbound_mail": "pk_inbound_email",
        "uq_inbound_mail_token_hash_digest": "uq_inbound_email_token_hash_digest",
        "ck_inbound_mail_mail_box": "ck_inbound_email_mailbox",
        "ck_inbound_mail_mail_kind": "ck_inbound_email_email_kind",
        "ck_inbound_mail_mail_outcome": "ck_inbound_email_email_outcome",
        "fk_inbound_mail_attendee_id_attendee": "fk_inbound_email_attendee_id_attendee",
        "fk_inbound_mail_event_id_event": "fk_inbound_email_event_id_event",
        "fk_inbound_mail_handled_by_account": "fk_inbound_email_handled_by_account",
        "fk_inbound_mail_about_id_outbox_mail": "fk_inbound_email_outbox_email_id_outbox_email",
        "fk_inbound_mail_request_id_meeting_request": "fk_inbound_email_request_id_meeting_request",
    },
    "interpreter_assignment": {
        "pk_interpreter_station": "pk_interpreter_assignment",
        "fk_interpreter_station_interpreter_id_interpreter": "fk_interpreter_assignment_interpreter_id_interpreter",  # noqa: E501
        "fk_interpreter_station_place_id_place": "fk_interpreter_assignment_place_id_place",
        "fk_interpreter_station_slot_id_slot": "fk_interpreter_assignment_slot_id_slot",
    },
    "interpreter_notice": {
        "pk_interpreter_told": "pk_interpreter_notice",
        "fk_interpreter_told_interpreter_id_interpreter": "fk_interpreter_notice_interpreter_id_interpreter",
    },
    "invitation_reply": {
        "pk_answer": "pk_invitation_reply",
        "uq_answer_uid_attendee_id": "uq_invitation_reply_uid_attendee_id",
        "ck_answer_answer_partstat": "ck_invitation_reply_reply_partstat",
        "ck_answer_answer_source": "ck_invitation_reply_reply_source",
        "fk_answer_attendee_id_attendee": "fk_invitation_reply_attendee_id_attendee",
        "fk_answer_delegate_id_attendee": "fk_invitation_reply_delegate_id_attendee",
        "fk_answer_event_id_event": "fk_invitation_reply_event_id_event",
        "fk_answer_request_id_meeting_request": "fk_invitation_reply_request_id_meeting_request",
    },
    "job_heartbeat": {
        "pk_pulse": "pk_job_heartbeat",
    },
    "manual_draft": {
        "pk_hand_draft": "pk_manual_draft",
        "fk_hand_draft_base_id_schedule_version": "fk_manual_draft_base_id_schedule_version",
        "fk_hand_draft_begun_by_account": "fk_manual_draft_started_by_account",
        "fk_hand_draft_version_id_schedule_version": "fk_manual_draft_version_id_schedule_version",
    },
    "meeting_lock": {
        "pk_hand_mark": "pk_meeting_lock",
        "ck_hand_mark_hand_mark_kind": "ck_meeting_lock_meeting_lock_kind",
        "fk_hand_mark_request_id_meeting_request": "fk_meeting_lock_request_id_meeting_request",
        "fk_hand_mark_version_id_hand_draft": "fk_meeting_lock_version_id_manual_draft",
    },
    "meeting_outcome": {
        "fk_meeting_outcome_said_by_attendee": "fk_meeting_outcome_reported_by_attendee",
    },
    "meeting_request": {
        "ck_meeting_request_place_wish": "ck_meeting_request_place_preference",
        "ck_meeting_request_answered_side": "ck_meeting_request_responded_side",
        "fk_meeting_request_answered_by_attendee": "fk_meeting_request_responded_by_attendee",
    },
    "outbox_email": {
        "pk_outbox_mail": "pk_outbox_email",
        "uq_outbox_mail_message_id": "uq_outbox_email_message_id",
        "ck_outbox_mail_outbox_kind": "ck_outbox_email_outbox_kind",
        "ck_outbox_mail_outbox_method": "ck_outbox_email_outbox_method",
        "ck_outbox_mail_outbox_state": "ck_outbox_email_outbox_state",
        "fk_outbox_mail_about_event_id_event": "fk_outbox_email_about_event_id_event",
        "fk_outbox_mail_attendee_id_attendee": "fk_outbox_email_attendee_id_attendee",
        "fk_outbox_mail_event_id_event": "fk_outbox_email_event_id_event",
        "fk_outbox_mail_interpreter_id_interpreter": "fk_outbox_email_interpreter_id_interpreter",
        "fk_outbox_mail_request_id_meeting_request": "fk_outbox_email_request_id_meeting_request",
        "fk_outbox_mail_sign_in_link_id_sign_in_link": "fk_outbox_email_sign_in_link_id_sign_in_link",
        "fk_outbox_mail_version_id_schedule_version": "fk_outbox_email_version_id_schedule_version",
    },
    "place_closure": {
        "pk_place_busy": "pk_place_closure",
        "fk_place_busy_place_id_place": "fk_place_closure_place_id_place",
        "fk_place_busy_slot_id_slot": "fk_place_closure_slot_id_slot",
    },
    "registry_change": {
        "pk_desk_step": "pk_registry_change",
        "fk_desk_step_taken_by_account": "fk_registry_change_changed_by_account",
        "fk_desk_step_event_id_event": "fk_registry_change_event_id_event",
        "fk_desk_step_undone_by_account": "fk_registry_change_undone_by_account",
    },
    "request_transition": {
        "pk_request_step": "pk_request_transition",
        "ck_request_step_step_side": "ck_request_transition_transition_side",
        "fk_request_step_account_id_account": "fk_request_transition_account_id_account",
        "fk_request_step_attendee_id_attendee": "fk_request_transition_attendee_id_attendee",
        "fk_request_step_request_id_meeting_request": "fk_request_transition_request_id_meeting_request",
    },
    "run": {
        "fk_run_asked_by_account": "fk_run_requested_by_account",
    },
    "run_schedule": {
        "pk_night_time": "pk_run_schedule",
        "ck_night_time_after_night": "ck_run_schedule_after_run",
        "fk_night_time_event_id_event": "fk_run_schedule_event_id_event",
    },
    "scenario": {
        "pk_what_if": "pk_scenario",
        "uq_what_if_event_id_number": "uq_scenario_event_id_number",
        "ck_what_if_what_if_kind": "ck_scenario_scenario_kind",
        "ck_what_if_what_if_state": "ck_scenario_scenario_state",
        "fk_what_if_event_id_event": "fk_scenario_event_id_event",
    },
    "seen_change": {
        "pk_seen_news": "pk_seen_change",
        "fk_seen_news_attendee_id_attendee": "fk_seen_change_attendee_id_attendee",
        "fk_seen_news_colleague_id_attendee": "fk_seen_change_colleague_id_attendee",
        "fk_seen_news_request_id_meeting_request": "fk_seen_change_request_id_meeting_request",
    },
    "sign_in_request": {
        "pk_sign_in_wish": "pk_sign_in_request",
    },
    "team_invitation": {
        "fk_team_invitation_made_by_account": "fk_team_invitation_created_by_account",
    },
    "version_job": {
        "fk_version_job_asked_by_account": "fk_version_job_requested_by_account",
    },
}
"""By the new name of their table."""

INDEXES = {
    "audit_log_entry": {
        "ix_trail_entry_chain_account_id": "ix_audit_log_entry_chain_account_id",
        "ix_trail_entry_chain_act": "ix_audit_log_entry_chain_act",
    },
    "blocked_slot": {
        "ix_hand_ban_request_id": "ix_blocked_slot_request_id",
        "ix_hand_ban_slot_id": "ix_blocked_slot_slot_id",
    },
    "booking": {
        "ix_hold_event_id": "ix_booking_event_id",
        "ix_hold_meeting_id": "ix_booking_meeting_id",
    },
    "edit_step": {
        "ix_hand_step_taken_by": "ix_edit_step_changed_by",
        "ix_hand_step_version_id_revision": "ix_edit_step_version_id_revision",
    },
    "email_text": {
        "ix_mail_text_changed_by": "ix_email_text_changed_by",
    },
    "firm_note": {
        "ix_firm_note_about_id": "ix_firm_note_other_firm_id",
    },
    "import_file": {
        "ix_import_file_step_id": "ix_import_file_registry_change_id",
    },
    "import_job": {
        "ix_import_job_asked_by": "ix_import_job_requested_by",
    },
    "inbound_email": {
        "ix_inbound_mail_attendee_id": "ix_inbound_email_attendee_id",
        "ix_inbound_mail_event_id_outcome": "ix_inbound_email_event_id_outcome",
        "ix_inbound_mail_handled_by": "ix_inbound_email_handled_by",
        "ix_inbound_mail_about_id": "ix_inbound_email_outbox_email_id",
        "ix_inbound_mail_outcome": "ix_inbound_email_outcome",
        "ix_inbound_mail_request_id": "ix_inbound_email_request_id",
    },
    "interpreter_assignment": {
        "ix_interpreter_station_place_id": "ix_interpreter_assignment_place_id",
        "ix_interpreter_station_slot_id": "ix_interpreter_assignment_slot_id",
    },
    "invitation_reply": {
        "ix_answer_attendee_id": "ix_invitation_reply_attendee_id",
        "ix_answer_delegate_id": "ix_invitation_reply_delegate_id",
        "ix_answer_event_id": "ix_invitation_reply_event_id",
        "ix_answer_request_id": "ix_invitation_reply_request_id",
    },
    "manual_draft": {
        "ix_hand_draft_base_id": "ix_manual_draft_base_id",
        "ix_hand_draft_begun_by": "ix_manual_draft_started_by",
    },
    "meeting_lock": {
        "ix_hand_mark_request_id": "ix_meeting_lock_request_id",
    },
    "meeting_outcome": {
        "ix_meeting_outcome_said_by": "ix_meeting_outcome_reported_by",
    },
    "meeting_request": {
        "ix_meeting_request_held_back": "ix_meeting_request_excluded",
        "ix_meeting_request_answered_by": "ix_meeting_request_responded_by",
    },
    "outbox_email": {
        "ix_outbox_mail_about_event_id": "ix_outbox_email_about_event_id",
        "ix_outbox_mail_attendee_id": "ix_outbox_email_attendee_id",
        "ix_outbox_mail_event_id_state": "ix_outbox_email_event_id_state",
        "ix_outbox_mail_event_id_uid": "ix_outbox_email_event_id_uid",
        "ix_outbox_mail_interpreter_id": "ix_outbox_email_interpreter_id",
        "ix_outbox_mail_request_id": "ix_outbox_email_request_id",
        "ix_outbox_mail_sign_in_link_id": "ix_outbox_email_sign_in_link_id",
        "ix_outbox_mail_state_domain": "ix_outbox_email_state_domain",
        "ix_outbox_mail_state_next_attempt_at": "ix_outbox_email_state_next_attempt_at",
        "ix_outbox_mail_version_id": "ix_outbox_email_version_id",
    },
    "place_closure": {
        "ix_place_busy_slot_id": "ix_place_closure_slot_id",
    },
    "registry_change": {
        "ix_desk_step_taken_by": "ix_registry_change_changed_by",
        "ix_desk_step_event_id_id": "ix_registry_change_event_id_id",
        "ix_desk_step_undone_by": "ix_registry_change_undone_by",
    },
    "request_transition": {
        "ix_request_step_account_id": "ix_request_transition_account_id",
        "ix_request_step_attendee_id": "ix_request_transition_attendee_id",
        "ix_request_step_request_id": "ix_request_transition_request_id",
    },
    "run": {
        "ix_run_asked_by": "ix_run_requested_by",
    },
    "run_schedule": {
        "ix_night_time_event_id": "ix_run_schedule_event_id",
        "ix_night_time_next_at": "ix_run_schedule_next_at",
    },
    "scenario": {
        "ix_what_if_state": "ix_scenario_state",
    },
    "seen_change": {
        "ix_seen_news_attendee_id": "ix_seen_change_attendee_id",
        "ix_seen_news_colleague_id": "ix_seen_change_colleague_id",
        "ix_seen_news_request_id": "ix_seen_change_request_id",
    },
    "team_invitation": {
        "ix_team_invitation_made_by": "ix_team_invitation_created_by",
    },
    "version_job": {
        "ix_version_job_asked_by": "ix_version_job_requested_by",
    },
    "web_session": {
        "ix_web_session_ends_at": "ix_web_session_expires_at",
    },
}
"""By the new name of their table."""

UNNAMED_KEY = re.compile(r'(?<!desk_step )FOREIGN KEY\("?(step|registry_change)_id"?\)')
"""The only constraint that has no name in SQLite files that began with the baseline."""

APPEND_ONLY = "The audit log is append-only."

FUNCTIONS = (
    """
CREATE OR REPLACE FUNCTION advance_audit_chain() RETURNS trigger {as_owner} AS $$ BEGIN
    UPDATE audit_chain SET number = NEW.number, hash = NEW.hash
    WHERE chain = NEW.chain AND number = NEW.number - 1;
    IF NOT FOUND THEN {refuse}; END IF;
    RETURN NULL;
END $$""",
    """
CREATE OR REPLACE FUNCTION lock_audit_chain(wanted integer) RETURNS audit_chain {as_owner} AS $$
DECLARE held audit_chain; BEGIN
    INSERT INTO audit_chain (chain, number, hash) SELECT wanted, 0, repeat('0', 64)
    WHERE NOT EXISTS (SELECT 1 FROM audit_chain WHERE chain = wanted) ON CONFLICT DO NOTHING;
    SELECT * INTO held FROM audit_chain WHERE chain = wanted FOR UPDATE;
    RETURN held;
END $$""",
    """
CREATE OR REPLACE FUNCTION refuse_smaller_audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.number < OLD.number OR NEW.chain <> OLD.chain THEN {refuse}; END IF;
    RETURN NEW;
END $$""",
    """
CREATE OR REPLACE FUNCTION refuse_audit_log_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    {refuse};
END $$""",
)
"""What guards the audit log on PostgreSQL. Its body names tables by their words, so it is written anew."""

TRIGGERS = (
    """
CREATE TRIGGER audit_log_entry_no_update BEFORE UPDATE ON audit_log_entry BEGIN {refuse}; END""",
    """
CREATE TRIGGER audit_log_entry_no_delete BEFORE DELETE ON audit_log_entry BEGIN {refuse}; END""",
    """
CREATE TRIGGER audit_log_entry_no_replacement BEFORE INSERT ON audit_log_entry WHEN EXISTS (
    SELECT 1 FROM audit_log_entry WHERE id = NEW.id OR (chain = NEW.chain AND number = NEW.number)
) BEGIN {refuse}; END""",
    """
CREATE TRIGGER audit_chain_no_replacement BEFORE INSERT ON audit_chain WHEN EXISTS (
    SELECT 1 FROM audit_chain WHERE chain = NEW.chain
) BEGIN SELECT RAISE(IGNORE); END""",
    """
CREATE TRIGGER audit_chain_no_delete BEFORE DELETE ON audit_chain BEGIN {refuse}; END""",
    """
CREATE TRIGGER audit_chain_grows BEFORE UPDATE ON audit_chain
WHEN NEW.number < OLD.number OR NEW.chain <> OLD.chain BEGIN {refuse}; END""",
    """
CREATE TRIGGER audit_log_entry_is_next BEFORE INSERT ON audit_log_entry WHEN NOT EXISTS (
    SELECT 1 FROM audit_chain WHERE chain = NEW.chain AND number = NEW.number - 1
) BEGIN {refuse}; END""",
    """
CREATE TRIGGER audit_chain_advances AFTER INSERT ON audit_log_entry BEGIN
    UPDATE audit_chain SET number = NEW.number, hash = NEW.hash WHERE chain = NEW.chain;
END""",
)
"""The same in a SQLite file."""


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        drop_triggers()
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            op.execute(f'ALTER TABLE {table} RENAME COLUMN "{old}" TO {new}')
    if is_sqlite:
        rename_in_file()
        make_triggers()
    else:
        rename_on_server()
        replace_functions()
    rename_in_requests()
    rename_in_changes()


def downgrade() -> None:
    raise RuntimeError("Restore the backup of before the upgrade: no version has had both names.")


def rename_on_server() -> None:
    """Constraints, with the indexes that some of them have, other indexes, and the sequences of ids."""
    for table, names in CONSTRAINTS.items():
        for old, new in names.items():
            op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")
    for names in INDEXES.values():
        for old, new in names.items():
            op.execute(f"ALTER INDEX {old} RENAME TO {new}")
    of_renamed = sa.text(
        "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace"
    )
    sequences = set(op.get_bind().scalars(of_renamed))
    for old, new in TABLES.items():
        if f"{old}_id_seq" in sequences:
            op.execute(f"ALTER SEQUENCE {old}_id_seq RENAME TO {new}_id_seq")


def rename_in_file() -> None:
    """SQLite renames neither constraints nor indexes: their names stand in its schema table alone.

    https://www.sqlite.org/lang_altertable.html#otheralter says when that table may be written to: if nothing
    that is stored of rows depends on it.
    """
    connection = op.get_bind()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    change = "UPDATE sqlite_master SET name = ?, sql = ? WHERE type = ? AND name = ?"
    for table in CONSTRAINTS.keys() | INDEXES.keys():
        names = CONSTRAINTS.get(table, {})
        of_table = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
        statement = connection.exec_driver_sql(of_table, (table,)).scalar_one()
        if table == "import_file":
            statement = UNNAMED_KEY.sub(r"CONSTRAINT fk_import_file_step_id_desk_step \g<0>", statement)
        connection.exec_driver_sql(change, (table, _renamed(statement, names), "table", table))
        for old, new in INDEXES.get(table, {}).items():
            of_index = "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?"
            statement = connection.exec_driver_sql(of_index, (old,)).scalar_one()
            connection.exec_driver_sql(change, (new, _renamed(statement, {old: new}), "index", old))
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
    rename_statistics()


def _renamed(statement: str, names: dict[str, str]) -> str:
    """Each name is a word of its own, in quotes or not, and is none of a table or column."""
    return re.sub(r"\b\w+\b", lambda word: names.get(word[0], word[0]), statement)


def rename_statistics() -> None:
    """What ANALYZE has found of the indexes, if it has run."""
    connection = op.get_bind()
    of_tables = "SELECT name FROM sqlite_master WHERE name IN ('sqlite_stat1', 'sqlite_stat4')"
    for found in connection.exec_driver_sql(of_tables).scalars().all():
        for old, new in TABLES.items():
            connection.exec_driver_sql(f"UPDATE {found} SET tbl = ? WHERE tbl = ?", (new, old))
        for names in INDEXES.values():
            for old, new in names.items():
                connection.exec_driver_sql(f"UPDATE {found} SET idx = ? WHERE idx = ?", (new, old))


def rename_in_requests() -> None:
    """What a request's last step replaced has columns by name. In JSON, `"name":` is a name and no text."""
    names = sa.text("before") if op.get_bind().dialect.name == "sqlite" else sa.text("CAST(before AS text)")
    changed: sa.ColumnElement[str] = sa.type_coerce(names, sa.Text)
    for old, new in COLUMNS["meeting_request"].items():
        changed = sa.func.replace(changed, f'"{old}":', f'"{new}":')
    if op.get_bind().dialect.name == "postgresql":
        changed = sa.cast(changed, sa.JSON)
    table = sa.table("meeting_request", sa.column("before"))
    op.execute(sa.update(table).where(table.c.before.is_not(None)).values(before=changed))


def rename_in_changes() -> None:
    """An organiser's change can be undone: it names the tables and columns of the rows that it changed."""
    connection = op.get_bind()
    table = sa.table("registry_change", sa.column("id", sa.Integer), sa.column("changes", sa.JSON))
    for row_id in connection.scalars(sa.select(table.c.id)).all():
        old = connection.scalars(sa.select(table.c.changes).where(table.c.id == row_id)).one()
        if (new := renamed_changes(old)) != old:
            connection.execute(sa.update(table).where(table.c.id == row_id).values(changes=new))


def renamed_changes(changes: dict[str, Any]) -> dict[str, Any]:
    """`changed` has a table, a key and columns, `added` a table and a key, `deleted` a table and columns."""
    found = dict(changes)
    for kind in changes.keys() & {"changed", "added", "deleted"}:
        rows = [[TABLES.get(table, table), *rest] for table, *rest in changes[kind]]
        found[kind] = [[table, *(renamed_row(table, part) for part in rest)] for table, *rest in rows]
    return found


def renamed_row(table: str, row: Any) -> Any:
    """Columns by name, or what is none."""
    columns = COLUMNS.get(table, {})
    return {columns.get(name, name): value for name, value in row.items()} if isinstance(row, dict) else row


def replace_functions() -> None:
    """What guards the audit log: bodies of functions name tables by their words."""
    schema = op.get_bind().dialect.identifier_preparer.quote(
        str(op.get_bind().scalar(sa.select(sa.func.current_schema())))
    )
    as_owner = f"LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, {schema}, pg_temp"
    for old, new in {
        "follow_trail_entry()": "advance_audit_chain",
        "hold_trail_head(integer)": "lock_audit_chain",
        "refuse_smaller_trail()": "refuse_smaller_audit_chain",
        "refuse_trail_change()": "refuse_audit_log_change",
    }.items():
        op.execute(f"ALTER FUNCTION {old} RENAME TO {new}")
    for statement in FUNCTIONS:
        op.execute(statement.format(as_owner=as_owner, refuse=f"RAISE EXCEPTION '{APPEND_ONLY}'"))
    for table, old, new in (
        ("audit_log_entry", "trail_entry_no_change", "audit_log_entry_no_change"),
        ("audit_log_entry", "trail_head_follows", "audit_chain_advances"),
        ("audit_chain", "trail_head_grows", "audit_chain_grows"),
        ("audit_chain", "trail_head_no_delete", "audit_chain_no_delete"),
    ):
        op.execute(f"ALTER TRIGGER {old} ON {table} RENAME TO {new}")


def drop_triggers() -> None:
    """Those of a SQLite file, which has no statement to rename them."""
    for trigger in (
        "trail_entry_no_update",
        "trail_entry_no_delete",
        "trail_entry_no_replacement",
        "trail_head_no_replacement",
        "trail_head_no_delete",
        "trail_head_grows",
        "trail_entry_is_next",
        "trail_head_follows",
    ):
        op.execute(f"DROP TRIGGER {trigger}")


def make_triggers() -> None:
    """As they were, with the new names."""
    for statement in TRIGGERS:
        op.execute(statement.format(refuse=f"SELECT RAISE(ABORT, '{APPEND_ONLY}')"))
