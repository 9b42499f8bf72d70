CREATE TABLE account (
	id INTEGER NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	created_at DATETIME NOT NULL, 
	is_operator BOOLEAN NOT NULL, 
	CONSTRAINT pk_account PRIMARY KEY (id), 
	CONSTRAINT uq_account_email UNIQUE (email)
);

CREATE TABLE api_token (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	scopes VARCHAR(400) NOT NULL, 
	created_by INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	last_used_at DATETIME, 
	revoked_at DATETIME, expires_at DATETIME NOT NULL, as_organiser BOOLEAN DEFAULT 0 NOT NULL, as_exhibitor BOOLEAN DEFAULT 0 NOT NULL, firm_id INTEGER CONSTRAINT fk_api_token_firm_id_firm REFERENCES firm (id), revoked_by INTEGER CONSTRAINT fk_api_token_revoked_by_account REFERENCES account (id), 
	CONSTRAINT pk_api_token PRIMARY KEY (id), 
	CONSTRAINT fk_api_token_created_by_account FOREIGN KEY(created_by) REFERENCES account (id), 
	CONSTRAINT fk_api_token_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT uq_api_token_token_hash UNIQUE (token_hash)
);

CREATE INDEX ix_api_token_event_id ON api_token (event_id);

CREATE TABLE hall (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	position INTEGER NOT NULL, names JSON DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_hall PRIMARY KEY (id), 
	CONSTRAINT fk_hall_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT uq_hall_event_id_key UNIQUE (event_id, "key")
);

CREATE TABLE interpreter (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	latin_name VARCHAR(120) NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	languages JSON NOT NULL, withdrawn_at DATETIME, merged_into_id INTEGER CONSTRAINT fk_interpreter_merged_into_id_interpreter REFERENCES interpreter (id), bounce VARCHAR(300) DEFAULT '' NOT NULL, bounced_at DATETIME, mail_language VARCHAR(8) DEFAULT '' NOT NULL, timezone VARCHAR(64) DEFAULT '' NOT NULL, 
	CONSTRAINT pk_interpreter PRIMARY KEY (id), 
	CONSTRAINT fk_interpreter_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT uq_interpreter_event_id_key UNIQUE (event_id, "key")
);

CREATE TABLE sign_in_link (
	id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	seed VARCHAR(32) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	used_at DATETIME, errand JSON DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_sign_in_link PRIMARY KEY (id), 
	CONSTRAINT fk_sign_in_link_account_id_account FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT uq_sign_in_link_token_hash UNIQUE (token_hash)
);

CREATE INDEX ix_sign_in_link_account_id ON sign_in_link (account_id);

CREATE TABLE slot (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	position INTEGER NOT NULL, 
	start DATETIME NOT NULL, 
	"end" DATETIME NOT NULL, 
	block VARCHAR(32) NOT NULL, is_retired BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_slot PRIMARY KEY (id), 
	CONSTRAINT fk_slot_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT uq_slot_event_id_key UNIQUE (event_id, "key"), 
	CONSTRAINT uq_slot_event_id_position UNIQUE (event_id, position)
);

CREATE TABLE idempotency_key (
	id INTEGER NOT NULL, 
	api_token_id INTEGER NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	request_hash VARCHAR(64) NOT NULL, 
	status INTEGER, 
	body TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_idempotency_key PRIMARY KEY (id), 
	CONSTRAINT fk_idempotency_key_api_token_id_api_token FOREIGN KEY(api_token_id) REFERENCES api_token (id), 
	CONSTRAINT uq_idempotency_key_api_token_id_key UNIQUE (api_token_id, "key")
);

CREATE TABLE interpreter_busy (
	interpreter_id INTEGER NOT NULL, 
	slot_id INTEGER NOT NULL, 
	CONSTRAINT pk_interpreter_busy PRIMARY KEY (interpreter_id, slot_id), 
	CONSTRAINT fk_interpreter_busy_interpreter_id_interpreter FOREIGN KEY(interpreter_id) REFERENCES interpreter (id), 
	CONSTRAINT fk_interpreter_busy_slot_id_slot FOREIGN KEY(slot_id) REFERENCES slot (id)
);

CREATE TABLE schedule_version (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	run_id INTEGER, 
	compared_with_id INTEGER, 
	copy_of_id INTEGER, 
	status VARCHAR(16) NOT NULL, 
	score DOUBLE NOT NULL, 
	bound DOUBLE, 
	served_bound DOUBLE, 
	terms JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	published_at DATETIME, 
	published_by INTEGER, meetings_bound INTEGER, groups JSON, 
	CONSTRAINT pk_schedule_version PRIMARY KEY (id), 
	CONSTRAINT fk_schedule_version_compared_with_id_schedule_version FOREIGN KEY(compared_with_id) REFERENCES schedule_version (id), 
	CONSTRAINT fk_schedule_version_copy_of_id_schedule_version FOREIGN KEY(copy_of_id) REFERENCES schedule_version (id), 
	CONSTRAINT fk_schedule_version_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_schedule_version_published_by_account FOREIGN KEY(published_by) REFERENCES account (id), 
	CONSTRAINT fk_schedule_version_run_id_run FOREIGN KEY(run_id) REFERENCES run (id), 
	CONSTRAINT uq_schedule_version_event_id_number UNIQUE (event_id, number), 
	CONSTRAINT ck_schedule_version_version_state CHECK (state IN ('draft', 'published', 'superseded', 'discarded'))
);

CREATE UNIQUE INDEX uq_schedule_version_published ON schedule_version (event_id) WHERE state = 'published';

CREATE TABLE walking_time (
	from_hall_id INTEGER NOT NULL, 
	to_hall_id INTEGER NOT NULL, 
	minutes INTEGER NOT NULL, 
	CONSTRAINT pk_walking_time PRIMARY KEY (from_hall_id, to_hall_id), 
	CONSTRAINT fk_walking_time_from_hall_id_hall FOREIGN KEY(from_hall_id) REFERENCES hall (id), 
	CONSTRAINT fk_walking_time_to_hall_id_hall FOREIGN KEY(to_hall_id) REFERENCES hall (id)
);

CREATE TABLE attendee (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	firm_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	latin_name VARCHAR(120) NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	title VARCHAR(120) NOT NULL, 
	languages JSON NOT NULL, 
	is_exhibitor BOOLEAN NOT NULL, 
	max_per_day INTEGER, 
	feed_seed VARCHAR(32) NOT NULL, 
	feed_hash VARCHAR(64) NOT NULL, bounced_at DATETIME, bounce VARCHAR(300) DEFAULT '' NOT NULL, mail_language VARCHAR(8) DEFAULT '' NOT NULL, timezone VARCHAR(64) DEFAULT '' NOT NULL, phone VARCHAR(40) DEFAULT '' NOT NULL, summary_hash VARCHAR(64), summaries_off_at DATETIME, withdrawn_at DATETIME, merged_into_id INTEGER CONSTRAINT fk_attendee_merged_into_id_attendee REFERENCES attendee (id), seen_version_id INTEGER CONSTRAINT fk_attendee_seen_version_id_schedule_version REFERENCES schedule_version (id), areas JSON DEFAULT '[]' NOT NULL, welcomed_at DATETIME, came_at DATETIME, quiet_until DATETIME, imported_by INTEGER CONSTRAINT fk_attendee_imported_by_account REFERENCES account (id), is_exhibitor_proposed BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_attendee PRIMARY KEY (id), 
	CONSTRAINT fk_attendee_account_id_account FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_attendee_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_attendee_firm_id_firm FOREIGN KEY(firm_id) REFERENCES firm (id), 
	CONSTRAINT uq_attendee_event_id_email UNIQUE (event_id, email), 
	CONSTRAINT uq_attendee_event_id_key UNIQUE (event_id, "key"), 
	CONSTRAINT uq_attendee_feed_hash UNIQUE (feed_hash)
);

CREATE INDEX ix_attendee_account_id ON attendee (account_id);

CREATE INDEX ix_attendee_firm_id ON attendee (firm_id);

CREATE TABLE place (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	hall_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	firm_id INTEGER, 
	capacity INTEGER NOT NULL, is_retired BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_place PRIMARY KEY (id), 
	CONSTRAINT ck_place_booth_has_owner CHECK ((kind = 'booth') = (firm_id IS NOT NULL)), 
	CONSTRAINT fk_place_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_place_firm_id_firm FOREIGN KEY(firm_id) REFERENCES firm (id), 
	CONSTRAINT fk_place_hall_id_hall FOREIGN KEY(hall_id) REFERENCES hall (id), 
	CONSTRAINT uq_place_event_id_key UNIQUE (event_id, "key"), 
	CONSTRAINT ck_place_place_kind CHECK (kind IN ('booth', 'table'))
);

CREATE INDEX ix_place_firm_id ON place (firm_id);

