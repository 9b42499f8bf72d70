"""The cases: replies in every order and client dialect, notes, mailing lists, machines, late replies."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from scheduler.domain.entities import Partstat
from tests.support import replies
from tests.support.incoming import smime
from tests.support.incoming.scene import Case, Scene

APPLIED, IGNORED, WAITS, REFUSED = "applied", "ignored", "waits", "refused"
HELD = (13 * 24 * 60) - 7 * 60 + 30
"""Minutes from NOW to the end of the meeting: from 24 November 08:00 to 7 December 01:30 UTC."""
OVER, CANCELLED, OLDER, UNCLEAR = (f"receipt {cause}" for cause in ("over", "cancelled", "older", "unclear"))

CASES: list[Case] = []


def case(
    name: str,
    outcomes: Sequence[str],
    effect: str,
    back: Sequence[str] = (),
    says: str = "",
    note: str | None = None,
    *,
    people: int = 1,
    named: bool = False,
) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Register a case. Its docstring describes it."""

    def register(play: Callable[[Scene], None]) -> Callable[[Scene], None]:
        about = (play.__doc__ or "").strip()
        CASES.append(Case(name, about, play, outcomes, effect, back, says, note, people=people, named=named))
        return play

    return register


# --- order of replies ---


@case("tie-two-taps", (APPLIED, APPLIED), "DECLINED, off")
def _(scene: Scene) -> None:
    """Two clicks within a second: yes, then no, with the same DTSTAMP."""
    scene.answer("ACCEPTED", made=4, came=5)
    scene.answer("DECLINED", made=4, came=6)


@case("tie-no-then-yes", (APPLIED, APPLIED), "ACCEPTED")
def _(scene: Scene) -> None:
    """No, then yes, with the same DTSTAMP: the meeting is not cancelled."""
    scene.answer("DECLINED", made=4, came=5)
    scene.answer("ACCEPTED", made=4, came=6)


@case("tie-tmail-reuses-its-stamp", (APPLIED, APPLIED), "DECLINED, off")
def _(scene: Scene) -> None:
    """TMail replies twice with the DTSTAMP of the first reply."""
    scene.dialect("tmail-accepted", came=5)
    scene.dialect("tmail-declined", came=65)


@case("tie-tmail-changes-its-mind-twice", (APPLIED, APPLIED, APPLIED), "ACCEPTED")
def _(scene: Scene) -> None:
    """TMail replies a third time, with the calendar of its first reply in a new email."""
    scene.dialect("tmail-accepted", came=5)
    scene.dialect("tmail-declined", came=65)
    scene.dialect("tmail-accepted", 125, lambda raw: raw.replace(b"<tmail-accepted@", b"<tmail-again@"))


@case("tie-the-same-answer", (APPLIED, IGNORED), "ACCEPTED")
def _(scene: Scene) -> None:
    """The same reply in two emails."""
    scene.answer("ACCEPTED", made=4, came=5, head="Message-ID: <a@x.example>\n")
    scene.answer("ACCEPTED", made=4, came=6, head="Message-ID: <b@x.example>\n")


@case("clock-ahead-three-hours", (APPLIED, APPLIED), "DECLINED, off")
def _(scene: Scene) -> None:
    """A phone whose clock is three hours ahead says yes, then a laptop with the right time says no."""
    scene.answer("ACCEPTED", made=185, came=5)
    scene.answer("DECLINED", made=20, came=21)


@case("clock-ahead-a-year", (APPLIED,), "ACCEPTED")
def _(scene: Scene) -> None:
    """With a clock a year ahead, a reply counts as made when it arrived."""
    scene.answer("ACCEPTED", made=365 * 24 * 60, came=5)


@case("clock-ahead-a-year-then-no", (APPLIED, APPLIED), "DECLINED, off")
def _(scene: Scene) -> None:
    """After a reply with a clock a year ahead, a later decline counts."""
    scene.answer("ACCEPTED", made=365 * 24 * 60, came=5)
    scene.answer("DECLINED", made=20, came=21)


@case("older-answer-arrives-later", (APPLIED, WAITS), "DECLINED, off", (OLDER,), "later reply")
def _(scene: Scene) -> None:
    """A yes made before the no, but delivered later."""
    scene.answer("DECLINED", made=10, came=11)
    scene.answer("ACCEPTED", made=3, came=30)


