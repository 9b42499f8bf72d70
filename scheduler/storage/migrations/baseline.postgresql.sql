CREATE FUNCTION follow_trail_entry() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', {schema}, 'pg_temp'
    AS $$ BEGIN UPDATE trail_head SET number = NEW.number, hash = NEW.hash WHERE chain = NEW.chain AND number = NEW.number - 1; IF NOT FOUND THEN RAISE EXCEPTION 'The trail is only added to.'; END IF; RETURN NULL; END $$;

CREATE TABLE trail_head (
    chain integer NOT NULL,
    number integer NOT NULL,
    hash character varying(64) NOT NULL
);

CREATE FUNCTION hold_trail_head(wanted integer) RETURNS trail_head
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', {schema}, 'pg_temp'
    AS $$ DECLARE held trail_head; BEGIN INSERT INTO trail_head (chain, number, hash) SELECT wanted, 0, repeat('0', 64) WHERE NOT EXISTS (SELECT 1 FROM trail_head WHERE chain = wanted) ON CONFLICT DO NOTHING; SELECT * INTO held FROM trail_head WHERE chain = wanted FOR UPDATE; RETURN held; END $$;

CREATE FUNCTION refuse_smaller_trail() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF NEW.number < OLD.number OR NEW.chain <> OLD.chain THEN RAISE EXCEPTION 'The trail is only added to.'; END IF; RETURN NEW; END $$;

CREATE FUNCTION refuse_trail_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'The trail is only added to.'; END $$;

CREATE TABLE account (
    id integer NOT NULL,
    email character varying(254) NOT NULL,
    name character varying(120) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    is_operator boolean NOT NULL
);

CREATE SEQUENCE account_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE account_id_seq OWNED BY account.id;