CREATE TABLE attendee_busy (
	attendee_id INTEGER NOT NULL, 
	slot_id INTEGER NOT NULL, 
	CONSTRAINT pk_attendee_busy PRIMARY KEY (attendee_id, slot_id), 
	CONSTRAINT fk_attendee_busy_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_attendee_busy_slot_id_slot FOREIGN KEY(slot_id) REFERENCES slot (id)
);

CREATE TABLE place_busy (
	place_id INTEGER NOT NULL, 
	slot_id INTEGER NOT NULL, 
	CONSTRAINT pk_place_busy PRIMARY KEY (place_id, slot_id), 
	CONSTRAINT fk_place_busy_place_id_place FOREIGN KEY(place_id) REFERENCES place (id), 
	CONSTRAINT fk_place_busy_slot_id_slot FOREIGN KEY(slot_id) REFERENCES slot (id)
);

CREATE INDEX ix_place_busy_slot_id ON place_busy (slot_id);

CREATE TABLE invitation (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	request_id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	uid VARCHAR(255) NOT NULL, 
	sequence INTEGER NOT NULL, 
	method VARCHAR(16) NOT NULL, 
	dtstamp DATETIME NOT NULL, 
	content JSON NOT NULL, 
	partstat VARCHAR(16) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	first_message_id VARCHAR(255) NOT NULL, facts VARCHAR(48), 
	CONSTRAINT pk_invitation PRIMARY KEY (id), 
	CONSTRAINT fk_invitation_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_invitation_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_invitation_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT uq_invitation_uid_attendee_id_sequence_method UNIQUE (uid, attendee_id, sequence, method), 
	CONSTRAINT ck_invitation_method CHECK (method IN ('REQUEST', 'CANCEL')), 
	CONSTRAINT ck_invitation_partstat CHECK (partstat IN ('NEEDS-ACTION', 'ACCEPTED', 'TENTATIVE', 'DECLINED'))
);

CREATE INDEX ix_invitation_attendee_id ON invitation (attendee_id);

CREATE INDEX ix_invitation_event_id ON invitation (event_id);

CREATE INDEX ix_invitation_token_hash ON invitation (token_hash);

CREATE TABLE planned_meeting (
	id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	request_id INTEGER NOT NULL, 
	slot_id INTEGER NOT NULL, 
	length INTEGER NOT NULL, 
	place_id INTEGER NOT NULL, 
	interpreter_id INTEGER, last_slot_id INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_planned_meeting PRIMARY KEY (id), 
	CONSTRAINT fk_planned_meeting_interpreter_id_interpreter FOREIGN KEY(interpreter_id) REFERENCES interpreter (id), 
	CONSTRAINT fk_planned_meeting_place_id_place FOREIGN KEY(place_id) REFERENCES place (id), 
	CONSTRAINT fk_planned_meeting_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT fk_planned_meeting_slot_id_slot FOREIGN KEY(slot_id) REFERENCES slot (id), 
	CONSTRAINT fk_planned_meeting_version_id_schedule_version FOREIGN KEY(version_id) REFERENCES schedule_version (id), 
	CONSTRAINT uq_planned_meeting_version_id_request_id UNIQUE (version_id, request_id)
);

CREATE INDEX ix_planned_meeting_request_id ON planned_meeting (request_id);

CREATE TABLE request_person (
	request_id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	side VARCHAR(16) NOT NULL, 
	CONSTRAINT pk_request_person PRIMARY KEY (request_id, attendee_id), 
	CONSTRAINT fk_request_person_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_request_person_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT ck_request_person_side CHECK (side IN ('from', 'to'))
);

CREATE TABLE hold (
	slot_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	holder_id INTEGER NOT NULL, 
	seat INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	meeting_id INTEGER NOT NULL, 
	CONSTRAINT pk_hold PRIMARY KEY (slot_id, kind, holder_id, seat), 
	CONSTRAINT ck_hold_kind CHECK (kind IN ('attendee', 'interpreter', 'place')), 
	CONSTRAINT fk_hold_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_hold_meeting_id_planned_meeting FOREIGN KEY(meeting_id) REFERENCES planned_meeting (id), 
	CONSTRAINT fk_hold_slot_id_slot FOREIGN KEY(slot_id) REFERENCES slot (id)
);

CREATE INDEX ix_hold_event_id ON hold (event_id);

CREATE TABLE planned_attendee (
	meeting_id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	CONSTRAINT pk_planned_attendee PRIMARY KEY (meeting_id, attendee_id), 
	CONSTRAINT fk_planned_attendee_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_planned_attendee_meeting_id_planned_meeting FOREIGN KEY(meeting_id) REFERENCES planned_meeting (id)
);

CREATE INDEX ix_planned_attendee_attendee_id ON planned_attendee (attendee_id);

CREATE TABLE "firm" (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	latin_name VARCHAR(200) NOT NULL, 
	country VARCHAR(2) NOT NULL, 
	tier VARCHAR(16) NOT NULL, 
	areas JSON NOT NULL, 
	pavilion VARCHAR(120), 
	description TEXT NOT NULL, 
	website VARCHAR(200) NOT NULL, 
	hall_id INTEGER, 
	max_per_day INTEGER, 
	min_meetings INTEGER NOT NULL, 
	feed_seed VARCHAR(32), 
	feed_hash VARCHAR(64), withdrawn_at DATETIME, merged_into_id INTEGER CONSTRAINT fk_firm_merged_into_id_firm REFERENCES firm (id), host_id INTEGER CONSTRAINT fk_firm_host_id_firm REFERENCES firm (id), offers JSON DEFAULT '[]' NOT NULL, needs JSON DEFAULT '[]' NOT NULL, products JSON DEFAULT '[]' NOT NULL, logo VARCHAR(16), unwanted JSON DEFAULT '[]' NOT NULL, welcomed_at DATETIME, 
	CONSTRAINT pk_firm PRIMARY KEY (id), 
	CONSTRAINT uq_firm_event_id_key UNIQUE (event_id, "key"), 
	CONSTRAINT fk_firm_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT ck_firm_tier CHECK (tier IN ('upstream', 'midstream', 'downstream')), 
	CONSTRAINT fk_firm_hall_id_hall FOREIGN KEY(hall_id) REFERENCES hall (id), 
	CONSTRAINT uq_firm_feed_hash UNIQUE (feed_hash)
);

CREATE INDEX ix_firm_hall_id ON firm (hall_id);

CREATE INDEX ix_firm_latin_name ON firm (latin_name);

CREATE TABLE address_change (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	old_address VARCHAR(254) NOT NULL, 
	new_address VARCHAR(254) NOT NULL, 
	changed_by INTEGER, 
	changed_at DATETIME NOT NULL, 
	CONSTRAINT pk_address_change PRIMARY KEY (id), 
	CONSTRAINT fk_address_change_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_address_change_changed_by_account FOREIGN KEY(changed_by) REFERENCES account (id), 
	CONSTRAINT fk_address_change_event_id_event FOREIGN KEY(event_id) REFERENCES event (id)
);

CREATE INDEX ix_address_change_attendee_id ON address_change (attendee_id);

CREATE TABLE busy_source (
	id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	is_saved BOOLEAN NOT NULL, 
	name VARCHAR(253) NOT NULL, 
	address BLOB, 
	timezone VARCHAR(64) NOT NULL, 
	found JSON NOT NULL, 
	octets BLOB, 
	etag VARCHAR(250) NOT NULL, 
	modified VARCHAR(250) NOT NULL, 
	read_at DATETIME NOT NULL, 
	failure VARCHAR(300) NOT NULL, 
	next_fetch_at DATETIME, account BLOB, failing_since DATETIME, failure_sent_at DATETIME, found_changes INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_busy_source PRIMARY KEY (id), 
	CONSTRAINT fk_busy_source_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT uq_busy_source_key UNIQUE ("key")
);

CREATE INDEX ix_busy_source_attendee_id ON busy_source (attendee_id);

CREATE INDEX ix_busy_source_next_fetch_at ON busy_source (next_fetch_at);

CREATE TABLE "event" ( id INTEGER NOT NULL, "key" VARCHAR(64) NOT NULL, name VARCHAR(200) NOT NULL, timezone VARCHAR(64) NOT NULL, language VARCHAR(8) NOT NULL, created_at DATETIME NOT NULL, areas JSON NOT NULL, policy JSON NOT NULL, solve_seconds INTEGER NOT NULL, freeze_hours INTEGER NOT NULL, request_days INTEGER NOT NULL, mail_per_minute INTEGER NOT NULL, mail_ready_at DATETIME, summary_mails BOOLEAN DEFAULT 1 NOT NULL, proposals BOOLEAN DEFAULT 1 NOT NULL, night_late INTEGER DEFAULT '60' NOT NULL, mails_paused_at DATETIME, publish_hold INTEGER DEFAULT '5' NOT NULL, contact VARCHAR(200) DEFAULT '' NOT NULL, remind_minutes INTEGER DEFAULT '0' NOT NULL, guests JSON DEFAULT '[]' NOT NULL, digest_mails BOOLEAN DEFAULT 0 NOT NULL, digests_since DATETIME, import_words JSON DEFAULT '{}' NOT NULL, archived_at DATETIME, night_percent INTEGER DEFAULT '5' NOT NULL, night_a_person INTEGER DEFAULT '2' NOT NULL, night_hours INTEGER DEFAULT '24' NOT NULL, must_budget INTEGER DEFAULT '5' NOT NULL, colleagues BOOLEAN DEFAULT 1 NOT NULL, registration BOOLEAN DEFAULT 0 NOT NULL, area_names JSON DEFAULT '{}' NOT NULL, live_at DATETIME, deleted_at DATETIME, deleted_by_id INTEGER, CONSTRAINT pk_event PRIMARY KEY (id), CONSTRAINT ck_event_mail_per_minute_positive CHECK (mail_per_minute > 0), CONSTRAINT uq_event_key UNIQUE ("key") );