@case("older-decline-arrives-later", (APPLIED, WAITS), "ACCEPTED", (OLDER,), "later reply")
def _(scene: Scene) -> None:
    """A no made before the yes, but delivered later: the meeting stands, and an organiser sees the no."""
    scene.answer("ACCEPTED", made=10, came=11)
    scene.answer("DECLINED", made=3, came=30)


@case("older-answer-says-the-same", (APPLIED, IGNORED), "ACCEPTED")
def _(scene: Scene) -> None:
    """An older reply with the same status needs no attention."""
    scene.answer("ACCEPTED", made=10, came=11)
    scene.answer("ACCEPTED", made=3, came=30)


@case("delivered-again-with-other-headers", (APPLIED, APPLIED, IGNORED), "DECLINED, off")
def _(scene: Scene) -> None:
    """An applied email is delivered again by another route, after a later reply."""
    head = "Message-ID: <once@x.example>\n"
    scene.answer("ACCEPTED", made=3, came=4, head=head)
    scene.answer("DECLINED", made=10, came=11)
    scene.answer("ACCEPTED", made=3, came=30, head="Received: by another.example\n" + head)


@case("link-then-mail-in-a-second", (APPLIED, APPLIED), "DECLINED, off")
def _(scene: Scene) -> None:
    """A yes by the link, and a no by email in the same second."""
    scene.link(Partstat.ACCEPTED, came=5)
    scene.answer("DECLINED", made=5, came=6)


@case("offline-answer-after-the-link", (APPLIED, WAITS), "ACCEPTED", (OLDER,), "later reply")
def _(scene: Scene) -> None:
    """A no written offline before a yes by the link, and sent after it."""
    scene.link(Partstat.ACCEPTED, came=60)
    scene.answer("DECLINED", made=3, came=90)


@case("stamp-in-a-zone", (APPLIED,), "ACCEPTED")
def _(scene: Scene) -> None:
    """DTSTAMP with a TZID instead of UTC."""
    stamp = rb"DTSTAMP;TZID=Europe/Budapest:20261124T090100"
    scene.mail(re.sub(rb"DTSTAMP:\w+", stamp, replies.calendar(scene.row)))


@case("stamp-without-a-zone", (APPLIED,), "ACCEPTED")
def _(scene: Scene) -> None:
    """DTSTAMP in floating local time: its arrival counts."""
    scene.mail(re.sub(rb"DTSTAMP:\w+", rb"DTSTAMP:20261124T090100", replies.calendar(scene.row)))


@case("stamp-that-is-none", (WAITS,), "", (UNCLEAR,), "DTSTAMP")
def _(scene: Scene) -> None:
    """An invalid DTSTAMP."""
    scene.mail(re.sub(rb"DTSTAMP:\w+", rb"DTSTAMP:soon", replies.calendar(scene.row)))


# --- after the meeting or its cancellation ---


@case("late-decline", (WAITS,), "", (OVER,), "after the meeting")
def _(scene: Scene) -> None:
    """A decline three hours after the meeting, which took place."""
    scene.answer("DECLINED", made=HELD + 180, came=HELD + 181)


@case("late-decline-of-an-accepted-one", (APPLIED, WAITS), "ACCEPTED", (OVER,), "after the meeting")
def _(scene: Scene) -> None:
    """A calendar cleaned up 13 days after the event, for which Outlook sends a decline."""
    scene.answer("ACCEPTED")
    scene.answer("DECLINED", made=HELD + 13 * 1440, came=HELD + 13 * 1440 + 1)


@case("late-declines-get-one-receipt", (WAITS, WAITS), "", (OVER,), "after the meeting")
def _(scene: Scene) -> None:
    """Two late replies get one receipt."""
    scene.answer("DECLINED", made=HELD + 180, came=HELD + 181)
    scene.answer("TENTATIVE", made=HELD + 190, came=HELD + 191)


