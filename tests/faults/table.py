"""Every fault, how it is injected, what is promised, and the tests that compare both.

`python -m tests.faults.table` prints the tests, each once, for `make faults`. Emails "arrive once" by the
auditor: none is lost, none comes twice, no SEQUENCE goes back, and calendars show the published schedule.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

SENDING = "tests/faults/test_sending_faults.py"
PUBLISHING = "tests/faults/test_publishing_faults.py"
DEATH = "tests/faults/test_worker_death.py"
SENDER = "tests/faults/test_mail_worker_death.py"
BROKER = "tests/faults/test_broker_death.py"
CLOCK = "tests/faults/test_clock_death.py"
WEB = "tests/faults/test_web_death.py"
DRAIN = "tests/faults/test_worker_drain.py"
FAILOVER = "tests/faults/test_database_failover.py"
WORKERS = "tests/integration/workers/test_workers.py"
TICKS = "tests/integration/workers/test_ticks.py"
RECEIVING = "tests/integration/emails/inbound/test_receiving.py"
RUNBOOKS = "tests/integration/operations/test_runbooks.py"
SPLIT = "tests/e2e/test_split.py"
STACK = "tests/e2e/test_stack.py"
HEALTH = "tests/integration/api/test_health.py"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and the tests that inject it."""

    name: str
    injected: str
    promised: str
    tests: tuple[str, ...]


ONCE: Final = "all emails arrive once"
IN_FLIGHT: Final = "all emails arrive; only the one in flight may come twice, in the same octets"
REFUSED: Final = f"{SENDING}::test_what_a_mail_server_refuses_for_a_while_arrives_once"
DEATH_OF_WEB: Final = (
    f"{WEB}::test_a_killed_worker_leaves_the_rest_to_the_other_and_a_stopped_web_answers_what_is_in_flight"
)