CREATE TABLE mail_text (
	event_id INTEGER NOT NULL, 
	language VARCHAR(8) NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	text TEXT NOT NULL, 
	changed_by INTEGER, 
	changed_at DATETIME NOT NULL, 
	CONSTRAINT pk_mail_text PRIMARY KEY (event_id, language, "key"), 
	CONSTRAINT fk_mail_text_changed_by_account FOREIGN KEY(changed_by) REFERENCES account (id), 
	CONSTRAINT fk_mail_text_event_id_event FOREIGN KEY(event_id) REFERENCES event (id)
);

CREATE TABLE alert (
	id INTEGER NOT NULL, 
	event_id INTEGER, 
	kind VARCHAR(32) NOT NULL, 
	about VARCHAR(120) NOT NULL, 
	reason TEXT NOT NULL, 
	path VARCHAR(400) NOT NULL, 
	opened_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	open_key VARCHAR(200), 
	CONSTRAINT pk_alert PRIMARY KEY (id), 
	CONSTRAINT fk_alert_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT uq_alert_open_key UNIQUE (open_key)
);

CREATE INDEX ix_alert_event_id ON alert (event_id);

CREATE TABLE pulse (
	name VARCHAR(32) NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_pulse PRIMARY KEY (name)
);

CREATE TABLE "meeting_request" (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	from_firm_id INTEGER NOT NULL, 
	to_firm_id INTEGER NOT NULL, 
	priority INTEGER NOT NULL, 
	length INTEGER NOT NULL, 
	place VARCHAR(16) NOT NULL, 
	topic VARCHAR(200) NOT NULL, 
	message TEXT NOT NULL, 
	slots JSON, 
	fixed_slot_id INTEGER, 
	fixed_place_id INTEGER, 
	state VARCHAR(16) NOT NULL, 
	created_by INTEGER, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	answered_by INTEGER, 
	answered_at DATETIME, 
	answer_note TEXT NOT NULL, 
	uid VARCHAR(64) NOT NULL, 
	lower_firm_id INTEGER NOT NULL, 
	upper_firm_id INTEGER NOT NULL, 
	reply_topic VARCHAR(200) NOT NULL, 
	reply_message TEXT NOT NULL, 
	answered_side VARCHAR(16), 
	"before" JSON, fixed_must BOOLEAN DEFAULT 0 NOT NULL, wish_place INTEGER, reply_priority INTEGER, is_held_back BOOLEAN DEFAULT 0 NOT NULL, quiet_until DATETIME, 
	CONSTRAINT pk_meeting_request PRIMARY KEY (id), 
	CONSTRAINT ck_meeting_request_priority_positive CHECK (priority >= 1), 
	CONSTRAINT fk_meeting_request_created_by_attendee FOREIGN KEY(created_by) REFERENCES attendee (id), 
	CONSTRAINT fk_meeting_request_to_firm_id_firm FOREIGN KEY(to_firm_id) REFERENCES firm (id), 
	CONSTRAINT ck_meeting_request_place_wish CHECK (place IN ('booth', 'table', 'any')), 
	CONSTRAINT ck_meeting_request_two_firms CHECK (from_firm_id <> to_firm_id), 
	CONSTRAINT fk_meeting_request_from_firm_id_firm FOREIGN KEY(from_firm_id) REFERENCES firm (id), 
	CONSTRAINT fk_meeting_request_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_meeting_request_fixed_place_id_place FOREIGN KEY(fixed_place_id) REFERENCES place (id), 
	CONSTRAINT fk_meeting_request_fixed_slot_id_slot FOREIGN KEY(fixed_slot_id) REFERENCES slot (id), 
	CONSTRAINT uq_meeting_request_event_id_key UNIQUE (event_id, "key"), 
	CONSTRAINT ck_meeting_request_length_positive CHECK (length >= 1), 
	CONSTRAINT ck_meeting_request_request_state CHECK (state IN ('pending', 'accepted', 'declined', 'withdrawn', 'expired')), 
	CONSTRAINT fk_meeting_request_answered_by_attendee FOREIGN KEY(answered_by) REFERENCES attendee (id), 
	CONSTRAINT ck_meeting_request_answered_side CHECK (answered_side IN ('from', 'to')), 
	CONSTRAINT ck_meeting_request_pair_of_both_firms CHECK (lower_firm_id < upper_firm_id AND lower_firm_id IN (from_firm_id, to_firm_id) AND upper_firm_id IN (from_firm_id, to_firm_id))
);

CREATE INDEX ix_meeting_request_event_id_state ON meeting_request (event_id, state);

CREATE INDEX ix_meeting_request_to_firm_id_state ON meeting_request (to_firm_id, state);

CREATE UNIQUE INDEX uq_meeting_request_open_pair ON meeting_request (lower_firm_id, upper_firm_id) WHERE state IN ('pending', 'accepted');

CREATE TABLE web_session (
	id INTEGER NOT NULL, 
	id_hash VARCHAR(64) NOT NULL, 
	account_id INTEGER NOT NULL, 
	made_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	ends_at DATETIME NOT NULL, 
	agent VARCHAR(200) NOT NULL, 
	errand JSON NOT NULL, 
	CONSTRAINT pk_web_session PRIMARY KEY (id), 
	CONSTRAINT fk_web_session_account_id_account FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT uq_web_session_id_hash UNIQUE (id_hash)
);

CREATE INDEX ix_web_session_account_id ON web_session (account_id);

CREATE INDEX ix_web_session_ends_at ON web_session (ends_at);

CREATE TABLE sign_in_wish (
	id INTEGER NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	errand JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_sign_in_wish PRIMARY KEY (id)
);

CREATE TABLE mail_route (
	name VARCHAR(253) NOT NULL, 
	ready_at DATETIME, 
	per_minute DOUBLE, 
	slowed_at DATETIME, 
	refusal VARCHAR(16), 
	refusals INTEGER NOT NULL, 
	refused_address VARCHAR(254) NOT NULL, 
	said VARCHAR(400) NOT NULL, 
	refused_at DATETIME, 
	paused_until DATETIME, 
	probed_at DATETIME, 
	pauses INTEGER NOT NULL, 
	is_told BOOLEAN NOT NULL, 
	CONSTRAINT pk_mail_route PRIMARY KEY (name), 
	CONSTRAINT ck_mail_route_mail_route_refusal CHECK (refusal IN ('later', 'slow', 'hold', 'dead'))
);

CREATE TABLE comparison (
	version_id INTEGER NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	compared_with INTEGER, 
	counts JSON NOT NULL, 
	touched INTEGER NOT NULL, 
	people_told INTEGER NOT NULL, 
	left_out JSON NOT NULL, 
	mails INTEGER, 
	summaries INTEGER, 
	people INTEGER, 
	made_at DATETIME NOT NULL, told JSON, 
	CONSTRAINT pk_comparison PRIMARY KEY (version_id), 
	CONSTRAINT fk_comparison_version_id_schedule_version FOREIGN KEY(version_id) REFERENCES schedule_version (id)
);

CREATE TABLE comparison_part (
	version_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	rows BLOB NOT NULL, 
	CONSTRAINT pk_comparison_part PRIMARY KEY (version_id, number), 
	CONSTRAINT fk_comparison_part_version_id_comparison FOREIGN KEY(version_id) REFERENCES comparison (version_id)
);

CREATE TABLE attendee_alias (
	id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	address VARCHAR(254) NOT NULL, 
	added_by INTEGER, 
	added_at DATETIME NOT NULL, 
	removed_by INTEGER, 
	removed_at DATETIME, 
	CONSTRAINT pk_attendee_alias PRIMARY KEY (id), 
	CONSTRAINT fk_attendee_alias_added_by_account FOREIGN KEY(added_by) REFERENCES account (id), 
	CONSTRAINT fk_attendee_alias_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_attendee_alias_removed_by_account FOREIGN KEY(removed_by) REFERENCES account (id)
);

CREATE INDEX ix_attendee_alias_attendee_id ON attendee_alias (attendee_id);

CREATE INDEX ix_meeting_request_from_firm_id_state ON meeting_request (from_firm_id, state);