@case("late-yes-of-an-accepted-one", (APPLIED, IGNORED), "ACCEPTED", (), "after the meeting")
def _(scene: Scene) -> None:
    """The same reply again needs no attention."""
    scene.answer("ACCEPTED")
    scene.answer("ACCEPTED", made=HELD + 180, came=HELD + 181)


@case("late-refresh", (IGNORED,), "", (), "after the meeting")
def _(scene: Scene) -> None:
    """A REFRESH after the event: no invitation is sent."""
    scene.answer("ACCEPTED", method="REFRESH", made=HELD + 180, came=HELD + 181)


@case("late-counter", (WAITS,), "", (OVER,), "after the meeting")
def _(scene: Scene) -> None:
    """A COUNTER after the meeting."""
    start = scene.published.expo.slots[3].start
    scene.answer("TENTATIVE", method="COUNTER", start=start, made=HELD + 10, came=HELD + 11)


@case("late-link", (REFUSED,), "", (), "is over")
def _(scene: Scene) -> None:
    """A decline by the link after the meeting."""
    scene.link(Partstat.DECLINED, came=HELD + 60)


@case("decline-while-it-is-held", (APPLIED,), "DECLINED, off")
def _(scene: Scene) -> None:
    """A decline ten minutes after the start still counts, because the other side is waiting."""
    scene.answer("DECLINED", made=HELD - 20, came=HELD - 20)


@case("late-answer-to-an-older-version", (WAITS,), "", (OVER,), "after the meeting")
def _(scene: Scene) -> None:
    """A reply to an older revision after the end: the invitation is not sent again."""
    scene.published.publish_again(slot=1)
    scene.answer("DECLINED", made=HELD + 180, came=HELD + 181)


@case("yes-after-the-cancel", (APPLIED, WAITS), "DECLINED, off", (CANCELLED,), "already been cancelled")
def _(scene: Scene) -> None:
    """A yes after the CANCEL: the attendee must learn that the meeting is cancelled."""
    scene.answer("DECLINED")
    scene.published.publish_again()
    scene.answer("ACCEPTED", made=40, came=41)


@case("no-after-the-cancel", (APPLIED, IGNORED), "DECLINED, off", (), "already been cancelled")
def _(scene: Scene) -> None:
    """A no to a cancelled meeting changes nothing."""
    scene.answer("DECLINED")
    scene.published.publish_again()
    scene.answer("DECLINED", made=40, came=41)


@case("counter-after-the-cancel", (APPLIED, WAITS), "DECLINED, off", (CANCELLED,), "already been cancelled")
def _(scene: Scene) -> None:
    """A COUNTER for a cancelled meeting needs attention."""
    scene.answer("DECLINED")
    scene.published.publish_again()
    start = scene.published.expo.slots[3].start
    scene.answer("TENTATIVE", method="COUNTER", start=start, made=40, came=41)


@case("yes-to-a-withdrawn-one", (IGNORED,), "ACCEPTED, off", (), "counts if the request is restored")
def _(scene: Scene) -> None:
    """A late yes before the CANCEL is stored, and counts if the decline is taken back."""
    other = scene.published.mail_to(1)
    scene.published.receive(replies.calendar(other, "DECLINED"), other)
    scene.answer("ACCEPTED", made=7, came=8)


# --- texts: lists, machines, notes ---


@case("list-ezmlm", (WAITS,), "", (), "written by a person")
def _(scene: Scene) -> None:
    """ezmlm sets Precedence: bulk on every post."""
    scene.dialect("list-ezmlm")


@case("list-majordomo", (WAITS,), "", (), "written by a person")
def _(scene: Scene) -> None:
    """Majordomo sets Precedence: bulk too, and no other list header."""
    scene.dialect("list-majordomo")


@case("list-mailman", (WAITS,), "", (), "written by a person")
def _(scene: Scene) -> None:
    """Mailman sets Precedence: list."""
    scene.dialect("list-mailman")


@case("list-answer-too-late", (WAITS,), "", (), "after the meeting")
def _(scene: Scene) -> None:
    """No receipt is sent to a mailing list."""
    scene.answer(
        "DECLINED", made=HELD + 1, came=HELD + 2, head="Precedence: list\nList-Id: <s.firm.example>\n"
    )