FAULTS: Final = (
    # Sending
    Fault(
        "the mail worker is killed while it sends",
        "SIGKILL of the worker and its pool, by the mail server at an email",
        IN_FLIGHT,
        (f"{DEATH}::test_mails_of_a_killed_worker_all_arrive_and_only_the_one_in_flight_twice",),
    ),
    Fault(
        "a sending process is killed",
        "SIGKILL of a sender at each of its steps, and a kill before each of its commits",
        IN_FLIGHT,
        (
            f"{SENDER}::test_mails_of_a_killed_sender_all_arrive_and_only_the_one_in_flight_twice",
            f"{SENDER}::test_a_sender_killed_at_any_step_loses_no_mail_and_makes_no_new_one",
            f"{SENDING}::test_a_sender_that_is_killed_before_any_of_its_commits_loses_no_email",
        ),
    ),
    Fault("the mail server says 451 to all", "replies after DATA", ONCE, (REFUSED,)),
    Fault("the mail server says 550 to all", "replies after DATA", ONCE, (REFUSED,)),
    Fault("the mail server resets connections", "resets after DATA", ONCE, (REFUSED,)),
    Fault(
        "the mail server greylists each recipient",
        "451 4.7.1 to the first attempt",
        ONCE,
        (
            REFUSED,
            (
                "tests/integration/delivery/test_mail_routes.py"
                "::test_greylisting_pauses_its_own_domain_and_not_the_mail_server"
            ),
        ),
    ),
    Fault(
        "the mail server is down",
        "a port that nobody listens on",
        ONCE,
        (f"{SENDING}::test_emails_wait_for_a_mail_server_that_is_down",),
    ),
    Fault(
        "the mail server takes an email and says nothing",
        "a reset instead of the reply, once the email is stored",
        IN_FLIGHT,
        (f"{SENDING}::test_an_email_that_was_taken_without_a_reply_may_arrive_twice_and_no_other",),
    ),
    Fault(
        "the mail server hangs after DATA",
        "no reply until the timeout, once the email is stored",
        IN_FLIGHT,
        (f"{SENDING}::test_of_a_mail_server_that_hangs_after_an_email_only_this_one_comes_twice",),
    ),
    Fault(
        "the mail server accepts connections and says no word",
        "no greeting until the timeout",
        ONCE,
        (f"{SENDING}::test_emails_wait_for_a_mail_server_that_accepts_connections_and_says_no_word",),
    ),
    Fault(
        "the mail server drips its reply",
        "an octet at a time, without an end",
        "the connection ends at its deadline",
        (
            (
                "tests/unit/invites/test_transport.py"
                "::test_a_reply_that_comes_octet_by_octet_and_never_ends_ends_the_connection"
            ),
        ),
    ),
    Fault(
        "the broker is away, or comes back empty, while emails wait",
        "no broker at the address; an empty broker",
        "the next tick sends the tasks again",
        (
            f"{WORKERS}::test_a_broker_that_is_away_loses_nothing",
            f"{TICKS}::test_time_goes_on_without_a_broker",
            f"{TICKS}::test_a_tick_sends_for_mails_that_wait",
        ),
    ),
    Fault(
        "PostgreSQL restarts while emails are sent",
        "ends all connections at an email",
        IN_FLIGHT,
        (f"{SENDING}::test_a_database_that_ends_all_connections_in_the_middle_loses_no_email",),
    ),
    Fault(
        "the database server is lost while emails are sent",
        "SIGKILL of the primary at an email; its synchronous standby is promoted",
        IN_FLIGHT,
        (f"{FAILOVER}::test_a_sender_goes_on_with_the_standby_and_loses_no_email",),
    ),
    Fault(
        "a process stands still",
        "a main loop that doesn't return",
        "it ends itself, and its supervisor starts it again",
        ("tests/unit/project/test_watchdog.py::test_a_loop_that_stands_still_ends_its_process",),
    ),
    Fault(
        "the mail worker is stopped while it sends",
        "a stop in the middle of a batch",
        ONCE,
        (
            (
                "tests/integration/delivery/test_sending.py"
                "::test_a_sender_that_is_asked_to_stop_gives_the_rest_back_for_the_next_one"
            ),
        ),
    ),
    Fault(
        "the clock is killed",
        "SIGKILL of the clock in a tick, and a kill before each of its commits",
        "the next clock goes on; all emails arrive once",
        (
            f"{CLOCK}::test_a_clock_that_is_killed_in_a_tick_leaves_the_rest_to_the_next_one",
            f"{CLOCK}::test_a_clock_that_is_killed_before_any_of_its_commits_loses_and_repeats_nothing",
        ),
    ),
    Fault(
        "there are two clocks and two mail workers",
        "both at once",
        ONCE,
        (
            f"{TICKS}::test_of_two_clocks_one_ticks",
            f"{SENDING}::test_two_senders_at_once_send_each_email_once",
        ),
    ),
    Fault(
        "operators pause the site in the middle of sending",
        "a pause at an email",
        ONCE,
        (f"{SENDING}::test_a_pause_in_the_middle_sends_nothing_more_and_loses_nothing",),
    ),
    # Runs
    Fault(
        "a solve worker is killed in a search",
        "SIGKILL of the worker and its pool",
        "the second attempt finishes, and there is one draft",
        (f"{DEATH}::test_a_run_whose_worker_is_killed_is_taken_up_again_and_then_the_next_can_start",),
    ),
    Fault(
        "the process of a search is killed",
        "SIGKILL of the pool process, or of all",
        "the next process takes the run up at once",
        (f"{WORKERS}::test_a_run_whose_worker_is_killed_is_taken_up_by_the_next_one_at_once",),
    ),
    Fault(
        "a solve worker is stopped in a search",
        "SIGTERM",
        "it finishes the search if there is time; otherwise another starts it, and no attempt counts",
        (
            f"{DRAIN}::test_a_stopped_worker_finishes_a_search_for_which_there_is_time",
            f"{DRAIN}::test_a_stopped_worker_puts_back_a_search_only_when_its_time_is_up",
        ),
    ),
    Fault(
        "the database is away when a search ends",
        "errors of the driver",
        "the plan is kept, and the run finishes",
        (
            (
                "tests/integration/planning/runs/test_execution_database_away.py"
                "::test_a_plan_is_kept_however_often_the_database_does_not_answer"
            ),
        ),
    ),
    Fault(
        "the broker goes away in a search",
        "ends the connections to the broker",
        "the search goes on alone",
        (
            (
                "tests/integration/planning/runs/test_distribution.py"
                "::test_a_broker_that_goes_away_leaves_the_run_alone_and_raises_nothing"
            ),
        ),
    ),
    Fault(
        "the broker is away when a run is requested",
        "no task is sent",
        "a tick sends it",
        (f"{TICKS}::test_a_tick_sends_the_runs_that_are_due",),
    ),
    Fault(
        "a helper on another host dies in a search",
        "SIGKILL once it has a subproblem; a loss before it is ready",
        "the run finishes at its first attempt",
        (
            f"{SPLIT}::test_a_second_worker_that_is_killed_in_the_middle_costs_the_run_nothing",
            (
                "tests/integration/planning/runs/test_distribution.py"
                "::test_a_helper_that_is_lost_before_it_is_ready_is_not_counted_and_its_call_is_renewed"
            ),
        ),
    ),
    Fault(
        "a helper on another host is stopped",
        "SIGTERM",
        "the run finishes at its first attempt",
        (f"{SPLIT}::test_a_second_worker_that_shuts_down_leaves_its_part",),
    ),
    # Publications
    Fault(
        "the jobs worker is killed in a publication",
        "a kill before each of its commits",
        ONCE,
        (f"{PUBLISHING}::test_a_worker_that_is_killed_before_any_of_its_commits_notifies_everyone_once",),
    ),
    Fault(
        "the process of a publication is killed",
        "SIGKILL of the pool process",
        "the next process takes the job up at once",
        (f"{WORKERS}::test_a_job_whose_process_was_killed_is_taken_up_at_once",),
    ),
    Fault(
        "PostgreSQL restarts in a publication",
        "ends all connections between two steps",
        ONCE,
        (
            (
                f"{PUBLISHING}"
                "::test_a_database_that_ends_all_connections_between_two_steps_delays_the_publication_only"
            ),
        ),
    ),
    Fault(
        "the database server is lost in a publication",
        "SIGKILL of the primary while people read pages; its synchronous standby is promoted",
        f"{ONCE}; pages respond with 503 and Retry-After, then as before",
        (f"{FAILOVER}::test_a_publication_goes_on_with_the_standby_while_people_read_pages",),
    ),
    Fault(
        "the broker goes away in a publication",
        "SIGKILL of the broker while a worker waits for a row, and then a new one",
        ONCE,
        (f"{BROKER}::test_a_publication_goes_on_without_its_broker_and_the_next_one_by_the_new_broker",),
    ),
    Fault(
        "the jobs worker is stopped in a publication",
        "a stop at each of its polls",
        ONCE,
        (f"{PUBLISHING}::test_a_worker_that_shuts_down_leaves_the_rest_to_the_next",),
    ),
    Fault(
        "two workers get the same publication",
        "the same job twice",
        ONCE,
        (f"{PUBLISHING}::test_two_workers_with_one_publication_do_it_once",),
    ),
    # Received emails
    Fault(
        "the database is away when an email is handed in by LMTP",
        "an error instead of storing it",
        "451: the mail server tries again",
        (f"{RECEIVING}::test_lmtp_asks_to_try_again_when_the_mail_cannot_be_kept",),
    ),
    Fault(
        "the broker is away when an email is handed in by LMTP",
        "the receiver has no network to it",
        "the email is taken",
        (
            (
                "tests/unit/project/test_compose.py"
                "::test_the_receiver_reaches_the_database_and_not_the_broker_and_data_has_no_way_out"
            ),
        ),
    ),
    Fault(
        "the receiver dies before it replies",
        "the mail server hands the email in again",
        "it counts once",
        (f"{RECEIVING}::test_a_mail_handed_in_twice_counts_once",),
    ),
    Fault(
        "the mailbox can't be read",
        "no server, a wrong password, no folder",
        "an alert; emails stay unread",
        (f"{RECEIVING}::test_a_mailbox_that_cannot_be_read_is_a_sentence",),
    ),
    Fault(
        "the mailbox gives an email not at all",
        "an error for one email",
        "the others are read",
        (f"{RECEIVING}::test_a_mail_that_the_mailbox_does_not_give_keeps_none_back",),
    ),
    # Web, clock, schema
    Fault(
        "the database is away, and people request pages",
        "no database at the address",
        "503 with Retry-After, and the page says so",
        (
            (
                "tests/integration/storage/test_database_away.py"
                "::test_a_page_says_that_it_is_not_available_and_when_to_try_again"
            ),
        ),
    ),
    Fault(
        "a web process is killed",
        "SIGKILL of the gunicorn worker with a request in flight",
        "nothing of the request is done, the other worker answers, and a new one is started",
        (DEATH_OF_WEB,),
    ),
    Fault(
        "the web is stopped with requests in flight",
        "SIGTERM of gunicorn",
        "they are answered",
        (DEATH_OF_WEB,),
    ),
    Fault(
        "the last tick is in the future",
        "a clock that is set back",
        "ticks go on",
        (f"{TICKS}::test_a_clock_that_was_set_back_does_not_stop_the_ticks",),
    ),
    Fault(
        "the schema is newer than the code",
        "another revision in the database",
        "every role waits, and says why",
        (
            "tests/integration/storage/test_schema_mismatch.py::test_no_role_uses_a_database_of_another_version",
        ),
    ),
    # The machine
    Fault(
        "the supervisor is killed",
        "SIGKILL",
        "no child is left, and the data is found again",
        (
            "tests/integration/chainmeet/test_supervisor.py::test_a_killed_supervisor_leaves_nothing",
            f"{STACK}::test_a_killed_stack_leaves_nothing_and_its_data_is_found_again_until_ctrl_c",
        ),
    ),
    Fault(
        "Ctrl-C in a search",
        "SystemExit in the process",
        "the run waits for the next start",
        (
            (
                "tests/integration/planning/runs/test_execution_stops.py"
                "::test_a_process_that_is_told_to_exit_puts_its_run_back"
            ),
        ),
    ),
    Fault(
        "a port is taken",
        "another server on it",
        "a sentence with what to do",
        (f"{STACK}::test_a_taken_port_is_named_with_what_to_do",),
    ),
    Fault(
        "a disk is full",
        "the database's error; little free space",
        "/readyz names it",
        (
            f"{HEALTH}::test_a_disk_that_a_write_found_full_is_named",
            f"{HEALTH}::test_a_disk_with_little_room_is_named",
        ),
    ),
    Fault(
        "the power fails in a small installation",
        "SIGKILL of everything while emails are sent",
        IN_FLIGHT,
        (
            "tests/e2e/test_small_installation.py::test_after_a_power_failure_every_email_is_sent_and_none_is_lost",
        ),
    ),
    Fault(
        "the server is lost",
        "the database is gone, and its dump from before two publications is restored",
        "calendars end right, by the journal",
        (
            f"{RUNBOOKS}::test_a_lost_server_is_restored_from_its_dump_and_calendars_end_right",
            (
                "tests/integration/operations/test_restore_drill.py"
                "::test_after_a_restore_ten_calendars_end_right"
            ),
        ),
    ),
    Fault(
        "a wrong schedule is published",
        "a draft that nobody wants, stopped in the middle of its emails",
        "calendars end as they were, and who got no email gets none",
        (
            (
                f"{RUNBOOKS}"
                "::test_after_a_wrong_schedule_everyone_has_the_one_before_and_most_were_never_bothered"
            ),
        ),
    ),
)

if __name__ == "__main__":
    sys.stdout.write(" ".join(dict.fromkeys(test for fault in FAULTS for test in fault.tests)) + "\n")