CREATE TABLE excluded_person (
	request_id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	note TEXT NOT NULL, 
	excluded_at DATETIME NOT NULL, 
	CONSTRAINT pk_excluded_person PRIMARY KEY (request_id, attendee_id), 
	CONSTRAINT fk_excluded_person_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_excluded_person_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id)
);

CREATE UNIQUE INDEX ix_attendee_summary_hash ON attendee (summary_hash);

CREATE TABLE untaken_mail (
	mailbox VARCHAR(64) NOT NULL, 
	validity BIGINT NOT NULL, 
	uid BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	tried_at DATETIME NOT NULL, 
	CONSTRAINT pk_untaken_mail PRIMARY KEY (mailbox, validity, uid)
);

CREATE TABLE unscheduled_request (
	version_id INTEGER NOT NULL, 
	request_key VARCHAR(64) NOT NULL, 
	position INTEGER NOT NULL, 
	reason VARCHAR(40) NOT NULL, 
	answer JSON NOT NULL, group_number INTEGER, 
	CONSTRAINT pk_unscheduled_request PRIMARY KEY (version_id, request_key), 
	CONSTRAINT fk_unscheduled_request_version_id_schedule_version FOREIGN KEY(version_id) REFERENCES schedule_version (id)
);

CREATE INDEX ix_unscheduled_request_version_id_position ON unscheduled_request (version_id, position);

CREATE TABLE desk_step (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	note TEXT NOT NULL, 
	taken_by INTEGER, 
	taken_at DATETIME NOT NULL, 
	undone_by INTEGER, 
	undone_at DATETIME, 
	changes JSON NOT NULL, 
	CONSTRAINT pk_desk_step PRIMARY KEY (id), 
	CONSTRAINT fk_desk_step_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_desk_step_taken_by_account FOREIGN KEY(taken_by) REFERENCES account (id), 
	CONSTRAINT fk_desk_step_undone_by_account FOREIGN KEY(undone_by) REFERENCES account (id)
);

CREATE INDEX ix_desk_step_event_id_id ON desk_step (event_id, id);

CREATE TABLE request_step (
	id INTEGER NOT NULL, 
	request_id INTEGER NOT NULL, 
	verb VARCHAR(16) NOT NULL, 
	side VARCHAR(16), 
	attendee_id INTEGER, 
	account_id INTEGER, 
	note TEXT NOT NULL, 
	taken_at DATETIME NOT NULL, 
	CONSTRAINT pk_request_step PRIMARY KEY (id), 
	CONSTRAINT fk_request_step_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT fk_request_step_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_request_step_account_id_account FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT ck_request_step_step_side CHECK (side IN ('from', 'to'))
);

CREATE INDEX ix_request_step_request_id ON request_step (request_id);

CREATE TABLE trail_entry (
	id INTEGER NOT NULL, 
	chain INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	act VARCHAR(40) NOT NULL, 
	account_id INTEGER, 
	who VARCHAR(254) NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	token_id INTEGER, 
	for_firm VARCHAR(64) NOT NULL, 
	about VARCHAR(200) NOT NULL, 
	"before" TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_trail_entry PRIMARY KEY (id), 
	CONSTRAINT uq_trail_entry_chain_number UNIQUE (chain, number)
);

CREATE INDEX ix_trail_entry_chain_act ON trail_entry (chain, act, number);

CREATE INDEX ix_trail_entry_chain_account_id ON trail_entry (chain, account_id, number);

CREATE TABLE trail_head (
	chain INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_trail_head PRIMARY KEY (chain)
);

CREATE TRIGGER trail_entry_no_update BEFORE UPDATE ON trail_entry BEGIN SELECT RAISE(ABORT, 'The trail is only added to.'); END;

CREATE TRIGGER trail_entry_no_delete BEFORE DELETE ON trail_entry BEGIN SELECT RAISE(ABORT, 'The trail is only added to.'); END;

CREATE TABLE pause (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	name VARCHAR(60) NOT NULL, 
	start DATETIME NOT NULL, 
	"end" DATETIME NOT NULL, 
	CONSTRAINT pk_pause PRIMARY KEY (id), 
	CONSTRAINT fk_pause_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT ck_pause_pause_kind CHECK (kind IN ('break', 'special'))
);

CREATE INDEX ix_pause_event_id ON pause (event_id);

CREATE TABLE late_notice (
	request_id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	minutes INTEGER NOT NULL, 
	said_at DATETIME NOT NULL, 
	CONSTRAINT pk_late_notice PRIMARY KEY (request_id, attendee_id), 
	CONSTRAINT fk_late_notice_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT fk_late_notice_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id)
);

CREATE TABLE digest_item (
	request_id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	message_id VARCHAR(255) NOT NULL, 
	token_hash VARCHAR(64), 
	made_at DATETIME NOT NULL, 
	CONSTRAINT pk_digest_item PRIMARY KEY (request_id, attendee_id, kind), 
	CONSTRAINT fk_digest_item_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_digest_item_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT ck_digest_item_digest_kind CHECK (kind IN ('asked', 'three_days', 'one_day', 'accepted', 'declined', 'cancelled', 'expired'))
);

CREATE INDEX ix_digest_item_message_id ON digest_item (message_id);

CREATE INDEX ix_digest_item_token_hash ON digest_item (token_hash);

CREATE TABLE digest_choice (
	attendee_id INTEGER NOT NULL, 
	asked BOOLEAN DEFAULT 1 NOT NULL, 
	reminders BOOLEAN DEFAULT 1 NOT NULL, 
	answers BOOLEAN DEFAULT 1 NOT NULL, 
	stopped_at DATETIME, 
	stop_hash VARCHAR(64), 
	mailed_at DATETIME, asked_at_once BOOLEAN DEFAULT 0 NOT NULL, reminders_at_once BOOLEAN DEFAULT 0 NOT NULL, answers_at_once BOOLEAN DEFAULT 0 NOT NULL, daily_at_venue BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_digest_choice PRIMARY KEY (attendee_id), 
	CONSTRAINT fk_digest_choice_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT uq_digest_choice_stop_hash UNIQUE (stop_hash)
);

CREATE TABLE delegation (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	origin VARCHAR(120) NOT NULL, 
	leader_id INTEGER, 
	escort VARCHAR(120) NOT NULL, 
	escort_phone VARCHAR(40) NOT NULL, 
	CONSTRAINT pk_delegation PRIMARY KEY (id), 
	CONSTRAINT fk_delegation_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_delegation_leader_id_attendee FOREIGN KEY(leader_id) REFERENCES attendee (id), 
	CONSTRAINT uq_delegation_event_id_key UNIQUE (event_id, "key")
);

CREATE TABLE delegation_firm (
	delegation_id INTEGER NOT NULL, 
	firm_id INTEGER NOT NULL, 
	CONSTRAINT pk_delegation_firm PRIMARY KEY (delegation_id, firm_id), 
	CONSTRAINT fk_delegation_firm_delegation_id_delegation FOREIGN KEY(delegation_id) REFERENCES delegation (id), 
	CONSTRAINT fk_delegation_firm_firm_id_firm FOREIGN KEY(firm_id) REFERENCES firm (id)
);

CREATE INDEX ix_delegation_firm_firm_id ON delegation_firm (firm_id);

CREATE TABLE delegation_person (
	delegation_id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	CONSTRAINT pk_delegation_person PRIMARY KEY (delegation_id, attendee_id), 
	CONSTRAINT fk_delegation_person_delegation_id_delegation FOREIGN KEY(delegation_id) REFERENCES delegation (id), 
	CONSTRAINT fk_delegation_person_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id)
);

CREATE INDEX ix_delegation_person_attendee_id ON delegation_person (attendee_id);

CREATE INDEX ix_firm_host_id ON firm (host_id);

CREATE TABLE "import_file" (
	id INTEGER NOT NULL, 
	event_id INTEGER, 
	account_id INTEGER NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	octets BLOB, 
	created_at DATETIME NOT NULL, 
	taken_at DATETIME, 
	counts JSON NOT NULL, 
	options JSON DEFAULT '{}' NOT NULL, 
	step_id INTEGER, fixes JSON DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_import_file PRIMARY KEY (id), 
	CONSTRAINT fk_import_file_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_import_file_account_id_account FOREIGN KEY(account_id) REFERENCES account (id), 
	FOREIGN KEY(step_id) REFERENCES desk_step (id)
);

CREATE INDEX ix_import_file_event_id_created_at ON import_file (event_id, created_at);

CREATE TABLE calendar_use (
	attendee_id INTEGER NOT NULL, 
	way VARCHAR(16) NOT NULL, 
	last_at DATETIME NOT NULL, 
	CONSTRAINT pk_calendar_use PRIMARY KEY (attendee_id, way), 
	CONSTRAINT fk_calendar_use_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT ck_calendar_use_calendar_way CHECK (way IN ('file', 'follow', 'feed', 'google', 'outlook', 'microsoft365', 'copy', 'code', 'print'))
);