@case("machine-answer-too-late", (WAITS,), "", (), "after the meeting")
def _(scene: Scene) -> None:
    """No receipt is sent to an auto-responder (RFC 3834)."""
    scene.answer("DECLINED", made=HELD + 1, came=HELD + 2, head="Auto-Submitted: auto-replied\n")


@case("vacation-bulk", (IGNORED,), "", (), "automatic message")
def _(scene: Scene) -> None:
    """An auto-responder with Precedence: bulk and Auto-Submitted."""
    scene.dialect("vacation-bulk")


@case("vacation-junk", (IGNORED,), "", (), "automatic message")
def _(scene: Scene) -> None:
    """An old auto-responder with Precedence: junk."""
    scene.dialect("vacation-junk")


ILL = "I am ill, could my colleague come?"


@case("note-in-the-text", (APPLIED,), "DECLINED, off", note=ILL)
def _(scene: Scene) -> None:
    """A decline with a note only in the text part."""
    scene.answer("DECLINED", content=f"Content-Type: text/plain; charset=utf-8\n\n{ILL}\n")


@case("note-in-the-html", (APPLIED,), "DECLINED, off", note=ILL)
def _(scene: Scene) -> None:
    """A decline with a note only in the HTML part."""
    html = f"<html><body><div>{ILL}</div><div>&nbsp;</div></body></html>"
    scene.answer("DECLINED", content=f"Content-Type: text/html; charset=utf-8\n\n{html}\n")


@case("note-above-the-invitation", (APPLIED,), "DECLINED, off", note=ILL)
def _(scene: Scene) -> None:
    """A note above the quoted invitation: only the note is extracted."""
    quoted = (
        "-----Original Message-----\nFrom: Expo <meetings@expo.example>\nSent: Tuesday\n"
        "Subject: Invitation: Mon 7 Dec\n\nMeeting with Firm 1\n"
    )
    scene.answer("DECLINED", content=f"Content-Type: text/plain\n\n{ILL}\n\n{quoted}")


@case("note-above-a-quotation", (APPLIED,), "DECLINED, off", note=ILL)
def _(scene: Scene) -> None:
    """A note above quoted lines."""
    quoted = "On Tue, Nov 24, 2026 at 9:00 AM Expo <meetings@expo.example> wrote:\n> Meeting with Firm 1\n"
    scene.answer("DECLINED", content=f"Content-Type: text/plain\n\n{ILL}\n\n{quoted}")


@case("note-in-chinese", (APPLIED,), "DECLINED, off", note="我病了，可以请同事参加吗？")
def _(scene: Scene) -> None:
    """A note in another script."""
    text = "我病了，可以请同事参加吗？"
    scene.answer("DECLINED", content=f"Content-Type: text/plain; charset=utf-8\n\n{text}\n")


@case("note-of-the-calendar-first", (APPLIED,), "DECLINED, off", note="On another stand")
def _(scene: Scene) -> None:
    """A calendar's COMMENT takes precedence as the note."""
    scene.answer(
        "DECLINED",
        lines="COMMENT:On another stand\n",
        content="Content-Type: text/plain\n\nF0-P0 has declined: On another stand\n",
    )


@case("no-note-but-googles-words", (APPLIED,), "DECLINED, off", note="")
def _(scene: Scene) -> None:
    """Text generated by Google Calendar is no note."""
    text = (
        "f0-p0@firm.example has declined this invitation.\n\nMeeting with Firm 1\nMonday Dec 7, 2026 ⋅ 9am\n"
        "\nInvitation from Google Calendar: https://calendar.google.com/calendar/\n"
    )
    scene.answer("DECLINED", content=f"Content-Type: text/plain; charset=utf-8\n\n{text}")


@case("no-note-but-thunderbirds-words", (APPLIED,), "DECLINED, off", note="")
def _(scene: Scene) -> None:
    """Text generated by Thunderbird is no note."""
    text = "Peter Nagy has declined your event invitation."
    scene.answer("DECLINED", content=f"Content-Type: text/plain\n\n{text}\n")


@case("note-with-a-yes", (APPLIED,), "ACCEPTED", note="I bring two samples.")
def _(scene: Scene) -> None:
    """A note with a yes."""
    scene.answer("ACCEPTED", content="Content-Type: text/plain\n\nI bring two samples.\n")