CREATE TABLE address_change (
    id integer NOT NULL,
    event_id integer NOT NULL,
    attendee_id integer NOT NULL,
    old_address character varying(254) NOT NULL,
    new_address character varying(254) NOT NULL,
    changed_by integer,
    changed_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE address_change_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE address_change_id_seq OWNED BY address_change.id;

CREATE TABLE address_report (
    id integer NOT NULL,
    attendee_id integer,
    address character varying(254) NOT NULL,
    said character varying(300) NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    interpreter_id integer
);

CREATE SEQUENCE address_report_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE address_report_id_seq OWNED BY address_report.id;

CREATE TABLE alert (
    id integer NOT NULL,
    event_id integer,
    kind character varying(32) NOT NULL,
    about character varying(120) NOT NULL,
    reason text NOT NULL,
    path character varying(400) NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    open_key character varying(200)
);

CREATE SEQUENCE alert_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE alert_id_seq OWNED BY alert.id;

CREATE TABLE answer (
    id integer NOT NULL,
    event_id integer NOT NULL,
    request_id integer NOT NULL,
    attendee_id integer NOT NULL,
    uid character varying(255) NOT NULL,
    sequence integer NOT NULL,
    dtstamp timestamp with time zone,
    partstat character varying(16) NOT NULL,
    comment text NOT NULL,
    source character varying(16) NOT NULL,
    answered_at timestamp with time zone NOT NULL,
    proposed_start timestamp with time zone,
    proposed_end timestamp with time zone,
    proposed_slots json,
    delegate_id integer,
    CONSTRAINT ck_answer_answer_partstat CHECK (partstat IN ('NEEDS-ACTION', 'ACCEPTED', 'TENTATIVE', 'DECLINED')),
    CONSTRAINT ck_answer_answer_source CHECK (source IN ('mail', 'link', 'organiser'))
);

CREATE SEQUENCE answer_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE answer_id_seq OWNED BY answer.id;

CREATE TABLE api_token (
    id integer NOT NULL,
    event_id integer NOT NULL,
    name character varying(120) NOT NULL,
    token_hash character varying(64) NOT NULL,
    scopes character varying(400) NOT NULL,
    created_by integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    as_organiser boolean DEFAULT false NOT NULL,
    as_exhibitor boolean DEFAULT false NOT NULL,
    firm_id integer,
    revoked_by integer
);

CREATE SEQUENCE api_token_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE api_token_id_seq OWNED BY api_token.id;

CREATE TABLE attendee (
    id integer NOT NULL,
    event_id integer NOT NULL,
    firm_id integer NOT NULL,
    account_id integer NOT NULL,
    key character varying(64) NOT NULL,
    name character varying(120) NOT NULL,
    latin_name character varying(120) NOT NULL,
    email character varying(254) NOT NULL,
    title character varying(120) NOT NULL,
    languages json NOT NULL,
    is_exhibitor boolean NOT NULL,
    max_per_day integer,
    feed_seed character varying(32) NOT NULL,
    feed_hash character varying(64) NOT NULL,
    bounced_at timestamp with time zone,
    bounce character varying(300) DEFAULT ''::character varying NOT NULL,
    mail_language character varying(8) DEFAULT ''::character varying NOT NULL,
    timezone character varying(64) DEFAULT ''::character varying NOT NULL,
    phone character varying(40) DEFAULT ''::character varying NOT NULL,
    summary_hash character varying(64),
    summaries_off_at timestamp with time zone,
    withdrawn_at timestamp with time zone,
    merged_into_id integer,
    seen_version_id integer,
    areas json DEFAULT '[]'::json NOT NULL,
    welcomed_at timestamp with time zone,
    came_at timestamp with time zone,
    quiet_until timestamp with time zone,
    imported_by integer,
    is_exhibitor_proposed boolean DEFAULT false NOT NULL
);

CREATE TABLE attendee_alias (
    id integer NOT NULL,
    attendee_id integer NOT NULL,
    address character varying(254) NOT NULL,
    added_by integer,
    added_at timestamp with time zone NOT NULL,
    removed_by integer,
    removed_at timestamp with time zone
);

CREATE SEQUENCE attendee_alias_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE attendee_alias_id_seq OWNED BY attendee_alias.id;

CREATE TABLE attendee_busy (
    attendee_id integer NOT NULL,
    slot_id integer NOT NULL
);

CREATE SEQUENCE attendee_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE attendee_id_seq OWNED BY attendee.id;

CREATE TABLE busy_source (
    id integer NOT NULL,
    attendee_id integer NOT NULL,
    key character varying(32) NOT NULL,
    is_saved boolean NOT NULL,
    name character varying(253) NOT NULL,
    address bytea,
    timezone character varying(64) NOT NULL,
    found json NOT NULL,
    octets bytea,
    etag character varying(250) NOT NULL,
    modified character varying(250) NOT NULL,
    read_at timestamp with time zone NOT NULL,
    failure character varying(300) NOT NULL,
    next_fetch_at timestamp with time zone,
    account bytea,
    failing_since timestamp with time zone,
    failure_sent_at timestamp with time zone,
    found_changes integer DEFAULT 0 NOT NULL
);

CREATE SEQUENCE busy_source_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE busy_source_id_seq OWNED BY busy_source.id;

CREATE TABLE calendar_use (
    attendee_id integer NOT NULL,
    way character varying(16) NOT NULL,
    last_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_calendar_use_calendar_way CHECK (way IN ('file', 'follow', 'feed', 'google', 'outlook', 'microsoft365', 'copy', 'code', 'print'))
);

CREATE TABLE comparison (
    version_id integer NOT NULL,
    key character varying(64) NOT NULL,
    compared_with integer,
    counts json NOT NULL,
    touched integer NOT NULL,
    people_told integer NOT NULL,
    left_out json NOT NULL,
    mails integer,
    summaries integer,
    people integer,
    made_at timestamp with time zone NOT NULL,
    told json
);

CREATE TABLE comparison_part (
    version_id integer NOT NULL,
    number integer NOT NULL,
    rows bytea NOT NULL
);

CREATE TABLE delegation (
    id integer NOT NULL,
    event_id integer NOT NULL,
    key character varying(64) NOT NULL,
    name character varying(120) NOT NULL,
    origin character varying(120) NOT NULL,
    leader_id integer,
    escort character varying(120) NOT NULL,
    escort_phone character varying(40) NOT NULL
);

CREATE TABLE delegation_firm (
    delegation_id integer NOT NULL,
    firm_id integer NOT NULL
);

CREATE SEQUENCE delegation_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE delegation_id_seq OWNED BY delegation.id;

CREATE TABLE delegation_person (
    delegation_id integer NOT NULL,
    attendee_id integer NOT NULL
);

CREATE TABLE desk_step (
    id integer NOT NULL,
    event_id integer NOT NULL,
    kind character varying(32) NOT NULL,
    subject character varying(200) NOT NULL,
    note text NOT NULL,
    taken_by integer,
    taken_at timestamp with time zone NOT NULL,
    undone_by integer,
    undone_at timestamp with time zone,
    changes json NOT NULL
);

CREATE SEQUENCE desk_step_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE desk_step_id_seq OWNED BY desk_step.id;

CREATE TABLE digest_choice (
    attendee_id integer NOT NULL,
    asked boolean DEFAULT true NOT NULL,
    reminders boolean DEFAULT true NOT NULL,
    answers boolean DEFAULT true NOT NULL,
    stopped_at timestamp with time zone,
    stop_hash character varying(64),
    mailed_at timestamp with time zone,
    asked_at_once boolean DEFAULT false NOT NULL,
    reminders_at_once boolean DEFAULT false NOT NULL,
    answers_at_once boolean DEFAULT false NOT NULL,
    daily_at_venue boolean DEFAULT false NOT NULL
);

CREATE TABLE digest_item (
    request_id integer NOT NULL,
    attendee_id integer NOT NULL,
    kind character varying(16) NOT NULL,
    message_id character varying(255) NOT NULL,
    token_hash character varying(64),
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_digest_item_digest_kind CHECK (kind IN ('asked', 'three_days', 'one_day', 'accepted', 'declined', 'cancelled', 'expired'))
);

CREATE TABLE event (
    id integer NOT NULL,
    key character varying(64) NOT NULL,
    name character varying(200) NOT NULL,
    timezone character varying(64) NOT NULL,
    language character varying(8) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    areas json NOT NULL,
    policy json NOT NULL,
    solve_seconds integer NOT NULL,
    freeze_hours integer NOT NULL,
    request_days integer NOT NULL,
    mail_per_minute integer NOT NULL,
    mail_ready_at timestamp with time zone,
    summary_mails boolean DEFAULT true NOT NULL,
    proposals boolean DEFAULT true NOT NULL,
    night_late integer DEFAULT 60 CONSTRAINT event_rerun_late_not_null NOT NULL,
    mails_paused_at timestamp with time zone,
    publish_hold integer DEFAULT 5 NOT NULL,
    contact character varying(200) DEFAULT ''::character varying NOT NULL,
    remind_minutes integer DEFAULT 0 NOT NULL,
    guests json DEFAULT '[]'::json NOT NULL,
    digest_mails boolean DEFAULT false NOT NULL,
    digests_since timestamp with time zone,
    import_words json DEFAULT '{}'::json NOT NULL,
    archived_at timestamp with time zone,
    night_percent integer DEFAULT 5 NOT NULL,
    night_a_person integer DEFAULT 2 NOT NULL,
    night_hours integer DEFAULT 24 NOT NULL,
    must_budget integer DEFAULT 5 NOT NULL,
    colleagues boolean DEFAULT true NOT NULL,
    registration boolean DEFAULT false NOT NULL,
    area_names json DEFAULT '{}'::json NOT NULL,
    live_at timestamp with time zone,
    deleted_at timestamp with time zone,
    deleted_by_id integer,
    CONSTRAINT ck_event_mail_per_minute_positive CHECK ((mail_per_minute > 0))
);

CREATE SEQUENCE event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE event_id_seq OWNED BY event.id;

CREATE TABLE excluded_person (
    request_id integer NOT NULL,
    attendee_id integer NOT NULL,
    note text NOT NULL,
    excluded_at timestamp with time zone NOT NULL
);

CREATE TABLE firm (
    id integer NOT NULL,
    event_id integer NOT NULL,
    key character varying(64) NOT NULL,
    name character varying(200) NOT NULL,
    latin_name character varying(200) NOT NULL,
    country character varying(2) NOT NULL,
    tier character varying(16) NOT NULL,
    areas json NOT NULL,
    pavilion character varying(120),
    description text NOT NULL,
    website character varying(200) NOT NULL,
    hall_id integer,
    max_per_day integer,
    min_meetings integer NOT NULL,
    feed_seed character varying(32),
    feed_hash character varying(64),
    withdrawn_at timestamp with time zone,
    merged_into_id integer,
    host_id integer,
    offers json DEFAULT '[]'::json NOT NULL,
    needs json DEFAULT '[]'::json NOT NULL,
    products json DEFAULT '[]'::json NOT NULL,
    logo character varying(16),
    unwanted json DEFAULT '[]'::json NOT NULL,
    welcomed_at timestamp with time zone,
    CONSTRAINT ck_firm_tier CHECK (tier IN ('upstream', 'midstream', 'downstream'))
);

CREATE SEQUENCE firm_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE firm_id_seq OWNED BY firm.id;

CREATE TABLE firm_logo (
    firm_id integer NOT NULL,
    octets bytea NOT NULL
);

CREATE TABLE firm_note (
    firm_id integer NOT NULL,
    about_id integer NOT NULL,
    is_saved boolean DEFAULT false NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    never_since timestamp with time zone,
    wanted_at timestamp with time zone,
    changed_by integer,
    changed_at timestamp with time zone NOT NULL,
    dismissed_at timestamp with time zone
);

CREATE TABLE firm_registration (
    id integer NOT NULL,
    event_id integer NOT NULL,
    state character varying(16) NOT NULL,
    name character varying(200) NOT NULL,
    latin_name character varying(200) NOT NULL,
    country character varying(2) NOT NULL,
    tier character varying(16) NOT NULL,
    areas json NOT NULL,
    hall character varying(32) NOT NULL,
    booth character varying(64) NOT NULL,
    website character varying(200) NOT NULL,
    person character varying(120) NOT NULL,
    latin_person character varying(120) NOT NULL,
    email character varying(254) NOT NULL,
    title character varying(120) NOT NULL,
    languages json NOT NULL,
    mail_language character varying(8) NOT NULL,
    note character varying(1000) NOT NULL,
    made_at timestamp with time zone NOT NULL,
    seed character varying(32),
    token_hash character varying(64),
    ends_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    decided_at timestamp with time zone,
    decided_by integer,
    reason character varying(200) NOT NULL,
    firm_id integer,
    CONSTRAINT ck_firm_registration_registration_state CHECK (state IN ('unconfirmed', 'waiting', 'accepted', 'declined')),
    CONSTRAINT ck_firm_registration_registration_tier CHECK (tier IN ('upstream', 'midstream', 'downstream'))
);

CREATE SEQUENCE firm_registration_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE firm_registration_id_seq OWNED BY firm_registration.id;

CREATE TABLE hall (
    id integer NOT NULL,
    event_id integer NOT NULL,
    key character varying(32) NOT NULL,
    name character varying(120) NOT NULL,
    "position" integer NOT NULL,
    names json DEFAULT '{}'::json NOT NULL
);

CREATE SEQUENCE hall_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE hall_id_seq OWNED BY hall.id;

CREATE TABLE hand_ban (
    version_id integer NOT NULL,
    request_id integer NOT NULL,
    slot_id integer NOT NULL
);

CREATE TABLE hand_draft (
    version_id integer NOT NULL,
    base_id integer NOT NULL,
    revision integer NOT NULL,
    begun_by integer
);

CREATE TABLE hand_mark (
    version_id integer NOT NULL,
    request_id integer NOT NULL,
    kind character varying(16) NOT NULL,
    CONSTRAINT ck_hand_mark_hand_mark_kind CHECK (kind IN ('locked', 'left_out'))
);

CREATE TABLE hand_step (
    id integer NOT NULL,
    version_id integer NOT NULL,
    number integer NOT NULL,
    kind character varying(16) NOT NULL,
    state character varying(16) NOT NULL,
    revision integer NOT NULL,
    taken_by integer,
    taken_at timestamp with time zone NOT NULL,
    changes json NOT NULL,
    score json NOT NULL,
    CONSTRAINT ck_hand_step_hand_step_state CHECK (state IN ('done', 'undone', 'replaced'))
);

CREATE SEQUENCE hand_step_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE hand_step_id_seq OWNED BY hand_step.id;

CREATE TABLE hold (
    slot_id integer NOT NULL,
    kind character varying(16) NOT NULL,
    holder_id integer NOT NULL,
    seat integer NOT NULL,
    event_id integer NOT NULL,
    meeting_id integer NOT NULL,
    CONSTRAINT ck_hold_kind CHECK (kind IN ('attendee', 'interpreter', 'place'))
);

CREATE TABLE idempotency_key (
    id integer NOT NULL,
    api_token_id integer NOT NULL,
    key character varying(255) NOT NULL,
    request_hash character varying(64) NOT NULL,
    status integer,
    body text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE idempotency_key_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE idempotency_key_id_seq OWNED BY idempotency_key.id;

CREATE TABLE import_file (
    id integer NOT NULL,
    event_id integer,
    account_id integer NOT NULL,
    name character varying(200) NOT NULL,
    kind character varying(16) NOT NULL,
    octets bytea,
    created_at timestamp with time zone NOT NULL,
    taken_at timestamp with time zone,
    counts json NOT NULL,
    options json DEFAULT '{}'::json NOT NULL,
    step_id integer,
    fixes json DEFAULT '{}'::json NOT NULL
);

CREATE SEQUENCE import_file_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE import_file_id_seq OWNED BY import_file.id;

CREATE TABLE import_job (
    file_id integer NOT NULL,
    work character varying(16) NOT NULL,
    state character varying(16) NOT NULL,
    asked_by integer,
    asked_at timestamp with time zone NOT NULL,
    heartbeat_at timestamp with time zone NOT NULL,
    worker character varying(120),
    attempts integer NOT NULL,
    total integer NOT NULL,
    digest character varying(32) NOT NULL,
    found json,
    error text,
    progress json DEFAULT '{}'::json NOT NULL,
    CONSTRAINT ck_import_job_file_work CHECK (work IN ('look', 'take')),
    CONSTRAINT ck_import_job_import_job_state CHECK (state IN ('asked', 'running', 'done', 'failed', 'taken_back'))
);

CREATE TABLE inbound_mail (
    id integer NOT NULL,
    event_id integer,
    request_id integer,
    attendee_id integer,
    uid character varying(255),
    token_hash character varying(64) NOT NULL,
    digest character varying(64) NOT NULL,
    kind character varying(16) NOT NULL,
    message_id character varying(255) NOT NULL,
    sender character varying(254) NOT NULL,
    subject character varying(255) NOT NULL,
    text text NOT NULL,
    answers json NOT NULL,
    bounce json NOT NULL,
    outcome character varying(16) NOT NULL,
    reason character varying(400) NOT NULL,
    received_at timestamp with time zone NOT NULL,
    handled_at timestamp with time zone,
    handled_by integer,
    size integer NOT NULL,
    raw bytea NOT NULL,
    kept integer NOT NULL,
    attempts integer NOT NULL,
    attempted_at timestamp with time zone,
    box character varying(16) DEFAULT 'answers'::character varying NOT NULL,
    about_id integer,
    note text DEFAULT ''::text NOT NULL,
    CONSTRAINT ck_inbound_mail_mail_box CHECK (box IN ('answers', 'reports', 'old_reports', 'bare')),
    CONSTRAINT ck_inbound_mail_mail_kind CHECK (kind IN ('reply', 'counter', 'refresh', 'delegation', 'bounce', 'auto_reply', 'own', 'text', 'unreadable', 'forwarded', 'complaint')),
    CONSTRAINT ck_inbound_mail_mail_outcome CHECK (outcome IN ('received', 'applied', 'ignored', 'waiting'))
);

CREATE SEQUENCE inbound_mail_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE inbound_mail_id_seq OWNED BY inbound_mail.id;

CREATE TABLE interpreter (
    id integer NOT NULL,
    event_id integer NOT NULL,
    key character varying(64) NOT NULL,
    name character varying(120) NOT NULL,
    latin_name character varying(120) NOT NULL,
    email character varying(254) NOT NULL,
    languages json NOT NULL,
    withdrawn_at timestamp with time zone,
    merged_into_id integer,
    bounce character varying(300) DEFAULT ''::character varying NOT NULL,
    bounced_at timestamp with time zone,
    mail_language character varying(8) DEFAULT ''::character varying NOT NULL,
    timezone character varying(64) DEFAULT ''::character varying NOT NULL
);

CREATE TABLE interpreter_busy (
    interpreter_id integer NOT NULL,
    slot_id integer NOT NULL
);

CREATE TABLE interpreter_feed (
    interpreter_id integer NOT NULL,
    address character varying(254) NOT NULL,
    seed character varying(32) NOT NULL,
    token_hash character varying(64) NOT NULL
);

CREATE SEQUENCE interpreter_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE interpreter_id_seq OWNED BY interpreter.id;

CREATE TABLE interpreter_station (
    interpreter_id integer NOT NULL,
    slot_id integer NOT NULL,
    place_id integer NOT NULL
);

CREATE TABLE interpreter_told (
    interpreter_id integer NOT NULL,
    address character varying(254) NOT NULL,
    summary json NOT NULL,
    told_at timestamp with time zone NOT NULL
);

CREATE TABLE invitation (
    id integer NOT NULL,
    event_id integer NOT NULL,
    request_id integer NOT NULL,
    attendee_id integer NOT NULL,
    uid character varying(255) NOT NULL,
    sequence integer NOT NULL,
    method character varying(16) NOT NULL,
    dtstamp timestamp with time zone NOT NULL,
    content json NOT NULL,
    partstat character varying(16) NOT NULL,
    token_hash character varying(64) NOT NULL,
    first_message_id character varying(255) NOT NULL,
    facts character varying(48),
    CONSTRAINT ck_invitation_method CHECK (method IN ('REQUEST', 'CANCEL')),
    CONSTRAINT ck_invitation_partstat CHECK (partstat IN ('NEEDS-ACTION', 'ACCEPTED', 'TENTATIVE', 'DECLINED'))
);

CREATE SEQUENCE invitation_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE invitation_id_seq OWNED BY invitation.id;

CREATE TABLE kept_figure (
    version_id integer NOT NULL,
    name character varying(40) NOT NULL,
    mark character varying(40) NOT NULL,
    octets bytea NOT NULL
);

CREATE TABLE late_notice (
    request_id integer NOT NULL,
    attendee_id integer NOT NULL,
    minutes integer NOT NULL,
    said_at timestamp with time zone NOT NULL
);

CREATE TABLE mail_route (
    name character varying(253) NOT NULL,
    ready_at timestamp with time zone,
    per_minute double precision,
    slowed_at timestamp with time zone,
    refusal character varying(16),
    refusals integer NOT NULL,
    refused_address character varying(254) NOT NULL,
    said character varying(400) NOT NULL,
    refused_at timestamp with time zone,
    paused_until timestamp with time zone,
    probed_at timestamp with time zone,
    pauses integer NOT NULL,
    is_told boolean NOT NULL,
    CONSTRAINT ck_mail_route_mail_route_refusal CHECK (refusal IN ('later', 'slow', 'hold', 'dead'))
);

CREATE TABLE mail_text (
    event_id integer NOT NULL,
    language character varying(8) NOT NULL,
    key character varying(32) NOT NULL,
    text text NOT NULL,
    changed_by integer,
    changed_at timestamp with time zone NOT NULL
);

CREATE TABLE mailed_checkpoint (
    chain integer NOT NULL,
    number integer NOT NULL,
    mailed_at timestamp with time zone NOT NULL
);

CREATE TABLE meeting_outcome (
    request_id integer NOT NULL,
    side character varying(16) NOT NULL,
    kind character varying(16) NOT NULL,
    amount bigint,
    currency character varying(3),
    said_by integer NOT NULL,
    said_at timestamp with time zone NOT NULL,
    before json,
    CONSTRAINT ck_meeting_outcome_amount_positive CHECK ((amount >= 1)),
    CONSTRAINT ck_meeting_outcome_outcome_kind CHECK (kind IN ('none', 'follow-up', 'intent', 'signed')),
    CONSTRAINT ck_meeting_outcome_outcome_side CHECK (side IN ('from', 'to'))
);

CREATE TABLE meeting_request (
    id integer NOT NULL,
    event_id integer NOT NULL,
    key character varying(64) NOT NULL,
    from_firm_id integer NOT NULL,
    to_firm_id integer NOT NULL,
    priority integer NOT NULL,
    length integer NOT NULL,
    place character varying(16) NOT NULL,
    topic character varying(200) NOT NULL,
    message text NOT NULL,
    slots json,
    fixed_slot_id integer,
    fixed_place_id integer,
    state character varying(16) NOT NULL,
    created_by integer,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    answered_by integer,
    answered_at timestamp with time zone,
    answer_note text NOT NULL,
    uid character varying(64) NOT NULL,
    lower_firm_id integer NOT NULL,
    upper_firm_id integer NOT NULL,
    reply_topic character varying(200) NOT NULL,
    reply_message text NOT NULL,
    answered_side character varying(16),
    before json,
    fixed_must boolean DEFAULT false NOT NULL,
    wish_place integer,
    reply_priority integer,
    is_held_back boolean DEFAULT false NOT NULL,
    quiet_until timestamp with time zone,
    CONSTRAINT ck_meeting_request_answered_side CHECK (answered_side IN ('from', 'to')),
    CONSTRAINT ck_meeting_request_length_positive CHECK ((length >= 1)),
    CONSTRAINT ck_meeting_request_pair_of_both_firms CHECK (((lower_firm_id < upper_firm_id) AND ((lower_firm_id = from_firm_id) OR (lower_firm_id = to_firm_id)) AND ((upper_firm_id = from_firm_id) OR (upper_firm_id = to_firm_id)))),
    CONSTRAINT ck_meeting_request_place_wish CHECK (place IN ('booth', 'table', 'any')),
    CONSTRAINT ck_meeting_request_priority_positive CHECK ((priority >= 1)),
    CONSTRAINT ck_meeting_request_request_state CHECK (state IN ('pending', 'accepted', 'declined', 'withdrawn', 'expired')),
    CONSTRAINT ck_meeting_request_two_firms CHECK ((from_firm_id <> to_firm_id))
);

CREATE SEQUENCE meeting_request_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE meeting_request_id_seq OWNED BY meeting_request.id;

CREATE TABLE night_time (
    id integer NOT NULL,
    event_id integer NOT NULL,
    at time without time zone NOT NULL,
    weekdays character varying(7) NOT NULL,
    "then" character varying(16) NOT NULL,
    next_at timestamp with time zone,
    CONSTRAINT ck_night_time_after_night CHECK (("then" IN ('draft', 'publish')))
);

CREATE SEQUENCE night_time_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE night_time_id_seq OWNED BY night_time.id;

CREATE TABLE outbox_mail (
    id integer NOT NULL,
    event_id integer,
    kind character varying(16) NOT NULL,
    attendee_id integer,
    request_id integer,
    sign_in_link_id integer,
    version_id integer,
    to_address character varying(254) NOT NULL,
    to_name character varying(120) NOT NULL,
    message_id character varying(255) NOT NULL,
    thread_id character varying(255),
    uid character varying(255),
    payload json NOT NULL,
    state character varying(16) NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    claimed_by character varying(120),
    claimed_at timestamp with time zone,
    sent_at timestamp with time zone,
    error text,
    created_at timestamp with time zone NOT NULL,
    failure character varying(16),
    dropped_at timestamp with time zone,
    domain character varying(253) NOT NULL,
    method character varying(16),
    sequence integer,
    stopped_at timestamp with time zone,
    dtstamp timestamp with time zone,
    facts character varying(48),
    interpreter_id integer,
    about_event_id integer,
    rehearsed_as character varying(16),
    CONSTRAINT ck_outbox_mail_outbox_kind CHECK (kind IN ('invitation', 'resend', 'summary', 'sign_in', 'alert', 'desk', 'test', 'digest', 'briefing')),
    CONSTRAINT ck_outbox_mail_outbox_method CHECK (method IN ('REQUEST', 'CANCEL', 'DECLINECOUNTER')),
    CONSTRAINT ck_outbox_mail_outbox_state CHECK (state IN ('queued', 'sending', 'sent', 'failed'))
);

CREATE SEQUENCE outbox_mail_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE outbox_mail_id_seq OWNED BY outbox_mail.id;

CREATE TABLE pause (
    id integer NOT NULL,
    event_id integer NOT NULL,
    kind character varying(16) NOT NULL,
    name character varying(60) NOT NULL,
    start timestamp with time zone NOT NULL,
    "end" timestamp with time zone NOT NULL,
    CONSTRAINT ck_pause_pause_kind CHECK (kind IN ('break', 'special'))
);

CREATE SEQUENCE pause_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE pause_id_seq OWNED BY pause.id;

CREATE TABLE phone_call (
    attendee_id integer NOT NULL,
    caller_id integer,
    note character varying(500) DEFAULT ''::character varying NOT NULL,
    changed_by integer,
    changed_at timestamp with time zone NOT NULL
);

CREATE TABLE place (
    id integer NOT NULL,
    event_id integer NOT NULL,
    key character varying(64) NOT NULL,
    name character varying(120) NOT NULL,
    hall_id integer NOT NULL,
    kind character varying(16) NOT NULL,
    firm_id integer,
    capacity integer NOT NULL,
    is_retired boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_place_booth_has_owner CHECK ((((kind)::text = 'booth'::text) = (firm_id IS NOT NULL))),
    CONSTRAINT ck_place_place_kind CHECK (kind IN ('booth', 'table'))
);

CREATE TABLE place_busy (
    place_id integer NOT NULL,
    slot_id integer NOT NULL
);

CREATE SEQUENCE place_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE place_id_seq OWNED BY place.id;

CREATE TABLE planned_attendee (
    meeting_id integer NOT NULL,
    attendee_id integer NOT NULL
);

CREATE TABLE planned_meeting (
    id integer NOT NULL,
    version_id integer NOT NULL,
    request_id integer NOT NULL,
    slot_id integer NOT NULL,
    length integer NOT NULL,
    place_id integer NOT NULL,
    interpreter_id integer,
    last_slot_id integer DEFAULT 0 NOT NULL
);

CREATE SEQUENCE planned_meeting_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE planned_meeting_id_seq OWNED BY planned_meeting.id;

CREATE TABLE print_code (
    id integer NOT NULL,
    version_id integer NOT NULL,
    pack character varying(16) NOT NULL,
    subject_key character varying(64) NOT NULL,
    language character varying(8) NOT NULL,
    seed character varying(32) NOT NULL,
    token_hash character varying(64) NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_print_code_print_pack CHECK (pack IN ('people', 'firms', 'places', 'interpreters'))
);

CREATE SEQUENCE print_code_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE print_code_id_seq OWNED BY print_code.id;

CREATE TABLE pulse (
    name character varying(32) NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE request_draft (
    id integer NOT NULL,
    firm_id integer NOT NULL,
    to_firm_id integer,
    name character varying(60) NOT NULL,
    form json NOT NULL,
    changed_by integer,
    changed_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE request_draft_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE request_draft_id_seq OWNED BY request_draft.id;

CREATE TABLE request_person (
    request_id integer NOT NULL,
    attendee_id integer NOT NULL,
    side character varying(16) NOT NULL,
    CONSTRAINT ck_request_person_side CHECK (side IN ('from', 'to'))
);

CREATE TABLE request_step (
    id integer NOT NULL,
    request_id integer NOT NULL,
    verb character varying(16) NOT NULL,
    side character varying(16),
    attendee_id integer,
    account_id integer,
    note text NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_request_step_step_side CHECK (side IN ('from', 'to'))
);

CREATE SEQUENCE request_step_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE request_step_id_seq OWNED BY request_step.id;

CREATE TABLE run (
    id integer NOT NULL,
    event_id integer NOT NULL,
    number integer NOT NULL,
    state character varying(16) NOT NULL,
    asked_by integer,
    "then" character varying(16) NOT NULL,
    budget integer,
    seconds integer NOT NULL,
    seed integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    heartbeat_at timestamp with time zone,
    attempts integer NOT NULL,
    worker character varying(120),
    cancel_asked boolean NOT NULL,
    fingerprint character varying(64),
    progress json NOT NULL,
    curve json NOT NULL,
    error text,
    problem bytea,
    plan bytea,
    begin_by timestamp with time zone,
    send_at timestamp with time zone,
    sends integer DEFAULT 0 NOT NULL,
    max_moved integer,
    night_budget json,
    stop_asked boolean DEFAULT false NOT NULL,
    note character varying(200) DEFAULT ''::character varying NOT NULL,
    hand_draft integer,
    basis bytea,
    changed json,
    not_kept json,
    CONSTRAINT ck_run_after_run CHECK (("then" IN ('draft', 'publish'))),
    CONSTRAINT ck_run_run_state CHECK (state IN ('queued', 'running', 'finished', 'failed', 'cancelled'))
);

CREATE SEQUENCE run_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE run_id_seq OWNED BY run.id;

CREATE TABLE schedule_version (
    id integer NOT NULL,
    event_id integer NOT NULL,
    number integer NOT NULL,
    state character varying(16) NOT NULL,
    run_id integer,
    compared_with_id integer,
    copy_of_id integer,
    status character varying(16) NOT NULL,
    score double precision NOT NULL,
    bound double precision,
    served_bound double precision,
    terms json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    published_at timestamp with time zone,
    published_by integer,
    meetings_bound integer,
    groups json,
    CONSTRAINT ck_schedule_version_version_state CHECK (state IN ('draft', 'published', 'superseded', 'discarded'))
);

CREATE SEQUENCE schedule_version_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE schedule_version_id_seq OWNED BY schedule_version.id;

CREATE TABLE seen_news (
    id integer NOT NULL,
    attendee_id integer NOT NULL,
    request_id integer NOT NULL,
    colleague_id integer,
    moment timestamp with time zone NOT NULL
);

CREATE SEQUENCE seen_news_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE seen_news_id_seq OWNED BY seen_news.id;

CREATE TABLE sign_in_link (
    id integer NOT NULL,
    account_id integer NOT NULL,
    seed character varying(32) NOT NULL,
    token_hash character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    errand json DEFAULT '{}'::json NOT NULL
);

CREATE SEQUENCE sign_in_link_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE sign_in_link_id_seq OWNED BY sign_in_link.id;

CREATE TABLE sign_in_wish (
    id integer NOT NULL,
    email character varying(254) NOT NULL,
    errand json NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE sign_in_wish_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE sign_in_wish_id_seq OWNED BY sign_in_wish.id;

CREATE TABLE slot (
    id integer NOT NULL,
    event_id integer NOT NULL,
    key character varying(32) NOT NULL,
    "position" integer NOT NULL,
    start timestamp with time zone NOT NULL,
    "end" timestamp with time zone NOT NULL,
    block character varying(32) NOT NULL,
    is_retired boolean DEFAULT false NOT NULL
);

CREATE SEQUENCE slot_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE slot_id_seq OWNED BY slot.id;

CREATE TABLE team_delegation (
    account_id integer NOT NULL,
    delegation_id integer NOT NULL
);

CREATE TABLE team_invitation (
    id integer NOT NULL,
    event_id integer NOT NULL,
    email character varying(254) NOT NULL,
    role character varying(16) NOT NULL,
    until timestamp with time zone,
    seed character varying(32) NOT NULL,
    token_hash character varying(64) NOT NULL,
    made_by integer,
    made_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    delegations json NOT NULL,
    CONSTRAINT ck_team_invitation_team_role CHECK (role IN ('owner', 'organiser', 'read-only', 'desk helper', 'chamber'))
);

CREATE SEQUENCE team_invitation_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE team_invitation_id_seq OWNED BY team_invitation.id;

CREATE TABLE team_member (
    event_id integer NOT NULL,
    account_id integer NOT NULL,
    role character varying(16) NOT NULL,
    until timestamp with time zone,
    since timestamp with time zone,
    CONSTRAINT ck_team_member_team_role CHECK (role IN ('owner', 'organiser', 'read-only', 'desk helper', 'chamber'))
);

CREATE TABLE trail_entry (
    id integer NOT NULL,
    chain integer NOT NULL,
    number integer NOT NULL,
    at timestamp with time zone NOT NULL,
    act character varying(40) NOT NULL,
    account_id integer,
    who character varying(254) NOT NULL,
    role character varying(20) NOT NULL,
    token_id integer,
    for_firm character varying(64) NOT NULL,
    about character varying(200) NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    hash character varying(64) NOT NULL
);

CREATE SEQUENCE trail_entry_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE trail_entry_id_seq OWNED BY trail_entry.id;

CREATE TABLE unscheduled_request (
    version_id integer NOT NULL,
    request_key character varying(64) NOT NULL,
    "position" integer NOT NULL,
    reason character varying(40) NOT NULL,
    answer json NOT NULL,
    group_number integer
);

CREATE TABLE untaken_mail (
    mailbox character varying(64) NOT NULL,
    validity bigint NOT NULL,
    uid bigint NOT NULL,
    attempts integer NOT NULL,
    tried_at timestamp with time zone NOT NULL
);

CREATE TABLE version_job (
    id integer NOT NULL,
    event_id integer NOT NULL,
    version_id integer NOT NULL,
    kind character varying(16) NOT NULL,
    state character varying(16) NOT NULL,
    compared_with integer,
    budget integer,
    asked_by integer,
    asked_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    heartbeat_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    worker character varying(120),
    attempts integer NOT NULL,
    done integer NOT NULL,
    total integer NOT NULL,
    after integer NOT NULL,
    mails integer NOT NULL,
    error text,
    begins_at timestamp with time zone,
    CONSTRAINT ck_version_job_job_kind CHECK (kind IN ('compare', 'publish', 'begin', 'explain')),
    CONSTRAINT ck_version_job_job_state CHECK (state IN ('asked', 'running', 'done', 'failed', 'taken_back'))
);

CREATE SEQUENCE version_job_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE version_job_id_seq OWNED BY version_job.id;

CREATE TABLE walking_time (
    from_hall_id integer NOT NULL,
    to_hall_id integer NOT NULL,
    minutes integer NOT NULL
);

CREATE TABLE web_session (
    id integer NOT NULL,
    id_hash character varying(64) NOT NULL,
    account_id integer NOT NULL,
    made_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    agent character varying(200) NOT NULL,
    errand json NOT NULL
);

CREATE SEQUENCE web_session_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE web_session_id_seq OWNED BY web_session.id;

CREATE TABLE what_if (
    id integer NOT NULL,
    event_id integer NOT NULL,
    number integer NOT NULL,
    kind character varying(16) NOT NULL,
    name character varying(80) NOT NULL,
    changes json NOT NULL,
    seconds integer NOT NULL,
    made_at timestamp with time zone NOT NULL,
    state character varying(16) NOT NULL,
    turn integer NOT NULL,
    asked_at timestamp with time zone,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    heartbeat_at timestamp with time zone,
    progress json NOT NULL,
    result json,
    error text,
    CONSTRAINT ck_what_if_what_if_kind CHECK (kind IN ('dials', 'curve', 'kept', 'remedy')),
    CONSTRAINT ck_what_if_what_if_state CHECK (state IN ('new', 'asked', 'running', 'done', 'failed'))
);

CREATE SEQUENCE what_if_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE what_if_id_seq OWNED BY what_if.id;

ALTER TABLE ONLY account ALTER COLUMN id SET DEFAULT nextval('account_id_seq'::regclass);

ALTER TABLE ONLY address_change ALTER COLUMN id SET DEFAULT nextval('address_change_id_seq'::regclass);

ALTER TABLE ONLY address_report ALTER COLUMN id SET DEFAULT nextval('address_report_id_seq'::regclass);

ALTER TABLE ONLY alert ALTER COLUMN id SET DEFAULT nextval('alert_id_seq'::regclass);

ALTER TABLE ONLY answer ALTER COLUMN id SET DEFAULT nextval('answer_id_seq'::regclass);

ALTER TABLE ONLY api_token ALTER COLUMN id SET DEFAULT nextval('api_token_id_seq'::regclass);

ALTER TABLE ONLY attendee ALTER COLUMN id SET DEFAULT nextval('attendee_id_seq'::regclass);

ALTER TABLE ONLY attendee_alias ALTER COLUMN id SET DEFAULT nextval('attendee_alias_id_seq'::regclass);

ALTER TABLE ONLY busy_source ALTER COLUMN id SET DEFAULT nextval('busy_source_id_seq'::regclass);

ALTER TABLE ONLY delegation ALTER COLUMN id SET DEFAULT nextval('delegation_id_seq'::regclass);

ALTER TABLE ONLY desk_step ALTER COLUMN id SET DEFAULT nextval('desk_step_id_seq'::regclass);

ALTER TABLE ONLY event ALTER COLUMN id SET DEFAULT nextval('event_id_seq'::regclass);

ALTER TABLE ONLY firm ALTER COLUMN id SET DEFAULT nextval('firm_id_seq'::regclass);

ALTER TABLE ONLY firm_registration ALTER COLUMN id SET DEFAULT nextval('firm_registration_id_seq'::regclass);

ALTER TABLE ONLY hall ALTER COLUMN id SET DEFAULT nextval('hall_id_seq'::regclass);

ALTER TABLE ONLY hand_step ALTER COLUMN id SET DEFAULT nextval('hand_step_id_seq'::regclass);

ALTER TABLE ONLY idempotency_key ALTER COLUMN id SET DEFAULT nextval('idempotency_key_id_seq'::regclass);

ALTER TABLE ONLY import_file ALTER COLUMN id SET DEFAULT nextval('import_file_id_seq'::regclass);

ALTER TABLE ONLY inbound_mail ALTER COLUMN id SET DEFAULT nextval('inbound_mail_id_seq'::regclass);

ALTER TABLE ONLY interpreter ALTER COLUMN id SET DEFAULT nextval('interpreter_id_seq'::regclass);

ALTER TABLE ONLY invitation ALTER COLUMN id SET DEFAULT nextval('invitation_id_seq'::regclass);

ALTER TABLE ONLY meeting_request ALTER COLUMN id SET DEFAULT nextval('meeting_request_id_seq'::regclass);

ALTER TABLE ONLY night_time ALTER COLUMN id SET DEFAULT nextval('night_time_id_seq'::regclass);

ALTER TABLE ONLY outbox_mail ALTER COLUMN id SET DEFAULT nextval('outbox_mail_id_seq'::regclass);

ALTER TABLE ONLY pause ALTER COLUMN id SET DEFAULT nextval('pause_id_seq'::regclass);

ALTER TABLE ONLY place ALTER COLUMN id SET DEFAULT nextval('place_id_seq'::regclass);

ALTER TABLE ONLY planned_meeting ALTER COLUMN id SET DEFAULT nextval('planned_meeting_id_seq'::regclass);

ALTER TABLE ONLY print_code ALTER COLUMN id SET DEFAULT nextval('print_code_id_seq'::regclass);

ALTER TABLE ONLY request_draft ALTER COLUMN id SET DEFAULT nextval('request_draft_id_seq'::regclass);

ALTER TABLE ONLY request_step ALTER COLUMN id SET DEFAULT nextval('request_step_id_seq'::regclass);

ALTER TABLE ONLY run ALTER COLUMN id SET DEFAULT nextval('run_id_seq'::regclass);

ALTER TABLE ONLY schedule_version ALTER COLUMN id SET DEFAULT nextval('schedule_version_id_seq'::regclass);

ALTER TABLE ONLY seen_news ALTER COLUMN id SET DEFAULT nextval('seen_news_id_seq'::regclass);

ALTER TABLE ONLY sign_in_link ALTER COLUMN id SET DEFAULT nextval('sign_in_link_id_seq'::regclass);

ALTER TABLE ONLY sign_in_wish ALTER COLUMN id SET DEFAULT nextval('sign_in_wish_id_seq'::regclass);

ALTER TABLE ONLY slot ALTER COLUMN id SET DEFAULT nextval('slot_id_seq'::regclass);

ALTER TABLE ONLY team_invitation ALTER COLUMN id SET DEFAULT nextval('team_invitation_id_seq'::regclass);

ALTER TABLE ONLY trail_entry ALTER COLUMN id SET DEFAULT nextval('trail_entry_id_seq'::regclass);

ALTER TABLE ONLY version_job ALTER COLUMN id SET DEFAULT nextval('version_job_id_seq'::regclass);

ALTER TABLE ONLY web_session ALTER COLUMN id SET DEFAULT nextval('web_session_id_seq'::regclass);

ALTER TABLE ONLY what_if ALTER COLUMN id SET DEFAULT nextval('what_if_id_seq'::regclass);

ALTER TABLE ONLY account
    ADD CONSTRAINT pk_account PRIMARY KEY (id);

ALTER TABLE ONLY address_change
    ADD CONSTRAINT pk_address_change PRIMARY KEY (id);

ALTER TABLE ONLY address_report
    ADD CONSTRAINT pk_address_report PRIMARY KEY (id);

ALTER TABLE ONLY alert
    ADD CONSTRAINT pk_alert PRIMARY KEY (id);

ALTER TABLE ONLY answer
    ADD CONSTRAINT pk_answer PRIMARY KEY (id);

ALTER TABLE ONLY api_token
    ADD CONSTRAINT pk_api_token PRIMARY KEY (id);

ALTER TABLE ONLY attendee
    ADD CONSTRAINT pk_attendee PRIMARY KEY (id);

ALTER TABLE ONLY attendee_alias
    ADD CONSTRAINT pk_attendee_alias PRIMARY KEY (id);

ALTER TABLE ONLY attendee_busy
    ADD CONSTRAINT pk_attendee_busy PRIMARY KEY (attendee_id, slot_id);

ALTER TABLE ONLY busy_source
    ADD CONSTRAINT pk_busy_source PRIMARY KEY (id);

ALTER TABLE ONLY calendar_use
    ADD CONSTRAINT pk_calendar_use PRIMARY KEY (attendee_id, way);

ALTER TABLE ONLY comparison
    ADD CONSTRAINT pk_comparison PRIMARY KEY (version_id);

ALTER TABLE ONLY comparison_part
    ADD CONSTRAINT pk_comparison_part PRIMARY KEY (version_id, number);

ALTER TABLE ONLY delegation
    ADD CONSTRAINT pk_delegation PRIMARY KEY (id);

ALTER TABLE ONLY delegation_firm
    ADD CONSTRAINT pk_delegation_firm PRIMARY KEY (delegation_id, firm_id);

ALTER TABLE ONLY delegation_person
    ADD CONSTRAINT pk_delegation_person PRIMARY KEY (delegation_id, attendee_id);

ALTER TABLE ONLY desk_step
    ADD CONSTRAINT pk_desk_step PRIMARY KEY (id);

ALTER TABLE ONLY digest_choice
    ADD CONSTRAINT pk_digest_choice PRIMARY KEY (attendee_id);

ALTER TABLE ONLY digest_item
    ADD CONSTRAINT pk_digest_item PRIMARY KEY (request_id, attendee_id, kind);

ALTER TABLE ONLY event
    ADD CONSTRAINT pk_event PRIMARY KEY (id);

ALTER TABLE ONLY excluded_person
    ADD CONSTRAINT pk_excluded_person PRIMARY KEY (request_id, attendee_id);

ALTER TABLE ONLY firm
    ADD CONSTRAINT pk_firm PRIMARY KEY (id);

ALTER TABLE ONLY firm_logo
    ADD CONSTRAINT pk_firm_logo PRIMARY KEY (firm_id);

ALTER TABLE ONLY firm_note
    ADD CONSTRAINT pk_firm_note PRIMARY KEY (firm_id, about_id);

ALTER TABLE ONLY firm_registration
    ADD CONSTRAINT pk_firm_registration PRIMARY KEY (id);

ALTER TABLE ONLY hall
    ADD CONSTRAINT pk_hall PRIMARY KEY (id);

ALTER TABLE ONLY hand_ban
    ADD CONSTRAINT pk_hand_ban PRIMARY KEY (version_id, request_id, slot_id);

ALTER TABLE ONLY hand_draft
    ADD CONSTRAINT pk_hand_draft PRIMARY KEY (version_id);

ALTER TABLE ONLY hand_mark
    ADD CONSTRAINT pk_hand_mark PRIMARY KEY (version_id, request_id);

ALTER TABLE ONLY hand_step
    ADD CONSTRAINT pk_hand_step PRIMARY KEY (id);

ALTER TABLE ONLY hold
    ADD CONSTRAINT pk_hold PRIMARY KEY (slot_id, kind, holder_id, seat);

ALTER TABLE ONLY idempotency_key
    ADD CONSTRAINT pk_idempotency_key PRIMARY KEY (id);

ALTER TABLE ONLY import_file
    ADD CONSTRAINT pk_import_file PRIMARY KEY (id);

ALTER TABLE ONLY import_job
    ADD CONSTRAINT pk_import_job PRIMARY KEY (file_id);

ALTER TABLE ONLY inbound_mail
    ADD CONSTRAINT pk_inbound_mail PRIMARY KEY (id);

ALTER TABLE ONLY interpreter
    ADD CONSTRAINT pk_interpreter PRIMARY KEY (id);

ALTER TABLE ONLY interpreter_busy
    ADD CONSTRAINT pk_interpreter_busy PRIMARY KEY (interpreter_id, slot_id);

ALTER TABLE ONLY interpreter_feed
    ADD CONSTRAINT pk_interpreter_feed PRIMARY KEY (interpreter_id);

ALTER TABLE ONLY interpreter_station
    ADD CONSTRAINT pk_interpreter_station PRIMARY KEY (interpreter_id, slot_id);

ALTER TABLE ONLY interpreter_told
    ADD CONSTRAINT pk_interpreter_told PRIMARY KEY (interpreter_id);

ALTER TABLE ONLY invitation
    ADD CONSTRAINT pk_invitation PRIMARY KEY (id);

ALTER TABLE ONLY kept_figure
    ADD CONSTRAINT pk_kept_figure PRIMARY KEY (version_id, name);

ALTER TABLE ONLY late_notice
    ADD CONSTRAINT pk_late_notice PRIMARY KEY (request_id, attendee_id);

ALTER TABLE ONLY mail_route
    ADD CONSTRAINT pk_mail_route PRIMARY KEY (name);

ALTER TABLE ONLY mail_text
    ADD CONSTRAINT pk_mail_text PRIMARY KEY (event_id, language, key);

ALTER TABLE ONLY mailed_checkpoint
    ADD CONSTRAINT pk_mailed_checkpoint PRIMARY KEY (chain);

ALTER TABLE ONLY meeting_outcome
    ADD CONSTRAINT pk_meeting_outcome PRIMARY KEY (request_id, side);

ALTER TABLE ONLY meeting_request
    ADD CONSTRAINT pk_meeting_request PRIMARY KEY (id);

ALTER TABLE ONLY night_time
    ADD CONSTRAINT pk_night_time PRIMARY KEY (id);

ALTER TABLE ONLY outbox_mail
    ADD CONSTRAINT pk_outbox_mail PRIMARY KEY (id);

ALTER TABLE ONLY pause
    ADD CONSTRAINT pk_pause PRIMARY KEY (id);

ALTER TABLE ONLY phone_call
    ADD CONSTRAINT pk_phone_call PRIMARY KEY (attendee_id);

ALTER TABLE ONLY place
    ADD CONSTRAINT pk_place PRIMARY KEY (id);

ALTER TABLE ONLY place_busy
    ADD CONSTRAINT pk_place_busy PRIMARY KEY (place_id, slot_id);

ALTER TABLE ONLY planned_attendee
    ADD CONSTRAINT pk_planned_attendee PRIMARY KEY (meeting_id, attendee_id);

ALTER TABLE ONLY planned_meeting
    ADD CONSTRAINT pk_planned_meeting PRIMARY KEY (id);

ALTER TABLE ONLY print_code
    ADD CONSTRAINT pk_print_code PRIMARY KEY (id);

ALTER TABLE ONLY pulse
    ADD CONSTRAINT pk_pulse PRIMARY KEY (name);

ALTER TABLE ONLY request_draft
    ADD CONSTRAINT pk_request_draft PRIMARY KEY (id);

ALTER TABLE ONLY request_person
    ADD CONSTRAINT pk_request_person PRIMARY KEY (request_id, attendee_id);

ALTER TABLE ONLY request_step
    ADD CONSTRAINT pk_request_step PRIMARY KEY (id);

ALTER TABLE ONLY run
    ADD CONSTRAINT pk_run PRIMARY KEY (id);

ALTER TABLE ONLY schedule_version
    ADD CONSTRAINT pk_schedule_version PRIMARY KEY (id);

ALTER TABLE ONLY seen_news
    ADD CONSTRAINT pk_seen_news PRIMARY KEY (id);

ALTER TABLE ONLY sign_in_link
    ADD CONSTRAINT pk_sign_in_link PRIMARY KEY (id);

ALTER TABLE ONLY sign_in_wish
    ADD CONSTRAINT pk_sign_in_wish PRIMARY KEY (id);

ALTER TABLE ONLY slot
    ADD CONSTRAINT pk_slot PRIMARY KEY (id);

ALTER TABLE ONLY team_delegation
    ADD CONSTRAINT pk_team_delegation PRIMARY KEY (account_id, delegation_id);

ALTER TABLE ONLY team_invitation
    ADD CONSTRAINT pk_team_invitation PRIMARY KEY (id);

ALTER TABLE ONLY team_member
    ADD CONSTRAINT pk_team_member PRIMARY KEY (event_id, account_id);

ALTER TABLE ONLY trail_entry
    ADD CONSTRAINT pk_trail_entry PRIMARY KEY (id);

ALTER TABLE ONLY trail_head
    ADD CONSTRAINT pk_trail_head PRIMARY KEY (chain);

ALTER TABLE ONLY unscheduled_request
    ADD CONSTRAINT pk_unscheduled_request PRIMARY KEY (version_id, request_key);

ALTER TABLE ONLY untaken_mail
    ADD CONSTRAINT pk_untaken_mail PRIMARY KEY (mailbox, validity, uid);

ALTER TABLE ONLY version_job
    ADD CONSTRAINT pk_version_job PRIMARY KEY (id);

ALTER TABLE ONLY walking_time
    ADD CONSTRAINT pk_walking_time PRIMARY KEY (from_hall_id, to_hall_id);

ALTER TABLE ONLY web_session
    ADD CONSTRAINT pk_web_session PRIMARY KEY (id);

ALTER TABLE ONLY what_if
    ADD CONSTRAINT pk_what_if PRIMARY KEY (id);

ALTER TABLE ONLY account
    ADD CONSTRAINT uq_account_email UNIQUE (email);

ALTER TABLE ONLY alert
    ADD CONSTRAINT uq_alert_open_key UNIQUE (open_key);

ALTER TABLE ONLY answer
    ADD CONSTRAINT uq_answer_uid_attendee_id UNIQUE (uid, attendee_id);

ALTER TABLE ONLY api_token
    ADD CONSTRAINT uq_api_token_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY attendee
    ADD CONSTRAINT uq_attendee_event_id_email UNIQUE (event_id, email);

ALTER TABLE ONLY attendee
    ADD CONSTRAINT uq_attendee_event_id_key UNIQUE (event_id, key);

ALTER TABLE ONLY attendee
    ADD CONSTRAINT uq_attendee_feed_hash UNIQUE (feed_hash);

ALTER TABLE ONLY busy_source
    ADD CONSTRAINT uq_busy_source_key UNIQUE (key);

ALTER TABLE ONLY delegation
    ADD CONSTRAINT uq_delegation_event_id_key UNIQUE (event_id, key);

ALTER TABLE ONLY digest_choice
    ADD CONSTRAINT uq_digest_choice_stop_hash UNIQUE (stop_hash);

ALTER TABLE ONLY event
    ADD CONSTRAINT uq_event_key UNIQUE (key);

ALTER TABLE ONLY firm
    ADD CONSTRAINT uq_firm_event_id_key UNIQUE (event_id, key);

ALTER TABLE ONLY firm
    ADD CONSTRAINT uq_firm_feed_hash UNIQUE (feed_hash);

ALTER TABLE ONLY firm_registration
    ADD CONSTRAINT uq_firm_registration_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY hall
    ADD CONSTRAINT uq_hall_event_id_key UNIQUE (event_id, key);

ALTER TABLE ONLY hand_step
    ADD CONSTRAINT uq_hand_step_version_id_number UNIQUE (version_id, number);

ALTER TABLE ONLY idempotency_key
    ADD CONSTRAINT uq_idempotency_key_api_token_id_key UNIQUE (api_token_id, key);

ALTER TABLE ONLY inbound_mail
    ADD CONSTRAINT uq_inbound_mail_token_hash_digest UNIQUE (token_hash, digest);

ALTER TABLE ONLY interpreter
    ADD CONSTRAINT uq_interpreter_event_id_key UNIQUE (event_id, key);

ALTER TABLE ONLY interpreter_feed
    ADD CONSTRAINT uq_interpreter_feed_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY invitation
    ADD CONSTRAINT uq_invitation_uid_attendee_id_sequence_method UNIQUE (uid, attendee_id, sequence, method);

ALTER TABLE ONLY meeting_request
    ADD CONSTRAINT uq_meeting_request_event_id_key UNIQUE (event_id, key);

ALTER TABLE ONLY outbox_mail
    ADD CONSTRAINT uq_outbox_mail_message_id UNIQUE (message_id);

ALTER TABLE ONLY place
    ADD CONSTRAINT uq_place_event_id_key UNIQUE (event_id, key);

ALTER TABLE ONLY planned_meeting
    ADD CONSTRAINT uq_planned_meeting_version_id_request_id UNIQUE (version_id, request_id);

ALTER TABLE ONLY print_code
    ADD CONSTRAINT uq_print_code_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY run
    ADD CONSTRAINT uq_run_event_id_number UNIQUE (event_id, number);

ALTER TABLE ONLY schedule_version
    ADD CONSTRAINT uq_schedule_version_event_id_number UNIQUE (event_id, number);

ALTER TABLE ONLY sign_in_link
    ADD CONSTRAINT uq_sign_in_link_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY slot
    ADD CONSTRAINT uq_slot_event_id_key UNIQUE (event_id, key);

ALTER TABLE ONLY slot
    ADD CONSTRAINT uq_slot_event_id_position UNIQUE (event_id, "position");

ALTER TABLE ONLY team_invitation
    ADD CONSTRAINT uq_team_invitation_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY trail_entry
    ADD CONSTRAINT uq_trail_entry_chain_number UNIQUE (chain, number);

ALTER TABLE ONLY web_session
    ADD CONSTRAINT uq_web_session_id_hash UNIQUE (id_hash);

ALTER TABLE ONLY what_if
    ADD CONSTRAINT uq_what_if_event_id_number UNIQUE (event_id, number);

CREATE INDEX ix_address_change_attendee_id ON address_change USING btree (attendee_id);

CREATE INDEX ix_address_change_changed_by ON address_change USING btree (changed_by);

CREATE INDEX ix_address_change_event_id ON address_change USING btree (event_id);

CREATE INDEX ix_address_report_attendee_id ON address_report USING btree (attendee_id);

CREATE INDEX ix_address_report_interpreter_id ON address_report USING btree (interpreter_id);

CREATE INDEX ix_alert_event_id ON alert USING btree (event_id);

CREATE INDEX ix_answer_attendee_id ON answer USING btree (attendee_id);

CREATE INDEX ix_answer_delegate_id ON answer USING btree (delegate_id);

CREATE INDEX ix_answer_event_id ON answer USING btree (event_id);

CREATE INDEX ix_answer_request_id ON answer USING btree (request_id);

CREATE INDEX ix_api_token_created_by ON api_token USING btree (created_by);

CREATE INDEX ix_api_token_event_id ON api_token USING btree (event_id);

CREATE INDEX ix_api_token_firm_id ON api_token USING btree (firm_id);

CREATE INDEX ix_api_token_revoked_by ON api_token USING btree (revoked_by);

CREATE INDEX ix_attendee_account_id ON attendee USING btree (account_id);

CREATE INDEX ix_attendee_alias_added_by ON attendee_alias USING btree (added_by);

CREATE INDEX ix_attendee_alias_attendee_id ON attendee_alias USING btree (attendee_id);

CREATE INDEX ix_attendee_alias_removed_by ON attendee_alias USING btree (removed_by);

CREATE INDEX ix_attendee_busy_slot_id ON attendee_busy USING btree (slot_id);

CREATE INDEX ix_attendee_firm_id ON attendee USING btree (firm_id);

CREATE INDEX ix_attendee_imported_by ON attendee USING btree (imported_by);

CREATE INDEX ix_attendee_merged_into_id ON attendee USING btree (merged_into_id);

CREATE INDEX ix_attendee_seen_version_id ON attendee USING btree (seen_version_id);

CREATE UNIQUE INDEX ix_attendee_summary_hash ON attendee USING btree (summary_hash);

CREATE INDEX ix_busy_source_attendee_id ON busy_source USING btree (attendee_id);

CREATE INDEX ix_busy_source_next_fetch_at ON busy_source USING btree (next_fetch_at);

CREATE INDEX ix_delegation_firm_firm_id ON delegation_firm USING btree (firm_id);

CREATE INDEX ix_delegation_leader_id ON delegation USING btree (leader_id);

CREATE INDEX ix_delegation_person_attendee_id ON delegation_person USING btree (attendee_id);

CREATE INDEX ix_desk_step_event_id_id ON desk_step USING btree (event_id, id);

CREATE INDEX ix_desk_step_taken_by ON desk_step USING btree (taken_by);

CREATE INDEX ix_desk_step_undone_by ON desk_step USING btree (undone_by);

CREATE INDEX ix_digest_item_attendee_id ON digest_item USING btree (attendee_id);

CREATE INDEX ix_digest_item_message_id ON digest_item USING btree (message_id);

CREATE INDEX ix_digest_item_token_hash ON digest_item USING btree (token_hash);

CREATE INDEX ix_event_deleted_at ON event USING btree (deleted_at);

CREATE INDEX ix_excluded_person_attendee_id ON excluded_person USING btree (attendee_id);

CREATE INDEX ix_firm_hall_id ON firm USING btree (hall_id);

CREATE INDEX ix_firm_host_id ON firm USING btree (host_id);

CREATE INDEX ix_firm_latin_name ON firm USING btree (latin_name);

CREATE INDEX ix_firm_merged_into_id ON firm USING btree (merged_into_id);

CREATE INDEX ix_firm_note_about_id ON firm_note USING btree (about_id);

CREATE INDEX ix_firm_note_changed_by ON firm_note USING btree (changed_by);

CREATE INDEX ix_firm_registration_decided_by ON firm_registration USING btree (decided_by);

CREATE INDEX ix_firm_registration_event_id_state ON firm_registration USING btree (event_id, state);

CREATE INDEX ix_firm_registration_firm_id ON firm_registration USING btree (firm_id);

CREATE INDEX ix_hand_ban_request_id ON hand_ban USING btree (request_id);

CREATE INDEX ix_hand_ban_slot_id ON hand_ban USING btree (slot_id);

CREATE INDEX ix_hand_draft_base_id ON hand_draft USING btree (base_id);

CREATE INDEX ix_hand_draft_begun_by ON hand_draft USING btree (begun_by);

CREATE INDEX ix_hand_mark_request_id ON hand_mark USING btree (request_id);

CREATE INDEX ix_hand_step_taken_by ON hand_step USING btree (taken_by);

CREATE INDEX ix_hand_step_version_id_revision ON hand_step USING btree (version_id, revision);

CREATE INDEX ix_hold_event_id ON hold USING btree (event_id);

CREATE INDEX ix_hold_meeting_id ON hold USING btree (meeting_id);

CREATE INDEX ix_import_file_account_id ON import_file USING btree (account_id);

CREATE INDEX ix_import_file_event_id_created_at ON import_file USING btree (event_id, created_at);

CREATE INDEX ix_import_file_step_id ON import_file USING btree (step_id);

CREATE INDEX ix_import_job_asked_by ON import_job USING btree (asked_by);

CREATE INDEX ix_import_job_state ON import_job USING btree (state);

CREATE INDEX ix_inbound_mail_about_id ON inbound_mail USING btree (about_id);

CREATE INDEX ix_inbound_mail_attendee_id ON inbound_mail USING btree (attendee_id);

CREATE INDEX ix_inbound_mail_event_id_outcome ON inbound_mail USING btree (event_id, outcome);

CREATE INDEX ix_inbound_mail_handled_by ON inbound_mail USING btree (handled_by);

CREATE INDEX ix_inbound_mail_outcome ON inbound_mail USING btree (outcome);

CREATE INDEX ix_inbound_mail_request_id ON inbound_mail USING btree (request_id);

CREATE INDEX ix_interpreter_busy_slot_id ON interpreter_busy USING btree (slot_id);

CREATE INDEX ix_interpreter_merged_into_id ON interpreter USING btree (merged_into_id);

CREATE INDEX ix_interpreter_station_place_id ON interpreter_station USING btree (place_id);

CREATE INDEX ix_interpreter_station_slot_id ON interpreter_station USING btree (slot_id);

CREATE INDEX ix_invitation_attendee_id ON invitation USING btree (attendee_id);

CREATE INDEX ix_invitation_event_id ON invitation USING btree (event_id);

CREATE INDEX ix_invitation_request_id ON invitation USING btree (request_id);

CREATE INDEX ix_invitation_token_hash ON invitation USING btree (token_hash);

CREATE INDEX ix_late_notice_attendee_id ON late_notice USING btree (attendee_id);

CREATE INDEX ix_mail_text_changed_by ON mail_text USING btree (changed_by);

CREATE INDEX ix_meeting_outcome_said_by ON meeting_outcome USING btree (said_by);

CREATE INDEX ix_meeting_request_answered_by ON meeting_request USING btree (answered_by);

CREATE INDEX ix_meeting_request_created_by ON meeting_request USING btree (created_by);

CREATE INDEX ix_meeting_request_event_id_state ON meeting_request USING btree (event_id, state);

CREATE INDEX ix_meeting_request_fixed_place_id ON meeting_request USING btree (fixed_place_id);

CREATE INDEX ix_meeting_request_fixed_slot_id ON meeting_request USING btree (fixed_slot_id);

CREATE INDEX ix_meeting_request_from_firm_id_state ON meeting_request USING btree (from_firm_id, state);

CREATE INDEX ix_meeting_request_held_back ON meeting_request USING btree (event_id) WHERE is_held_back;

CREATE INDEX ix_meeting_request_locked ON meeting_request USING btree (event_id) WHERE fixed_must;

CREATE INDEX ix_meeting_request_to_firm_id_state ON meeting_request USING btree (to_firm_id, state);

CREATE INDEX ix_night_time_event_id ON night_time USING btree (event_id);

CREATE INDEX ix_night_time_next_at ON night_time USING btree (next_at);

CREATE INDEX ix_outbox_mail_about_event_id ON outbox_mail USING btree (about_event_id);

CREATE INDEX ix_outbox_mail_attendee_id ON outbox_mail USING btree (attendee_id);

CREATE INDEX ix_outbox_mail_event_id_state ON outbox_mail USING btree (event_id, state);

CREATE INDEX ix_outbox_mail_event_id_uid ON outbox_mail USING btree (event_id, uid, attendee_id, id);

CREATE INDEX ix_outbox_mail_interpreter_id ON outbox_mail USING btree (interpreter_id);

CREATE INDEX ix_outbox_mail_request_id ON outbox_mail USING btree (request_id);

CREATE INDEX ix_outbox_mail_sign_in_link_id ON outbox_mail USING btree (sign_in_link_id);

CREATE INDEX ix_outbox_mail_state_domain ON outbox_mail USING btree (state, domain);

CREATE INDEX ix_outbox_mail_state_next_attempt_at ON outbox_mail USING btree (state, next_attempt_at);

CREATE INDEX ix_outbox_mail_version_id ON outbox_mail USING btree (version_id);

CREATE INDEX ix_pause_event_id ON pause USING btree (event_id);

CREATE INDEX ix_phone_call_caller_id ON phone_call USING btree (caller_id);

CREATE INDEX ix_phone_call_changed_by ON phone_call USING btree (changed_by);

CREATE INDEX ix_place_busy_slot_id ON place_busy USING btree (slot_id);

CREATE INDEX ix_place_firm_id ON place USING btree (firm_id);

CREATE INDEX ix_place_hall_id ON place USING btree (hall_id);

CREATE INDEX ix_planned_attendee_attendee_id ON planned_attendee USING btree (attendee_id);

CREATE INDEX ix_planned_meeting_interpreter_id ON planned_meeting USING btree (interpreter_id);

CREATE INDEX ix_planned_meeting_place_id ON planned_meeting USING btree (place_id);

CREATE INDEX ix_planned_meeting_request_id ON planned_meeting USING btree (request_id);

CREATE INDEX ix_planned_meeting_slot_id ON planned_meeting USING btree (slot_id);

CREATE INDEX ix_print_code_version_id ON print_code USING btree (version_id, pack, subject_key);

CREATE INDEX ix_request_draft_changed_by ON request_draft USING btree (changed_by);

CREATE INDEX ix_request_draft_firm_id ON request_draft USING btree (firm_id);

CREATE INDEX ix_request_draft_to_firm_id ON request_draft USING btree (to_firm_id);

CREATE INDEX ix_request_person_attendee_id ON request_person USING btree (attendee_id);

CREATE INDEX ix_request_step_account_id ON request_step USING btree (account_id);

CREATE INDEX ix_request_step_attendee_id ON request_step USING btree (attendee_id);

CREATE INDEX ix_request_step_request_id ON request_step USING btree (request_id);

CREATE INDEX ix_run_asked_by ON run USING btree (asked_by);

CREATE INDEX ix_run_state ON run USING btree (state);

CREATE INDEX ix_schedule_version_compared_with_id ON schedule_version USING btree (compared_with_id);

CREATE INDEX ix_schedule_version_copy_of_id ON schedule_version USING btree (copy_of_id);

CREATE INDEX ix_schedule_version_published_by ON schedule_version USING btree (published_by);

CREATE INDEX ix_schedule_version_run_id ON schedule_version USING btree (run_id);

CREATE INDEX ix_seen_news_attendee_id ON seen_news USING btree (attendee_id);

CREATE INDEX ix_seen_news_colleague_id ON seen_news USING btree (colleague_id);

CREATE INDEX ix_seen_news_request_id ON seen_news USING btree (request_id);

CREATE INDEX ix_sign_in_link_account_id ON sign_in_link USING btree (account_id);

CREATE INDEX ix_team_delegation_delegation_id ON team_delegation USING btree (delegation_id);

CREATE INDEX ix_team_invitation_event_id ON team_invitation USING btree (event_id);

CREATE INDEX ix_team_invitation_made_by ON team_invitation USING btree (made_by);

CREATE INDEX ix_team_member_account_id ON team_member USING btree (account_id);

CREATE INDEX ix_trail_entry_chain_account_id ON trail_entry USING btree (chain, account_id, number);

CREATE INDEX ix_trail_entry_chain_act ON trail_entry USING btree (chain, act, number);

CREATE INDEX ix_unscheduled_request_version_id_position ON unscheduled_request USING btree (version_id, "position");

CREATE INDEX ix_version_job_asked_by ON version_job USING btree (asked_by);

CREATE INDEX ix_version_job_event_id ON version_job USING btree (event_id);

CREATE INDEX ix_version_job_state ON version_job USING btree (state);

CREATE INDEX ix_version_job_version_id ON version_job USING btree (version_id);

CREATE INDEX ix_walking_time_to_hall_id ON walking_time USING btree (to_hall_id);

CREATE INDEX ix_web_session_account_id ON web_session USING btree (account_id);

CREATE INDEX ix_web_session_ends_at ON web_session USING btree (ends_at);

CREATE INDEX ix_what_if_state ON what_if USING btree (state);

CREATE UNIQUE INDEX uq_firm_registration_waiting ON firm_registration USING btree (event_id, email) WHERE ((state)::text = 'waiting'::text);

CREATE UNIQUE INDEX uq_meeting_request_open_pair ON meeting_request USING btree (lower_firm_id, upper_firm_id) WHERE (state IN ('pending', 'accepted'));

CREATE UNIQUE INDEX uq_run_open ON run USING btree (event_id) WHERE (state IN ('queued', 'running'));

CREATE UNIQUE INDEX uq_schedule_version_published ON schedule_version USING btree (event_id) WHERE ((state)::text = 'published'::text);

CREATE UNIQUE INDEX uq_version_job_beginning ON version_job USING btree (version_id) WHERE (((kind)::text = 'begin'::text) AND (state IN ('asked', 'running')));

CREATE UNIQUE INDEX uq_version_job_comparing ON version_job USING btree (version_id) WHERE (((kind)::text = 'compare'::text) AND (state IN ('asked', 'running')));

CREATE UNIQUE INDEX uq_version_job_explaining ON version_job USING btree (version_id) WHERE (((kind)::text = 'explain'::text) AND (state IN ('asked', 'running')));

CREATE UNIQUE INDEX uq_version_job_publishing ON version_job USING btree (event_id) WHERE (((kind)::text = 'publish'::text) AND (state IN ('asked', 'running')));

CREATE TRIGGER trail_entry_no_change BEFORE DELETE OR UPDATE OR TRUNCATE ON trail_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_trail_change();

CREATE TRIGGER trail_head_follows AFTER INSERT ON trail_entry FOR EACH ROW EXECUTE FUNCTION follow_trail_entry();

CREATE TRIGGER trail_head_grows BEFORE UPDATE ON trail_head FOR EACH ROW EXECUTE FUNCTION refuse_smaller_trail();

CREATE TRIGGER trail_head_no_delete BEFORE DELETE OR TRUNCATE ON trail_head FOR EACH STATEMENT EXECUTE FUNCTION refuse_trail_change();

ALTER TABLE ONLY address_change
    ADD CONSTRAINT fk_address_change_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY address_change
    ADD CONSTRAINT fk_address_change_changed_by_account FOREIGN KEY (changed_by) REFERENCES account(id);

ALTER TABLE ONLY address_change
    ADD CONSTRAINT fk_address_change_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY address_report
    ADD CONSTRAINT fk_address_report_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY address_report
    ADD CONSTRAINT fk_address_report_interpreter_id_interpreter FOREIGN KEY (interpreter_id) REFERENCES interpreter(id);

ALTER TABLE ONLY alert
    ADD CONSTRAINT fk_alert_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY answer
    ADD CONSTRAINT fk_answer_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY answer
    ADD CONSTRAINT fk_answer_delegate_id_attendee FOREIGN KEY (delegate_id) REFERENCES attendee(id);

ALTER TABLE ONLY answer
    ADD CONSTRAINT fk_answer_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY answer
    ADD CONSTRAINT fk_answer_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY api_token
    ADD CONSTRAINT fk_api_token_created_by_account FOREIGN KEY (created_by) REFERENCES account(id);

ALTER TABLE ONLY api_token
    ADD CONSTRAINT fk_api_token_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY api_token
    ADD CONSTRAINT fk_api_token_firm_id_firm FOREIGN KEY (firm_id) REFERENCES firm(id);

ALTER TABLE ONLY api_token
    ADD CONSTRAINT fk_api_token_revoked_by_account FOREIGN KEY (revoked_by) REFERENCES account(id);

ALTER TABLE ONLY attendee
    ADD CONSTRAINT fk_attendee_account_id_account FOREIGN KEY (account_id) REFERENCES account(id);

ALTER TABLE ONLY attendee_alias
    ADD CONSTRAINT fk_attendee_alias_added_by_account FOREIGN KEY (added_by) REFERENCES account(id);

ALTER TABLE ONLY attendee_alias
    ADD CONSTRAINT fk_attendee_alias_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY attendee_alias
    ADD CONSTRAINT fk_attendee_alias_removed_by_account FOREIGN KEY (removed_by) REFERENCES account(id);

ALTER TABLE ONLY attendee_busy
    ADD CONSTRAINT fk_attendee_busy_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY attendee_busy
    ADD CONSTRAINT fk_attendee_busy_slot_id_slot FOREIGN KEY (slot_id) REFERENCES slot(id);

ALTER TABLE ONLY attendee
    ADD CONSTRAINT fk_attendee_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY attendee
    ADD CONSTRAINT fk_attendee_firm_id_firm FOREIGN KEY (firm_id) REFERENCES firm(id);

ALTER TABLE ONLY attendee
    ADD CONSTRAINT fk_attendee_imported_by_account FOREIGN KEY (imported_by) REFERENCES account(id);

ALTER TABLE ONLY attendee
    ADD CONSTRAINT fk_attendee_merged_into_id_attendee FOREIGN KEY (merged_into_id) REFERENCES attendee(id);

ALTER TABLE ONLY attendee
    ADD CONSTRAINT fk_attendee_seen_version_id_schedule_version FOREIGN KEY (seen_version_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY busy_source
    ADD CONSTRAINT fk_busy_source_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY calendar_use
    ADD CONSTRAINT fk_calendar_use_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY comparison_part
    ADD CONSTRAINT fk_comparison_part_version_id_comparison FOREIGN KEY (version_id) REFERENCES comparison(version_id);

ALTER TABLE ONLY comparison
    ADD CONSTRAINT fk_comparison_version_id_schedule_version FOREIGN KEY (version_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY delegation
    ADD CONSTRAINT fk_delegation_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY delegation_firm
    ADD CONSTRAINT fk_delegation_firm_delegation_id_delegation FOREIGN KEY (delegation_id) REFERENCES delegation(id);

ALTER TABLE ONLY delegation_firm
    ADD CONSTRAINT fk_delegation_firm_firm_id_firm FOREIGN KEY (firm_id) REFERENCES firm(id);

ALTER TABLE ONLY delegation
    ADD CONSTRAINT fk_delegation_leader_id_attendee FOREIGN KEY (leader_id) REFERENCES attendee(id);

ALTER TABLE ONLY delegation_person
    ADD CONSTRAINT fk_delegation_person_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY delegation_person
    ADD CONSTRAINT fk_delegation_person_delegation_id_delegation FOREIGN KEY (delegation_id) REFERENCES delegation(id);

ALTER TABLE ONLY desk_step
    ADD CONSTRAINT fk_desk_step_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY desk_step
    ADD CONSTRAINT fk_desk_step_taken_by_account FOREIGN KEY (taken_by) REFERENCES account(id);

ALTER TABLE ONLY desk_step
    ADD CONSTRAINT fk_desk_step_undone_by_account FOREIGN KEY (undone_by) REFERENCES account(id);

ALTER TABLE ONLY digest_choice
    ADD CONSTRAINT fk_digest_choice_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY digest_item
    ADD CONSTRAINT fk_digest_item_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY digest_item
    ADD CONSTRAINT fk_digest_item_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY excluded_person
    ADD CONSTRAINT fk_excluded_person_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY excluded_person
    ADD CONSTRAINT fk_excluded_person_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY firm
    ADD CONSTRAINT fk_firm_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY firm
    ADD CONSTRAINT fk_firm_hall_id_hall FOREIGN KEY (hall_id) REFERENCES hall(id);

ALTER TABLE ONLY firm
    ADD CONSTRAINT fk_firm_host_id_firm FOREIGN KEY (host_id) REFERENCES firm(id);

ALTER TABLE ONLY firm_logo
    ADD CONSTRAINT fk_firm_logo_firm_id_firm FOREIGN KEY (firm_id) REFERENCES firm(id);

ALTER TABLE ONLY firm
    ADD CONSTRAINT fk_firm_merged_into_id_firm FOREIGN KEY (merged_into_id) REFERENCES firm(id);

ALTER TABLE ONLY firm_note
    ADD CONSTRAINT fk_firm_note_about_id_firm FOREIGN KEY (about_id) REFERENCES firm(id);

ALTER TABLE ONLY firm_note
    ADD CONSTRAINT fk_firm_note_changed_by_attendee FOREIGN KEY (changed_by) REFERENCES attendee(id);

ALTER TABLE ONLY firm_note
    ADD CONSTRAINT fk_firm_note_firm_id_firm FOREIGN KEY (firm_id) REFERENCES firm(id);

ALTER TABLE ONLY firm_registration
    ADD CONSTRAINT fk_firm_registration_decided_by_account FOREIGN KEY (decided_by) REFERENCES account(id);

ALTER TABLE ONLY firm_registration
    ADD CONSTRAINT fk_firm_registration_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY firm_registration
    ADD CONSTRAINT fk_firm_registration_firm_id_firm FOREIGN KEY (firm_id) REFERENCES firm(id);

ALTER TABLE ONLY hall
    ADD CONSTRAINT fk_hall_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY hand_ban
    ADD CONSTRAINT fk_hand_ban_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY hand_ban
    ADD CONSTRAINT fk_hand_ban_slot_id_slot FOREIGN KEY (slot_id) REFERENCES slot(id);

ALTER TABLE ONLY hand_ban
    ADD CONSTRAINT fk_hand_ban_version_id_hand_draft FOREIGN KEY (version_id) REFERENCES hand_draft(version_id);

ALTER TABLE ONLY hand_draft
    ADD CONSTRAINT fk_hand_draft_base_id_schedule_version FOREIGN KEY (base_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY hand_draft
    ADD CONSTRAINT fk_hand_draft_begun_by_account FOREIGN KEY (begun_by) REFERENCES account(id);

ALTER TABLE ONLY hand_draft
    ADD CONSTRAINT fk_hand_draft_version_id_schedule_version FOREIGN KEY (version_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY hand_mark
    ADD CONSTRAINT fk_hand_mark_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY hand_mark
    ADD CONSTRAINT fk_hand_mark_version_id_hand_draft FOREIGN KEY (version_id) REFERENCES hand_draft(version_id);

ALTER TABLE ONLY hand_step
    ADD CONSTRAINT fk_hand_step_taken_by_account FOREIGN KEY (taken_by) REFERENCES account(id);

ALTER TABLE ONLY hand_step
    ADD CONSTRAINT fk_hand_step_version_id_hand_draft FOREIGN KEY (version_id) REFERENCES hand_draft(version_id);

ALTER TABLE ONLY hold
    ADD CONSTRAINT fk_hold_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY hold
    ADD CONSTRAINT fk_hold_meeting_id_planned_meeting FOREIGN KEY (meeting_id) REFERENCES planned_meeting(id);

ALTER TABLE ONLY hold
    ADD CONSTRAINT fk_hold_slot_id_slot FOREIGN KEY (slot_id) REFERENCES slot(id);

ALTER TABLE ONLY idempotency_key
    ADD CONSTRAINT fk_idempotency_key_api_token_id_api_token FOREIGN KEY (api_token_id) REFERENCES api_token(id);

ALTER TABLE ONLY import_file
    ADD CONSTRAINT fk_import_file_account_id_account FOREIGN KEY (account_id) REFERENCES account(id);

ALTER TABLE ONLY import_file
    ADD CONSTRAINT fk_import_file_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY import_file
    ADD CONSTRAINT fk_import_file_step_id_desk_step FOREIGN KEY (step_id) REFERENCES desk_step(id);

ALTER TABLE ONLY import_job
    ADD CONSTRAINT fk_import_job_asked_by_account FOREIGN KEY (asked_by) REFERENCES account(id);

ALTER TABLE ONLY import_job
    ADD CONSTRAINT fk_import_job_file_id_import_file FOREIGN KEY (file_id) REFERENCES import_file(id) ON DELETE CASCADE;

ALTER TABLE ONLY inbound_mail
    ADD CONSTRAINT fk_inbound_mail_about_id_outbox_mail FOREIGN KEY (about_id) REFERENCES outbox_mail(id);

ALTER TABLE ONLY inbound_mail
    ADD CONSTRAINT fk_inbound_mail_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY inbound_mail
    ADD CONSTRAINT fk_inbound_mail_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY inbound_mail
    ADD CONSTRAINT fk_inbound_mail_handled_by_account FOREIGN KEY (handled_by) REFERENCES account(id);

ALTER TABLE ONLY inbound_mail
    ADD CONSTRAINT fk_inbound_mail_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY interpreter_busy
    ADD CONSTRAINT fk_interpreter_busy_interpreter_id_interpreter FOREIGN KEY (interpreter_id) REFERENCES interpreter(id);

ALTER TABLE ONLY interpreter_busy
    ADD CONSTRAINT fk_interpreter_busy_slot_id_slot FOREIGN KEY (slot_id) REFERENCES slot(id);

ALTER TABLE ONLY interpreter
    ADD CONSTRAINT fk_interpreter_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY interpreter_feed
    ADD CONSTRAINT fk_interpreter_feed_interpreter_id_interpreter FOREIGN KEY (interpreter_id) REFERENCES interpreter(id);

ALTER TABLE ONLY interpreter
    ADD CONSTRAINT fk_interpreter_merged_into_id_interpreter FOREIGN KEY (merged_into_id) REFERENCES interpreter(id);

ALTER TABLE ONLY interpreter_station
    ADD CONSTRAINT fk_interpreter_station_interpreter_id_interpreter FOREIGN KEY (interpreter_id) REFERENCES interpreter(id);

ALTER TABLE ONLY interpreter_station
    ADD CONSTRAINT fk_interpreter_station_place_id_place FOREIGN KEY (place_id) REFERENCES place(id);

ALTER TABLE ONLY interpreter_station
    ADD CONSTRAINT fk_interpreter_station_slot_id_slot FOREIGN KEY (slot_id) REFERENCES slot(id);

ALTER TABLE ONLY interpreter_told
    ADD CONSTRAINT fk_interpreter_told_interpreter_id_interpreter FOREIGN KEY (interpreter_id) REFERENCES interpreter(id);

ALTER TABLE ONLY invitation
    ADD CONSTRAINT fk_invitation_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY invitation
    ADD CONSTRAINT fk_invitation_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY invitation
    ADD CONSTRAINT fk_invitation_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY kept_figure
    ADD CONSTRAINT fk_kept_figure_version_id_schedule_version FOREIGN KEY (version_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY late_notice
    ADD CONSTRAINT fk_late_notice_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY late_notice
    ADD CONSTRAINT fk_late_notice_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY mail_text
    ADD CONSTRAINT fk_mail_text_changed_by_account FOREIGN KEY (changed_by) REFERENCES account(id);

ALTER TABLE ONLY mail_text
    ADD CONSTRAINT fk_mail_text_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY meeting_outcome
    ADD CONSTRAINT fk_meeting_outcome_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY meeting_outcome
    ADD CONSTRAINT fk_meeting_outcome_said_by_attendee FOREIGN KEY (said_by) REFERENCES attendee(id);

ALTER TABLE ONLY meeting_request
    ADD CONSTRAINT fk_meeting_request_answered_by_attendee FOREIGN KEY (answered_by) REFERENCES attendee(id);

ALTER TABLE ONLY meeting_request
    ADD CONSTRAINT fk_meeting_request_created_by_attendee FOREIGN KEY (created_by) REFERENCES attendee(id);

ALTER TABLE ONLY meeting_request
    ADD CONSTRAINT fk_meeting_request_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY meeting_request
    ADD CONSTRAINT fk_meeting_request_fixed_place_id_place FOREIGN KEY (fixed_place_id) REFERENCES place(id);

ALTER TABLE ONLY meeting_request
    ADD CONSTRAINT fk_meeting_request_fixed_slot_id_slot FOREIGN KEY (fixed_slot_id) REFERENCES slot(id);

ALTER TABLE ONLY meeting_request
    ADD CONSTRAINT fk_meeting_request_from_firm_id_firm FOREIGN KEY (from_firm_id) REFERENCES firm(id);

ALTER TABLE ONLY meeting_request
    ADD CONSTRAINT fk_meeting_request_to_firm_id_firm FOREIGN KEY (to_firm_id) REFERENCES firm(id);

ALTER TABLE ONLY night_time
    ADD CONSTRAINT fk_night_time_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY outbox_mail
    ADD CONSTRAINT fk_outbox_mail_about_event_id_event FOREIGN KEY (about_event_id) REFERENCES event(id);

ALTER TABLE ONLY outbox_mail
    ADD CONSTRAINT fk_outbox_mail_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY outbox_mail
    ADD CONSTRAINT fk_outbox_mail_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY outbox_mail
    ADD CONSTRAINT fk_outbox_mail_interpreter_id_interpreter FOREIGN KEY (interpreter_id) REFERENCES interpreter(id);

ALTER TABLE ONLY outbox_mail
    ADD CONSTRAINT fk_outbox_mail_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY outbox_mail
    ADD CONSTRAINT fk_outbox_mail_sign_in_link_id_sign_in_link FOREIGN KEY (sign_in_link_id) REFERENCES sign_in_link(id);

ALTER TABLE ONLY outbox_mail
    ADD CONSTRAINT fk_outbox_mail_version_id_schedule_version FOREIGN KEY (version_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY pause
    ADD CONSTRAINT fk_pause_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY phone_call
    ADD CONSTRAINT fk_phone_call_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY phone_call
    ADD CONSTRAINT fk_phone_call_caller_id_account FOREIGN KEY (caller_id) REFERENCES account(id);

ALTER TABLE ONLY phone_call
    ADD CONSTRAINT fk_phone_call_changed_by_account FOREIGN KEY (changed_by) REFERENCES account(id);

ALTER TABLE ONLY place_busy
    ADD CONSTRAINT fk_place_busy_place_id_place FOREIGN KEY (place_id) REFERENCES place(id);

ALTER TABLE ONLY place_busy
    ADD CONSTRAINT fk_place_busy_slot_id_slot FOREIGN KEY (slot_id) REFERENCES slot(id);

ALTER TABLE ONLY place
    ADD CONSTRAINT fk_place_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY place
    ADD CONSTRAINT fk_place_firm_id_firm FOREIGN KEY (firm_id) REFERENCES firm(id);

ALTER TABLE ONLY place
    ADD CONSTRAINT fk_place_hall_id_hall FOREIGN KEY (hall_id) REFERENCES hall(id);

ALTER TABLE ONLY planned_attendee
    ADD CONSTRAINT fk_planned_attendee_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY planned_attendee
    ADD CONSTRAINT fk_planned_attendee_meeting_id_planned_meeting FOREIGN KEY (meeting_id) REFERENCES planned_meeting(id);

ALTER TABLE ONLY planned_meeting
    ADD CONSTRAINT fk_planned_meeting_interpreter_id_interpreter FOREIGN KEY (interpreter_id) REFERENCES interpreter(id);

ALTER TABLE ONLY planned_meeting
    ADD CONSTRAINT fk_planned_meeting_place_id_place FOREIGN KEY (place_id) REFERENCES place(id);

ALTER TABLE ONLY planned_meeting
    ADD CONSTRAINT fk_planned_meeting_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY planned_meeting
    ADD CONSTRAINT fk_planned_meeting_slot_id_slot FOREIGN KEY (slot_id) REFERENCES slot(id);

ALTER TABLE ONLY planned_meeting
    ADD CONSTRAINT fk_planned_meeting_version_id_schedule_version FOREIGN KEY (version_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY print_code
    ADD CONSTRAINT fk_print_code_version_id_schedule_version FOREIGN KEY (version_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY request_draft
    ADD CONSTRAINT fk_request_draft_changed_by_attendee FOREIGN KEY (changed_by) REFERENCES attendee(id);

ALTER TABLE ONLY request_draft
    ADD CONSTRAINT fk_request_draft_firm_id_firm FOREIGN KEY (firm_id) REFERENCES firm(id);

ALTER TABLE ONLY request_draft
    ADD CONSTRAINT fk_request_draft_to_firm_id_firm FOREIGN KEY (to_firm_id) REFERENCES firm(id);

ALTER TABLE ONLY request_person
    ADD CONSTRAINT fk_request_person_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY request_person
    ADD CONSTRAINT fk_request_person_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY request_step
    ADD CONSTRAINT fk_request_step_account_id_account FOREIGN KEY (account_id) REFERENCES account(id);

ALTER TABLE ONLY request_step
    ADD CONSTRAINT fk_request_step_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id);

ALTER TABLE ONLY request_step
    ADD CONSTRAINT fk_request_step_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id);

ALTER TABLE ONLY run
    ADD CONSTRAINT fk_run_asked_by_account FOREIGN KEY (asked_by) REFERENCES account(id);

ALTER TABLE ONLY run
    ADD CONSTRAINT fk_run_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY schedule_version
    ADD CONSTRAINT fk_schedule_version_compared_with_id_schedule_version FOREIGN KEY (compared_with_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY schedule_version
    ADD CONSTRAINT fk_schedule_version_copy_of_id_schedule_version FOREIGN KEY (copy_of_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY schedule_version
    ADD CONSTRAINT fk_schedule_version_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY schedule_version
    ADD CONSTRAINT fk_schedule_version_published_by_account FOREIGN KEY (published_by) REFERENCES account(id);

ALTER TABLE ONLY schedule_version
    ADD CONSTRAINT fk_schedule_version_run_id_run FOREIGN KEY (run_id) REFERENCES run(id);

ALTER TABLE ONLY seen_news
    ADD CONSTRAINT fk_seen_news_attendee_id_attendee FOREIGN KEY (attendee_id) REFERENCES attendee(id) ON DELETE CASCADE;

ALTER TABLE ONLY seen_news
    ADD CONSTRAINT fk_seen_news_colleague_id_attendee FOREIGN KEY (colleague_id) REFERENCES attendee(id) ON DELETE CASCADE;

ALTER TABLE ONLY seen_news
    ADD CONSTRAINT fk_seen_news_request_id_meeting_request FOREIGN KEY (request_id) REFERENCES meeting_request(id) ON DELETE CASCADE;

ALTER TABLE ONLY sign_in_link
    ADD CONSTRAINT fk_sign_in_link_account_id_account FOREIGN KEY (account_id) REFERENCES account(id);

ALTER TABLE ONLY slot
    ADD CONSTRAINT fk_slot_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY team_delegation
    ADD CONSTRAINT fk_team_delegation_account_id_account FOREIGN KEY (account_id) REFERENCES account(id);

ALTER TABLE ONLY team_delegation
    ADD CONSTRAINT fk_team_delegation_delegation_id_delegation FOREIGN KEY (delegation_id) REFERENCES delegation(id);

ALTER TABLE ONLY team_invitation
    ADD CONSTRAINT fk_team_invitation_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY team_invitation
    ADD CONSTRAINT fk_team_invitation_made_by_account FOREIGN KEY (made_by) REFERENCES account(id);

ALTER TABLE ONLY team_member
    ADD CONSTRAINT fk_team_member_account_id_account FOREIGN KEY (account_id) REFERENCES account(id);

ALTER TABLE ONLY team_member
    ADD CONSTRAINT fk_team_member_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY unscheduled_request
    ADD CONSTRAINT fk_unscheduled_request_version_id_schedule_version FOREIGN KEY (version_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY version_job
    ADD CONSTRAINT fk_version_job_asked_by_account FOREIGN KEY (asked_by) REFERENCES account(id);

ALTER TABLE ONLY version_job
    ADD CONSTRAINT fk_version_job_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);

ALTER TABLE ONLY version_job
    ADD CONSTRAINT fk_version_job_version_id_schedule_version FOREIGN KEY (version_id) REFERENCES schedule_version(id);

ALTER TABLE ONLY walking_time
    ADD CONSTRAINT fk_walking_time_from_hall_id_hall FOREIGN KEY (from_hall_id) REFERENCES hall(id);

ALTER TABLE ONLY walking_time
    ADD CONSTRAINT fk_walking_time_to_hall_id_hall FOREIGN KEY (to_hall_id) REFERENCES hall(id);

ALTER TABLE ONLY web_session
    ADD CONSTRAINT fk_web_session_account_id_account FOREIGN KEY (account_id) REFERENCES account(id);

ALTER TABLE ONLY what_if
    ADD CONSTRAINT fk_what_if_event_id_event FOREIGN KEY (event_id) REFERENCES event(id);