CREATE TABLE night_time (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	at TIME NOT NULL, 
	weekdays VARCHAR(7) NOT NULL, 
	"then" VARCHAR(16) NOT NULL, 
	next_at DATETIME, 
	CONSTRAINT pk_night_time PRIMARY KEY (id), 
	CONSTRAINT fk_night_time_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT ck_night_time_after_night CHECK ("then" IN ('draft', 'publish'))
);

CREATE INDEX ix_night_time_event_id ON night_time (event_id);

CREATE INDEX ix_night_time_next_at ON night_time (next_at);

CREATE TABLE team_delegation (
	account_id INTEGER NOT NULL, 
	delegation_id INTEGER NOT NULL, 
	CONSTRAINT pk_team_delegation PRIMARY KEY (account_id, delegation_id), 
	CONSTRAINT fk_team_delegation_account_id_account FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_team_delegation_delegation_id_delegation FOREIGN KEY(delegation_id) REFERENCES delegation (id)
);

CREATE INDEX ix_team_delegation_delegation_id ON team_delegation (delegation_id);

CREATE TABLE "team_member" (
	event_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	until DATETIME, 
	since DATETIME, 
	CONSTRAINT pk_team_member PRIMARY KEY (event_id, account_id), 
	CONSTRAINT fk_team_member_account_id_account FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_team_member_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT ck_team_member_team_role CHECK (role IN ('owner', 'organiser', 'read-only', 'desk helper', 'chamber'))
);

CREATE INDEX ix_team_member_account_id ON team_member (account_id);

CREATE TABLE "team_invitation" (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	until DATETIME, 
	seed VARCHAR(32) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	made_by INTEGER, 
	made_at DATETIME NOT NULL, 
	ends_at DATETIME NOT NULL, 
	delegations JSON NOT NULL, 
	CONSTRAINT pk_team_invitation PRIMARY KEY (id), 
	CONSTRAINT fk_team_invitation_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT uq_team_invitation_token_hash UNIQUE (token_hash), 
	CONSTRAINT ck_team_invitation_team_role CHECK (role IN ('owner', 'organiser', 'read-only', 'desk helper', 'chamber')), 
	CONSTRAINT fk_team_invitation_made_by_account FOREIGN KEY(made_by) REFERENCES account (id)
);

CREATE INDEX ix_team_invitation_event_id ON team_invitation (event_id);

CREATE TABLE hand_draft (
	version_id INTEGER NOT NULL, 
	base_id INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	begun_by INTEGER, 
	CONSTRAINT pk_hand_draft PRIMARY KEY (version_id), 
	CONSTRAINT fk_hand_draft_version_id_schedule_version FOREIGN KEY(version_id) REFERENCES schedule_version (id), 
	CONSTRAINT fk_hand_draft_base_id_schedule_version FOREIGN KEY(base_id) REFERENCES schedule_version (id), 
	CONSTRAINT fk_hand_draft_begun_by_account FOREIGN KEY(begun_by) REFERENCES account (id)
);

CREATE TABLE hand_step (
	id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	revision INTEGER NOT NULL, 
	taken_by INTEGER, 
	taken_at DATETIME NOT NULL, 
	changes JSON NOT NULL, 
	score JSON NOT NULL, 
	CONSTRAINT pk_hand_step PRIMARY KEY (id), 
	CONSTRAINT fk_hand_step_version_id_hand_draft FOREIGN KEY(version_id) REFERENCES hand_draft (version_id), 
	CONSTRAINT fk_hand_step_taken_by_account FOREIGN KEY(taken_by) REFERENCES account (id), 
	CONSTRAINT uq_hand_step_version_id_number UNIQUE (version_id, number), 
	CONSTRAINT ck_hand_step_hand_step_state CHECK (state IN ('done', 'undone', 'replaced'))
);

CREATE INDEX ix_hand_step_version_id_revision ON hand_step (version_id, revision);

CREATE TABLE hand_mark (
	version_id INTEGER NOT NULL, 
	request_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	CONSTRAINT pk_hand_mark PRIMARY KEY (version_id, request_id), 
	CONSTRAINT fk_hand_mark_version_id_hand_draft FOREIGN KEY(version_id) REFERENCES hand_draft (version_id), 
	CONSTRAINT fk_hand_mark_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT ck_hand_mark_hand_mark_kind CHECK (kind IN ('locked', 'left_out'))
);

CREATE TABLE firm_note (
	firm_id INTEGER NOT NULL, 
	about_id INTEGER NOT NULL, 
	is_saved BOOLEAN DEFAULT 0 NOT NULL, 
	note TEXT DEFAULT '' NOT NULL, 
	never_since DATETIME, 
	wanted_at DATETIME, 
	changed_by INTEGER, 
	changed_at DATETIME NOT NULL, dismissed_at DATETIME, 
	CONSTRAINT pk_firm_note PRIMARY KEY (firm_id, about_id), 
	CONSTRAINT fk_firm_note_firm_id_firm FOREIGN KEY(firm_id) REFERENCES firm (id), 
	CONSTRAINT fk_firm_note_about_id_firm FOREIGN KEY(about_id) REFERENCES firm (id), 
	CONSTRAINT fk_firm_note_changed_by_attendee FOREIGN KEY(changed_by) REFERENCES attendee (id)
);

CREATE INDEX ix_firm_note_about_id ON firm_note (about_id);

CREATE TABLE print_code (
	id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	pack VARCHAR(16) NOT NULL, 
	subject_key VARCHAR(64) NOT NULL, 
	language VARCHAR(8) NOT NULL, 
	seed VARCHAR(32) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	made_at DATETIME NOT NULL, 
	CONSTRAINT pk_print_code PRIMARY KEY (id), 
	CONSTRAINT fk_print_code_version_id_schedule_version FOREIGN KEY(version_id) REFERENCES schedule_version (id), 
	CONSTRAINT uq_print_code_token_hash UNIQUE (token_hash), 
	CONSTRAINT ck_print_code_print_pack CHECK (pack IN ('people', 'firms', 'places', 'interpreters'))
);

CREATE INDEX ix_print_code_version_id ON print_code (version_id, pack, subject_key);

CREATE TABLE request_draft (
	id INTEGER NOT NULL, 
	firm_id INTEGER NOT NULL, 
	to_firm_id INTEGER, 
	name VARCHAR(60) NOT NULL, 
	form JSON NOT NULL, 
	changed_by INTEGER, 
	changed_at DATETIME NOT NULL, 
	CONSTRAINT pk_request_draft PRIMARY KEY (id), 
	CONSTRAINT fk_request_draft_firm_id_firm FOREIGN KEY(firm_id) REFERENCES firm (id), 
	CONSTRAINT fk_request_draft_to_firm_id_firm FOREIGN KEY(to_firm_id) REFERENCES firm (id), 
	CONSTRAINT fk_request_draft_changed_by_attendee FOREIGN KEY(changed_by) REFERENCES attendee (id)
);

CREATE INDEX ix_request_draft_firm_id ON request_draft (firm_id);

CREATE TABLE import_job (
	file_id INTEGER NOT NULL, 
	work VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	asked_by INTEGER, 
	asked_at DATETIME NOT NULL, 
	heartbeat_at DATETIME NOT NULL, 
	worker VARCHAR(120), 
	attempts INTEGER NOT NULL, 
	total INTEGER NOT NULL, 
	digest VARCHAR(32) NOT NULL, 
	found JSON, 
	error TEXT, progress JSON DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_import_job PRIMARY KEY (file_id), 
	CONSTRAINT ck_import_job_file_work CHECK (work IN ('look', 'take')), 
	CONSTRAINT ck_import_job_import_job_state CHECK (state IN ('asked', 'running', 'done', 'failed', 'taken_back')), 
	CONSTRAINT fk_import_job_file_id_import_file FOREIGN KEY(file_id) REFERENCES import_file (id) ON DELETE CASCADE, 
	CONSTRAINT fk_import_job_asked_by_account FOREIGN KEY(asked_by) REFERENCES account (id)
);

CREATE INDEX ix_import_job_state ON import_job (state);

CREATE TABLE hand_ban (
	version_id INTEGER NOT NULL, 
	request_id INTEGER NOT NULL, 
	slot_id INTEGER NOT NULL, 
	CONSTRAINT pk_hand_ban PRIMARY KEY (version_id, request_id, slot_id), 
	CONSTRAINT fk_hand_ban_version_id_hand_draft FOREIGN KEY(version_id) REFERENCES hand_draft (version_id), 
	CONSTRAINT fk_hand_ban_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT fk_hand_ban_slot_id_slot FOREIGN KEY(slot_id) REFERENCES slot (id)
);

CREATE TABLE firm_logo (
	firm_id INTEGER NOT NULL, 
	octets BLOB NOT NULL, 
	CONSTRAINT pk_firm_logo PRIMARY KEY (firm_id), 
	CONSTRAINT fk_firm_logo_firm_id_firm FOREIGN KEY(firm_id) REFERENCES firm (id)
);