@case("words-without-an-answer", (WAITS,), "", (UNCLEAR,), "neither accepts nor declines")
def _(scene: Scene) -> None:
    """NEEDS-ACTION with a comment: no valid reply, but written by a person."""
    scene.answer("NEEDS-ACTION", lines="COMMENT:Could we meet at our stand?\n")


# --- many replies, and loops ---


@case("the-21st-of-a-day", (WAITS,) * 20 + (APPLIED,), "DECLINED, off")
def _(scene: Scene) -> None:
    """After twenty emails in a day, the newest one is a reply that counts."""
    for number in range(20):
        scene.words(f"Question number {number}: where do we meet?", came=5 + number)
    scene.answer("DECLINED", made=40, came=41)


@case("an-old-answer-every-12-minutes", (IGNORED,) * 18, "", ("REQUEST",))
def _(scene: Scene) -> None:
    """A robot repeats a reply to an older revision: the invitation is resent once, not eighteen times."""
    scene.published.publish_again(slot=3)
    for number in range(18):
        scene.answer("ACCEPTED", sequence=0, made=40 + 12 * number, came=41 + 12 * number)


@case("another-answer-to-an-older-version", (IGNORED, WAITS), "", ("REQUEST", UNCLEAR))
def _(scene: Scene) -> None:
    """A different reply to an older revision, hours after a resend, does not resend again."""
    scene.published.publish_again(slot=3)
    for minutes, partstat in ((40, "ACCEPTED"), (400, "DECLINED")):
        scene.answer(partstat, sequence=0, made=minutes, came=minutes + 1)


@case("a-refresh-every-12-minutes", (APPLIED,) * 3 + (IGNORED,) * 15, "", ("REQUEST",) * 3)
def _(scene: Scene) -> None:
    """A robot sends REFRESH repeatedly: at most three invitations a day are sent."""
    for number in range(18):
        scene.answer("ACCEPTED", method="REFRESH", made=12 * number, came=1 + 12 * number)


def _to_all(count: int) -> str:
    return "To: " + ",\n ".join(f"Person {n} of the Firm <person{n}@firm{n}.example>" for n in range(count))


@case("reply-to-all-60", (APPLIED,), "ACCEPTED")
def _(scene: Scene) -> None:
    """A reply to sixty people has a long To header."""
    scene.answer("ACCEPTED", head=_to_all(60) + "\n")


@case("reply-to-all-of-3-mb", (WAITS,), "", (), "too long")
def _(scene: Scene) -> None:
    """An excessive To header is rejected."""
    scene.answer("ACCEPTED", head="To: " + ",\n ".join([100 * "a@b.example, "] * 2_000) + "\n")


# --- time zones and times ---


@case("notes-accepted", (APPLIED,), "ACCEPTED")
def _(scene: Scene) -> None:
    """HCL Notes: a VTIMEZONE with BYHOUR and BYMINUTE."""
    scene.dialect("notes-accepted")


@case("notes-declined", (APPLIED,), "DECLINED, off", note="I am at the other hall then.")
def _(scene: Scene) -> None:
    """HCL Notes: a decline with a note."""
    scene.dialect("notes-declined")


@case("notes-counter", (APPLIED,), "slots [2]")
def _(scene: Scene) -> None:
    """HCL Notes: a COUNTER."""
    scene.dialect("notes-counter")


@case("notes-by-setpos", (APPLIED,), "ACCEPTED")
def _(scene: Scene) -> None:
    """A VTIMEZONE with BYSETPOS and BYSECOND."""
    scene.dialect("notes-by-setpos")


@case("zone-by-day-of-year", (APPLIED,), "ACCEPTED")
def _(scene: Scene) -> None:
    """A VTIMEZONE with BYYEARDAY."""
    scene.dialect("zone-by-day-of-year")


@case("zone-of-millions", (WAITS,), "", (), "recurring")
def _(scene: Scene) -> None:
    """A VTIMEZONE that changes every second is rejected."""
    hours, minutes = (",".join(map(str, range(n))) for n in (24, 60))
    rule = f"RRULE:FREQ=YEARLY;BYHOUR={hours};BYMINUTE={minutes};BYSECOND={minutes}"
    scene.dialect(
        "notes-accepted", 5, lambda raw: raw.replace(b"RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2", rule.encode())
    )


@case("exchange-customized-accepted", (APPLIED,), "ACCEPTED")
def _(scene: Scene) -> None:
    """Exchange: a zone named Customized Time Zone."""
    scene.dialect("exchange-customized-accepted")


@case("exchange-customized-counter", (APPLIED,), "slots [2]")
def _(scene: Scene) -> None:
    """A COUNTER in that zone, which is defined by the email alone."""
    scene.dialect("exchange-customized-counter")


@case("exchange-customized-otherwise", (APPLIED, APPLIED), "slots [2]")
def _(scene: Scene) -> None:
    """Two emails with different zones of that name: each uses its own definition."""
    elsewhere = b"DTSTART;TZID=Customized Time Zone:20261207T083000"
    until = b"DTEND;TZID=Customized Time Zone:20261207T090000"

    def in_india(raw: bytes) -> bytes:
        moved = raw.replace(b"+0800", b"+0530").replace(b"exchange-customized-counter@", b"india@")
        timed = re.sub(rb"DTSTART;TZID=Customized Time Zone:\w+", elsewhere, moved)
        return re.sub(rb"DTEND;TZID=Customized Time Zone:\w+", until, timed)

    scene.dialect("exchange-customized-counter", 5, in_india)
    scene.dialect("exchange-customized-counter", 30, lambda raw: raw.replace(b"T080001Z", b"T082001Z"))


@case("zone-differs-from-its-name", (APPLIED,), "slots [2]")
def _(scene: Scene) -> None:
    """A TZID that is a known name with a different VTIMEZONE: the email's definition counts."""
    scene.dialect(
        "exchange-customized-counter", 5, lambda raw: raw.replace(b"Customized Time Zone", b"Europe/London")
    )


@case("evolution-counter", (APPLIED,), "slots [2]")
def _(scene: Scene) -> None:
    """Evolution: a freeassociation zone with RDATE."""
    scene.dialect("evolution-counter")


def _counter(scene: Scene, times: str) -> None:
    scene.answer("TENTATIVE", method="COUNTER", lines=times)


@case("counter-without-an-end", (APPLIED,), "slots [2]")
def _(scene: Scene) -> None:
    """A COUNTER with DTSTART alone has the meeting's duration."""
    _counter(scene, "DTSTART:20261207T020000Z\n")


@case("counter-of-a-whole-day", (APPLIED,), "slots [1, 2, 3, 4, 5]")
def _(scene: Scene) -> None:
    """An all-day COUNTER: any time of that day at the venue."""
    _counter(scene, "DTSTART;VALUE=DATE:20261207\nDTEND;VALUE=DATE:20261208\n")


@case("counter-of-the-same-time", (APPLIED,), "", ("DECLINECOUNTER",), "already at that time")
def _(scene: Scene) -> None:
    """A COUNTER with the meeting's own time."""
    _counter(scene, "DTSTART:20261207T010000Z\nDTEND:20261207T013000Z\n")


@case("counter-without-a-zone", (WAITS,), "", (UNCLEAR,), "without a time zone")
def _(scene: Scene) -> None:
    """A COUNTER in floating time."""
    _counter(scene, "DTSTART:20261207T100000\nDTEND:20261207T103000\n")


@case("counter-in-an-unknown-zone", (WAITS,), "", (UNCLEAR,), "unknown time zone")
def _(scene: Scene) -> None:
    """A COUNTER with an undefined TZID."""
    _counter(scene, "DTSTART;TZID=Nowhere/Land:20261207T100000\n")


@case("instance-at-the-meetings-time", (APPLIED,), "ACCEPTED")
def _(scene: Scene) -> None:
    """RECURRENCE-ID at the meeting's start: the meeting itself."""
    scene.answer("ACCEPTED", lines="RECURRENCE-ID:20261207T010000Z\n")


@case("instance-at-another-time", (WAITS,), "", (UNCLEAR,), "series")
def _(scene: Scene) -> None:
    """RECURRENCE-ID at another time: the meeting has no such instance."""
    scene.answer("ACCEPTED", lines="RECURRENCE-ID:20261208T010000Z\n")