CREATE TABLE meeting_outcome (
	request_id INTEGER NOT NULL, 
	side VARCHAR(16) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	amount BIGINT, 
	currency VARCHAR(3), 
	said_by INTEGER NOT NULL, 
	said_at DATETIME NOT NULL, 
	"before" JSON, 
	CONSTRAINT pk_meeting_outcome PRIMARY KEY (request_id, side), 
	CONSTRAINT ck_meeting_outcome_amount_positive CHECK (amount >= 1), 
	CONSTRAINT fk_meeting_outcome_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT fk_meeting_outcome_said_by_attendee FOREIGN KEY(said_by) REFERENCES attendee (id), 
	CONSTRAINT ck_meeting_outcome_outcome_side CHECK (side IN ('from', 'to')), 
	CONSTRAINT ck_meeting_outcome_outcome_kind CHECK (kind IN ('none', 'follow-up', 'intent', 'signed'))
);

CREATE TABLE "what_if" (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	event_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	changes JSON NOT NULL, 
	seconds INTEGER NOT NULL, 
	made_at DATETIME NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	turn INTEGER NOT NULL, 
	asked_at DATETIME, 
	started_at DATETIME, 
	finished_at DATETIME, 
	heartbeat_at DATETIME, 
	progress JSON NOT NULL, 
	result JSON, 
	error TEXT, 
	CONSTRAINT fk_what_if_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT ck_what_if_what_if_state CHECK (state IN ('new', 'asked', 'running', 'done', 'failed')), 
	CONSTRAINT uq_what_if_event_id_number UNIQUE (event_id, number), 
	CONSTRAINT ck_what_if_what_if_kind CHECK (kind IN ('dials', 'curve', 'kept', 'remedy'))
);

CREATE INDEX ix_what_if_state ON what_if (state);

CREATE TABLE kept_figure (
	version_id INTEGER NOT NULL, 
	name VARCHAR(40) NOT NULL, 
	mark VARCHAR(40) NOT NULL, 
	octets BLOB NOT NULL, 
	CONSTRAINT pk_kept_figure PRIMARY KEY (version_id, name), 
	CONSTRAINT fk_kept_figure_version_id_schedule_version FOREIGN KEY(version_id) REFERENCES schedule_version (id)
);

CREATE TABLE interpreter_told (
	interpreter_id INTEGER NOT NULL, 
	address VARCHAR(254) NOT NULL, 
	summary JSON NOT NULL, 
	told_at DATETIME NOT NULL, 
	CONSTRAINT pk_interpreter_told PRIMARY KEY (interpreter_id), 
	CONSTRAINT fk_interpreter_told_interpreter_id_interpreter FOREIGN KEY(interpreter_id) REFERENCES interpreter (id)
);

CREATE TABLE interpreter_feed (
	interpreter_id INTEGER NOT NULL, 
	address VARCHAR(254) NOT NULL, 
	seed VARCHAR(32) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_interpreter_feed PRIMARY KEY (interpreter_id), 
	CONSTRAINT fk_interpreter_feed_interpreter_id_interpreter FOREIGN KEY(interpreter_id) REFERENCES interpreter (id), 
	CONSTRAINT uq_interpreter_feed_token_hash UNIQUE (token_hash)
);

CREATE INDEX ix_meeting_request_held_back ON meeting_request (event_id) WHERE is_held_back = 1;

CREATE INDEX ix_meeting_request_locked ON meeting_request (event_id) WHERE fixed_must = 1;

CREATE TABLE firm_registration (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	latin_name VARCHAR(200) NOT NULL, 
	country VARCHAR(2) NOT NULL, 
	tier VARCHAR(16) NOT NULL, 
	areas JSON NOT NULL, 
	hall VARCHAR(32) NOT NULL, 
	booth VARCHAR(64) NOT NULL, 
	website VARCHAR(200) NOT NULL, 
	person VARCHAR(120) NOT NULL, 
	latin_person VARCHAR(120) NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	title VARCHAR(120) NOT NULL, 
	languages JSON NOT NULL, 
	mail_language VARCHAR(8) NOT NULL, 
	note VARCHAR(1000) NOT NULL, 
	made_at DATETIME NOT NULL, 
	seed VARCHAR(32), 
	token_hash VARCHAR(64), 
	ends_at DATETIME NOT NULL, 
	confirmed_at DATETIME, 
	decided_at DATETIME, 
	decided_by INTEGER, 
	reason VARCHAR(200) NOT NULL, 
	firm_id INTEGER, 
	CONSTRAINT pk_firm_registration PRIMARY KEY (id), 
	CONSTRAINT ck_firm_registration_registration_state CHECK (state IN ('unconfirmed', 'waiting', 'accepted', 'declined')), 
	CONSTRAINT ck_firm_registration_registration_tier CHECK (tier IN ('upstream', 'midstream', 'downstream')), 
	CONSTRAINT fk_firm_registration_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_firm_registration_decided_by_account FOREIGN KEY(decided_by) REFERENCES account (id), 
	CONSTRAINT fk_firm_registration_firm_id_firm FOREIGN KEY(firm_id) REFERENCES firm (id), 
	CONSTRAINT uq_firm_registration_token_hash UNIQUE (token_hash)
);

CREATE INDEX ix_firm_registration_event_id_state ON firm_registration (event_id, state);

CREATE INDEX ix_firm_registration_firm_id ON firm_registration (firm_id);

CREATE UNIQUE INDEX uq_firm_registration_waiting ON firm_registration (event_id, email) WHERE state = 'waiting';

CREATE TABLE phone_call (
	attendee_id INTEGER NOT NULL, 
	caller_id INTEGER, 
	note VARCHAR(500) DEFAULT '' NOT NULL, 
	changed_by INTEGER, 
	changed_at DATETIME NOT NULL, 
	CONSTRAINT pk_phone_call PRIMARY KEY (attendee_id), 
	CONSTRAINT fk_phone_call_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_phone_call_caller_id_account FOREIGN KEY(caller_id) REFERENCES account (id), 
	CONSTRAINT fk_phone_call_changed_by_account FOREIGN KEY(changed_by) REFERENCES account (id)
);

CREATE TABLE interpreter_station (
	interpreter_id INTEGER NOT NULL, 
	slot_id INTEGER NOT NULL, 
	place_id INTEGER NOT NULL, 
	CONSTRAINT pk_interpreter_station PRIMARY KEY (interpreter_id, slot_id), 
	CONSTRAINT fk_interpreter_station_interpreter_id_interpreter FOREIGN KEY(interpreter_id) REFERENCES interpreter (id), 
	CONSTRAINT fk_interpreter_station_slot_id_slot FOREIGN KEY(slot_id) REFERENCES slot (id), 
	CONSTRAINT fk_interpreter_station_place_id_place FOREIGN KEY(place_id) REFERENCES place (id)
);

CREATE INDEX ix_interpreter_station_place_id ON interpreter_station (place_id);

CREATE TABLE "address_report" (
	id INTEGER NOT NULL, 
	attendee_id INTEGER, 
	address VARCHAR(254) NOT NULL, 
	said VARCHAR(300) NOT NULL, 
	reported_at DATETIME NOT NULL, 
	interpreter_id INTEGER, 
	CONSTRAINT pk_address_report PRIMARY KEY (id), 
	CONSTRAINT fk_address_report_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_address_report_interpreter_id_interpreter FOREIGN KEY(interpreter_id) REFERENCES interpreter (id)
);

CREATE INDEX ix_address_report_attendee_id ON address_report (attendee_id);

CREATE INDEX ix_address_report_interpreter_id ON address_report (interpreter_id);

CREATE TABLE seen_news (
	id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	request_id INTEGER NOT NULL, 
	colleague_id INTEGER, 
	moment DATETIME NOT NULL, 
	CONSTRAINT pk_seen_news PRIMARY KEY (id), 
	CONSTRAINT fk_seen_news_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id) ON DELETE CASCADE, 
	CONSTRAINT fk_seen_news_colleague_id_attendee FOREIGN KEY(colleague_id) REFERENCES attendee (id) ON DELETE CASCADE, 
	CONSTRAINT fk_seen_news_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id) ON DELETE CASCADE
);

CREATE INDEX ix_seen_news_attendee_id ON seen_news (attendee_id);