# --- signed and rewritten ---


def _entity(raw: bytes) -> tuple[bytes, bytes]:
    """Return the headers of the email without those of its content, and the content with its own."""
    head, _, body = raw.partition(b"\r\n\r\n")
    kept, _, kind = head.rpartition(b"Content-Type:")
    return kept, b"Content-Type:" + kind + b"\r\n\r\n" + body


def _wrapped(scene: Scene, raw: bytes, cms: Callable[[bytes], bytes], kind: str = "signed-data") -> None:
    kept, entity = _entity(raw)
    scene.mail(kept + smime.part(cms(entity), kind).replace("\n", "\r\n").encode())


@case("smime-opaque", (APPLIED,), "DECLINED, off")
def _(scene: Scene) -> None:
    """Opaque signed, so readable by everyone."""
    _wrapped(scene, replies.calendar(scene.row, "DECLINED"), smime.signed)


@case("smime-opaque-streamed", (APPLIED,), "ACCEPTED")
def _(scene: Scene) -> None:
    """Opaque signed with indefinite lengths."""
    _wrapped(scene, replies.calendar(scene.row, "ACCEPTED"), smime.streamed)


@case("smime-opaque-words", (WAITS,), "", (), "written by a person")
def _(scene: Scene) -> None:
    """An opaque signed text."""
    _wrapped(scene, replies.mail(scene.row, "Content-Type: text/plain\n\nMay I bring Eva?\n"), smime.signed)


@case("smime-broken", (WAITS,), "", (), "can't be read")
def _(scene: Scene) -> None:
    """A malformed opaque signature."""
    _wrapped(scene, replies.calendar(scene.row), lambda entity: b"\x30\x84\xff\xff\xff\xff" + entity[:40])


@case("smime-sealed", (WAITS,), "", (), "doesn't have the key")
def _(scene: Scene) -> None:
    """An encrypted email, which requires a key."""
    _wrapped(scene, replies.calendar(scene.row), lambda _: b"\x30\x03\x02\x01\x00", "enveloped-data")


@case("exchange-rewritten", (APPLIED,), "DECLINED, off", note="I am needed in Hall 7")
def _(scene: Scene) -> None:
    """Exchange rewrites the calendar part and leaves the attachment: one reply, with its comment."""
    scene.dialect("exchange-rewritten-declined")


@case("two-answers-that-differ", (WAITS,), "", (UNCLEAR,), "contradict")
def _(scene: Scene) -> None:
    """Two parts that contradict each other."""
    scene.dialect("two-answers-that-differ")


# --- machines ---


def _away(scene: Scene, subjects: Sequence[str]) -> None:
    for number, subject in enumerate(subjects):
        scene.words("...", came=5 + number, subject=subject, head=f"X-Number: {number}\n")


AWAY_WEST = (
    "Respuesta automática: Invitation",
    "Fuera de la oficina",
    "Risposta automatica: Invitation",
    "Fuori ufficio",
    "Resposta automática: Invitation",
    "Fora do escritório",
    "Automatisch antwoord: Invitation",
    "Afwezig",
    "Automatiskt svar: Invitation",
    "Frånvarande",
    "Autosvar: Invitation",
    "Automatisk svar: Invitation",
    "Réponse automatique : Invitation",
    "Absent du bureau",
    "Abwesend",
    "Automaattinen vastaus: Invitation",
)
AWAY_EAST = (
    "Automatyczna odpowiedź: Invitation",
    "Autoodpowiedź: Invitation",
    "Poza biurem",
    "Automatická odpověď: Invitation",
    "Mimo kancelář",
    "Автоответ: Invitation",
    "Автоматический ответ: Invitation",
    "Вне офиса",
    "Nem vagyok az irodában",
    "Automatikus válasz: Meghívó",
    "Szabadságon vagyok",
    "Otomatik Yanıt: Invitation",
    "Răspuns automat: Invitation",
)
AWAY_ASIA = (
    "자동 회신: Invitation",
    "부재중",
    "자동응답",
    "Trả lời tự động: Invitation",
    "Vắng mặt",
    "رد تلقائي: Invitation",
    "خارج المكتب",
    "外出",
    "【自动回复】 Invitation",
    "[自动回复] Invitation",
    "自动回复：Invitation",
    "不在办公室",
    "自動返信: Invitation",
    "不在",
    "休假中",
)


@case("away-in-the-west", (IGNORED,) * len(AWAY_WEST), "", (), "automatic message")
def _(scene: Scene) -> None:
    """Out-of-office replies without headers, in western and northern European languages."""
    _away(scene, AWAY_WEST)


@case("away-in-the-east", (IGNORED,) * len(AWAY_EAST), "", (), "automatic message")
def _(scene: Scene) -> None:
    """Out-of-office replies in eastern European languages and Turkish."""
    _away(scene, AWAY_EAST)


@case("away-in-asia", (IGNORED,) * len(AWAY_ASIA), "", (), "automatic message")
def _(scene: Scene) -> None:
    """Out-of-office replies in Asian languages and Arabic."""
    _away(scene, AWAY_ASIA)


@case("away-but-a-person", (WAITS,) * 4, "", (), "written by a person")
def _(scene: Scene) -> None:
    """Subjects of people that begin like out-of-office replies."""
    subjects = (
        "Out of office on Tuesday, please move it",
        "Afwezig op dinsdag",
        "外出时可以换时间吗",
        "Re: Automatic reply: Invitation",
    )
    _away(scene, subjects)


@case("bounce-with-a-comment", (APPLIED,), "", (), "sent once more")
def _(scene: Scene) -> None:
    """Action: failed (user unknown), with an RFC 822 comment."""
    scene.dialect("bounce-action-with-a-comment")


@case("forwarding-notice", (IGNORED,), "", (), "forward")
def _(scene: Scene) -> None:
    """Exchange reports that the invitation was forwarded: no bounce, and no address is invalid."""
    scene.dialect("exchange-forwarding-notice")


@case("complaint", (APPLIED,), "", (), "as spam")
def _(scene: Scene) -> None:
    """A spam complaint (RFC 5965): no more summaries and digests are sent to the reader."""
    scene.dialect("complaint")


@case("complaint-automatic", (APPLIED,), "", (), "as spam")
def _(scene: Scene) -> None:
    """A spam complaint with Auto-Submitted, which is no out-of-office reply."""
    scene.dialect("complaint-automatic")


# --- other people, and our other addresses ---


@case("reply-to-a-digest", (WAITS,), "")
def _(scene: Scene) -> None:
    """A reply "Yes, we accept" to a digest."""
    scene.mail(
        replies.mail(scene.row, "Content-Type: text/plain\n\nYes, we accept.\n"), to="requests@expo.example"
    )


@case("reply-to-a-letter", (WAITS,), "")
def _(scene: Scene) -> None:
    """A reply to a letter of the team."""
    scene.mail(replies.mail(scene.row, "Content-Type: text/plain\n\nWho are you?\n"), to="desk@expo.example")


@case("delegation-to-a-colleague", (APPLIED,), "DECLINED, without f0-p0", people=2)
def _(scene: Scene) -> None:
    """iTIP delegation to a colleague in the event, who goes instead."""
    colleague = scene.published.person(0, 1).email
    scene.answer(
        "DELEGATED", lines=f'ATTENDEE;PARTSTAT=NEEDS-ACTION;DELEGATED-FROM="mailto:{scene.row.to_address}":'
        f"mailto:{colleague}\n",
    )  # fmt: skip


@case("delegation-to-a-stranger", (WAITS,), "")
def _(scene: Scene) -> None:
    """iTIP delegation to an unknown person."""
    scene.dialect("delegation")


@case("a-colleague-accepts", (WAITS,), "", (), "colleague", people=2)
def _(scene: Scene) -> None:
    """A forwarded invitation that a colleague accepts: an organiser decides who goes."""
    scene.answer("ACCEPTED", attendee=scene.published.person(0, 1).email)


@case("a-colleague-declines", (WAITS,), "", (), "colleague", people=2)
def _(scene: Scene) -> None:
    """A forwarded invitation that a colleague declines: the invited person still comes."""
    scene.answer("DECLINED", attendee=scene.published.person(0, 1).email)