CREATE TABLE "inbound_mail" (
	id INTEGER NOT NULL, 
	event_id INTEGER, 
	request_id INTEGER, 
	attendee_id INTEGER, 
	uid VARCHAR(255), 
	token_hash VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	message_id VARCHAR(255) NOT NULL, 
	sender VARCHAR(254) NOT NULL, 
	subject VARCHAR(255) NOT NULL, 
	text TEXT NOT NULL, 
	answers JSON NOT NULL, 
	bounce JSON NOT NULL, 
	outcome VARCHAR(16) NOT NULL, 
	reason VARCHAR(400) NOT NULL, 
	received_at DATETIME NOT NULL, 
	handled_at DATETIME, 
	handled_by INTEGER, 
	size INTEGER NOT NULL, 
	raw BLOB NOT NULL, 
	kept INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	attempted_at DATETIME, 
	box VARCHAR(16) DEFAULT 'answers' NOT NULL, 
	about_id INTEGER, note TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_inbound_mail PRIMARY KEY (id), 
	CONSTRAINT fk_inbound_mail_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT fk_inbound_mail_handled_by_account FOREIGN KEY(handled_by) REFERENCES account (id), 
	CONSTRAINT ck_inbound_mail_mail_box CHECK (box IN ('answers', 'reports', 'old_reports', 'bare')), 
	CONSTRAINT ck_inbound_mail_mail_outcome CHECK (outcome IN ('received', 'applied', 'ignored', 'waiting')), 
	CONSTRAINT fk_inbound_mail_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT uq_inbound_mail_token_hash_digest UNIQUE (token_hash, digest), 
	CONSTRAINT ck_inbound_mail_mail_kind CHECK (kind IN ('reply', 'counter', 'refresh', 'delegation', 'bounce', 'auto_reply', 'own', 'text', 'unreadable', 'forwarded', 'complaint')), 
	CONSTRAINT fk_inbound_mail_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_inbound_mail_about_id_outbox_mail FOREIGN KEY(about_id) REFERENCES outbox_mail (id)
);

CREATE INDEX ix_inbound_mail_outcome ON inbound_mail (outcome);

CREATE INDEX ix_inbound_mail_attendee_id ON inbound_mail (attendee_id);

CREATE INDEX ix_inbound_mail_event_id_outcome ON inbound_mail (event_id, outcome);

CREATE INDEX ix_inbound_mail_about_id ON inbound_mail (about_id);

CREATE TABLE "answer" (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	request_id INTEGER NOT NULL, 
	attendee_id INTEGER NOT NULL, 
	uid VARCHAR(255) NOT NULL, 
	sequence INTEGER NOT NULL, 
	dtstamp DATETIME, 
	partstat VARCHAR(16) NOT NULL, 
	comment TEXT NOT NULL, 
	source VARCHAR(16) NOT NULL, 
	answered_at DATETIME NOT NULL, 
	proposed_start DATETIME, 
	proposed_end DATETIME, 
	proposed_slots JSON, 
	delegate_id INTEGER, 
	CONSTRAINT pk_answer PRIMARY KEY (id), 
	CONSTRAINT uq_answer_uid_attendee_id UNIQUE (uid, attendee_id), 
	CONSTRAINT fk_answer_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_answer_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT ck_answer_answer_partstat CHECK (partstat IN ('NEEDS-ACTION', 'ACCEPTED', 'TENTATIVE', 'DECLINED')), 
	CONSTRAINT ck_answer_answer_source CHECK (source IN ('mail', 'link', 'organiser')), 
	CONSTRAINT fk_answer_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT fk_answer_delegate_id_attendee FOREIGN KEY(delegate_id) REFERENCES attendee (id)
);

CREATE INDEX ix_answer_event_id ON answer (event_id);

CREATE INDEX ix_answer_request_id ON answer (request_id);

CREATE INDEX ix_address_change_changed_by ON address_change (changed_by);

CREATE INDEX ix_address_change_event_id ON address_change (event_id);

CREATE INDEX ix_answer_attendee_id ON answer (attendee_id);

CREATE INDEX ix_answer_delegate_id ON answer (delegate_id);

CREATE INDEX ix_api_token_created_by ON api_token (created_by);

CREATE INDEX ix_api_token_firm_id ON api_token (firm_id);

CREATE INDEX ix_api_token_revoked_by ON api_token (revoked_by);

CREATE INDEX ix_attendee_merged_into_id ON attendee (merged_into_id);

CREATE INDEX ix_attendee_seen_version_id ON attendee (seen_version_id);

CREATE INDEX ix_attendee_alias_added_by ON attendee_alias (added_by);

CREATE INDEX ix_attendee_alias_removed_by ON attendee_alias (removed_by);

CREATE INDEX ix_attendee_busy_slot_id ON attendee_busy (slot_id);

CREATE INDEX ix_delegation_leader_id ON delegation (leader_id);

CREATE INDEX ix_desk_step_taken_by ON desk_step (taken_by);

CREATE INDEX ix_desk_step_undone_by ON desk_step (undone_by);

CREATE INDEX ix_digest_item_attendee_id ON digest_item (attendee_id);

CREATE INDEX ix_excluded_person_attendee_id ON excluded_person (attendee_id);

CREATE INDEX ix_firm_merged_into_id ON firm (merged_into_id);

CREATE INDEX ix_firm_note_changed_by ON firm_note (changed_by);

CREATE INDEX ix_firm_registration_decided_by ON firm_registration (decided_by);

CREATE INDEX ix_hand_ban_request_id ON hand_ban (request_id);

CREATE INDEX ix_hand_ban_slot_id ON hand_ban (slot_id);

CREATE INDEX ix_hand_draft_base_id ON hand_draft (base_id);

CREATE INDEX ix_hand_draft_begun_by ON hand_draft (begun_by);

CREATE INDEX ix_hand_mark_request_id ON hand_mark (request_id);

CREATE INDEX ix_hand_step_taken_by ON hand_step (taken_by);

CREATE INDEX ix_hold_meeting_id ON hold (meeting_id);

CREATE INDEX ix_import_file_account_id ON import_file (account_id);

CREATE INDEX ix_import_file_step_id ON import_file (step_id);

CREATE INDEX ix_import_job_asked_by ON import_job (asked_by);

CREATE INDEX ix_inbound_mail_handled_by ON inbound_mail (handled_by);

CREATE INDEX ix_inbound_mail_request_id ON inbound_mail (request_id);

CREATE INDEX ix_interpreter_merged_into_id ON interpreter (merged_into_id);

CREATE INDEX ix_interpreter_busy_slot_id ON interpreter_busy (slot_id);

CREATE INDEX ix_interpreter_station_slot_id ON interpreter_station (slot_id);

CREATE INDEX ix_invitation_request_id ON invitation (request_id);

CREATE INDEX ix_late_notice_attendee_id ON late_notice (attendee_id);

CREATE INDEX ix_mail_text_changed_by ON mail_text (changed_by);

CREATE INDEX ix_meeting_outcome_said_by ON meeting_outcome (said_by);

CREATE INDEX ix_meeting_request_answered_by ON meeting_request (answered_by);

CREATE INDEX ix_meeting_request_created_by ON meeting_request (created_by);

CREATE INDEX ix_meeting_request_fixed_place_id ON meeting_request (fixed_place_id);

CREATE INDEX ix_meeting_request_fixed_slot_id ON meeting_request (fixed_slot_id);

CREATE INDEX ix_phone_call_caller_id ON phone_call (caller_id);

CREATE INDEX ix_phone_call_changed_by ON phone_call (changed_by);

CREATE INDEX ix_place_hall_id ON place (hall_id);

CREATE INDEX ix_planned_meeting_interpreter_id ON planned_meeting (interpreter_id);

CREATE INDEX ix_planned_meeting_place_id ON planned_meeting (place_id);

CREATE INDEX ix_planned_meeting_slot_id ON planned_meeting (slot_id);

CREATE INDEX ix_request_draft_changed_by ON request_draft (changed_by);

CREATE INDEX ix_request_draft_to_firm_id ON request_draft (to_firm_id);

CREATE INDEX ix_request_person_attendee_id ON request_person (attendee_id);

CREATE INDEX ix_request_step_account_id ON request_step (account_id);

CREATE INDEX ix_request_step_attendee_id ON request_step (attendee_id);

CREATE INDEX ix_schedule_version_compared_with_id ON schedule_version (compared_with_id);

CREATE INDEX ix_schedule_version_copy_of_id ON schedule_version (copy_of_id);

CREATE INDEX ix_schedule_version_published_by ON schedule_version (published_by);

CREATE INDEX ix_schedule_version_run_id ON schedule_version (run_id);

CREATE INDEX ix_seen_news_colleague_id ON seen_news (colleague_id);

CREATE INDEX ix_seen_news_request_id ON seen_news (request_id);

CREATE INDEX ix_team_invitation_made_by ON team_invitation (made_by);

CREATE INDEX ix_walking_time_to_hall_id ON walking_time (to_hall_id);

CREATE TABLE "run" (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	asked_by INTEGER, 
	"then" VARCHAR(16) NOT NULL, 
	budget INTEGER, 
	seconds INTEGER NOT NULL, 
	seed INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	heartbeat_at DATETIME, 
	attempts INTEGER NOT NULL, 
	worker VARCHAR(120), 
	cancel_asked BOOLEAN NOT NULL, 
	fingerprint VARCHAR(64), 
	progress JSON NOT NULL, 
	curve JSON NOT NULL, 
	error TEXT, 
	problem BLOB, 
	"plan" BLOB, 
	begin_by DATETIME, 
	send_at DATETIME, 
	sends INTEGER DEFAULT '0' NOT NULL, 
	max_moved INTEGER, 
	night_budget JSON, 
	stop_asked BOOLEAN DEFAULT 0 NOT NULL, 
	note VARCHAR(200) DEFAULT ('') NOT NULL, 
	hand_draft INTEGER, 
	basis BLOB, 
	changed JSON, 
	not_kept JSON, 
	CONSTRAINT pk_run PRIMARY KEY (id), 
	CONSTRAINT fk_run_asked_by_account FOREIGN KEY(asked_by) REFERENCES account (id), 
	CONSTRAINT ck_run_after_run CHECK ("then" IN ('draft', 'publish')), 
	CONSTRAINT uq_run_event_id_number UNIQUE (event_id, number), 
	CONSTRAINT fk_run_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT ck_run_run_state CHECK (state IN ('queued', 'running', 'finished', 'failed', 'cancelled'))
);

CREATE INDEX ix_run_asked_by ON run (asked_by);

CREATE INDEX ix_run_state ON run (state);

CREATE UNIQUE INDEX uq_run_open ON run (event_id) WHERE state IN ('queued', 'running');

CREATE TABLE "outbox_mail" (
	id INTEGER NOT NULL, 
	event_id INTEGER, 
	kind VARCHAR(16) NOT NULL, 
	attendee_id INTEGER, 
	request_id INTEGER, 
	sign_in_link_id INTEGER, 
	version_id INTEGER, 
	to_address VARCHAR(254) NOT NULL, 
	to_name VARCHAR(120) NOT NULL, 
	message_id VARCHAR(255) NOT NULL, 
	thread_id VARCHAR(255), 
	uid VARCHAR(255), 
	payload JSON NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_attempt_at DATETIME NOT NULL, 
	claimed_by VARCHAR(120), 
	claimed_at DATETIME, 
	sent_at DATETIME, 
	error TEXT, 
	created_at DATETIME NOT NULL, 
	failure VARCHAR(16), 
	dropped_at DATETIME, 
	domain VARCHAR(253) NOT NULL, 
	method VARCHAR(16), 
	sequence INTEGER, 
	stopped_at DATETIME, 
	dtstamp DATETIME, 
	facts VARCHAR(48), 
	interpreter_id INTEGER, 
	about_event_id INTEGER, 
	rehearsed_as VARCHAR(16), 
	CONSTRAINT pk_outbox_mail PRIMARY KEY (id), 
	CONSTRAINT fk_outbox_mail_attendee_id_attendee FOREIGN KEY(attendee_id) REFERENCES attendee (id), 
	CONSTRAINT fk_outbox_mail_request_id_meeting_request FOREIGN KEY(request_id) REFERENCES meeting_request (id), 
	CONSTRAINT fk_outbox_mail_sign_in_link_id_sign_in_link FOREIGN KEY(sign_in_link_id) REFERENCES sign_in_link (id), 
	CONSTRAINT uq_outbox_mail_message_id UNIQUE (message_id), 
	CONSTRAINT fk_outbox_mail_version_id_schedule_version FOREIGN KEY(version_id) REFERENCES schedule_version (id), 
	CONSTRAINT fk_outbox_mail_interpreter_id_interpreter FOREIGN KEY(interpreter_id) REFERENCES interpreter (id), 
	CONSTRAINT fk_outbox_mail_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT ck_outbox_mail_outbox_state CHECK (state IN ('queued', 'sending', 'sent', 'failed')), 
	CONSTRAINT ck_outbox_mail_outbox_kind CHECK (kind IN ('invitation', 'resend', 'summary', 'sign_in', 'alert', 'desk', 'test', 'digest', 'briefing')), 
	CONSTRAINT ck_outbox_mail_outbox_method CHECK (method IN ('REQUEST', 'CANCEL', 'DECLINECOUNTER')), 
	CONSTRAINT fk_outbox_mail_about_event_id_event FOREIGN KEY(about_event_id) REFERENCES event (id)
);

CREATE INDEX ix_outbox_mail_state_next_attempt_at ON outbox_mail (state, next_attempt_at);

CREATE INDEX ix_outbox_mail_event_id_state ON outbox_mail (event_id, state);

CREATE INDEX ix_outbox_mail_sign_in_link_id ON outbox_mail (sign_in_link_id);

CREATE INDEX ix_outbox_mail_state_domain ON outbox_mail (state, domain);

CREATE INDEX ix_outbox_mail_event_id_uid ON outbox_mail (event_id, uid, attendee_id, id);

CREATE INDEX ix_outbox_mail_interpreter_id ON outbox_mail (interpreter_id);

CREATE INDEX ix_outbox_mail_request_id ON outbox_mail (request_id);

CREATE INDEX ix_outbox_mail_attendee_id ON outbox_mail (attendee_id);

CREATE INDEX ix_outbox_mail_version_id ON outbox_mail (version_id);

CREATE INDEX ix_outbox_mail_about_event_id ON outbox_mail (about_event_id);

CREATE INDEX ix_event_deleted_at ON event (deleted_at);

CREATE TABLE "version_job" (
	id INTEGER NOT NULL, 
	event_id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	compared_with INTEGER, 
	budget INTEGER, 
	asked_by INTEGER, 
	asked_at DATETIME NOT NULL, 
	started_at DATETIME, 
	heartbeat_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	worker VARCHAR(120), 
	attempts INTEGER NOT NULL, 
	done INTEGER NOT NULL, 
	total INTEGER NOT NULL, 
	"after" INTEGER NOT NULL, 
	mails INTEGER NOT NULL, 
	error TEXT, 
	begins_at DATETIME, 
	CONSTRAINT pk_version_job PRIMARY KEY (id), 
	CONSTRAINT ck_version_job_job_state CHECK (state IN ('asked', 'running', 'done', 'failed', 'taken_back')), 
	CONSTRAINT fk_version_job_asked_by_account FOREIGN KEY(asked_by) REFERENCES account (id), 
	CONSTRAINT fk_version_job_event_id_event FOREIGN KEY(event_id) REFERENCES event (id), 
	CONSTRAINT fk_version_job_version_id_schedule_version FOREIGN KEY(version_id) REFERENCES schedule_version (id), 
	CONSTRAINT ck_version_job_job_kind CHECK (kind IN ('compare', 'publish', 'begin', 'explain'))
);

CREATE UNIQUE INDEX uq_version_job_comparing ON version_job (version_id) WHERE kind = 'compare' AND state IN ('asked', 'running');

CREATE INDEX ix_version_job_version_id ON version_job (version_id);

CREATE INDEX ix_version_job_event_id ON version_job (event_id);

CREATE UNIQUE INDEX uq_version_job_publishing ON version_job (event_id) WHERE kind = 'publish' AND state IN ('asked', 'running');

CREATE INDEX ix_version_job_state ON version_job (state);

CREATE UNIQUE INDEX uq_version_job_beginning ON version_job (version_id) WHERE kind = 'begin' AND state IN ('asked', 'running');

CREATE INDEX ix_version_job_asked_by ON version_job (asked_by);

CREATE UNIQUE INDEX uq_version_job_explaining ON version_job (version_id) WHERE kind = 'explain' AND state IN ('asked', 'running');

CREATE INDEX ix_attendee_imported_by ON attendee (imported_by);

CREATE TABLE mailed_checkpoint (
	chain INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	mailed_at DATETIME NOT NULL, 
	CONSTRAINT pk_mailed_checkpoint PRIMARY KEY (chain)
);

CREATE TRIGGER trail_entry_no_replacement BEFORE INSERT ON trail_entry WHEN EXISTS (SELECT 1 FROM trail_entry WHERE id = NEW.id OR (chain = NEW.chain AND number = NEW.number)) BEGIN SELECT RAISE(ABORT, 'The trail is only added to.'); END;

CREATE TRIGGER trail_head_no_replacement BEFORE INSERT ON trail_head WHEN EXISTS (SELECT 1 FROM trail_head WHERE chain = NEW.chain) BEGIN SELECT RAISE(IGNORE); END;

CREATE TRIGGER trail_head_no_delete BEFORE DELETE ON trail_head BEGIN SELECT RAISE(ABORT, 'The trail is only added to.'); END;

CREATE TRIGGER trail_head_grows BEFORE UPDATE ON trail_head WHEN NEW.number < OLD.number OR NEW.chain <> OLD.chain BEGIN SELECT RAISE(ABORT, 'The trail is only added to.'); END;

CREATE TRIGGER trail_entry_is_next BEFORE INSERT ON trail_entry WHEN NOT EXISTS (SELECT 1 FROM trail_head WHERE chain = NEW.chain AND number = NEW.number - 1) BEGIN SELECT RAISE(ABORT, 'The trail is only added to.'); END;

CREATE TRIGGER trail_head_follows AFTER INSERT ON trail_entry BEGIN UPDATE trail_head SET number = NEW.number, hash = NEW.hash WHERE chain = NEW.chain; END;
