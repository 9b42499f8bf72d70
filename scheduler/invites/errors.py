"""What can go wrong between the schedule and somebody's calendar."""

from __future__ import annotations

from scheduler.domain.errors import ChainmeetError


class CancelledUid(ChainmeetError):
    """A meeting is wanted under a UID that was cancelled for this attendee. Give it a new UID."""

    code = "cancelled-uid"

    def __init__(self, uid: str, attendee_id: int) -> None:
        self.uid, self.attendee_id = uid, attendee_id
        super().__init__(
            f"Attendee {attendee_id} was told that {uid} is cancelled. A cancelled UID never comes back: "
            "give the meeting a new one."
        )


class SendFailure(ChainmeetError):
    """The server did not accept a mail. `reply_code` is its SMTP code, or None if it gave none.

    `is_of_recipient` says that it answered the address of the recipient so (RFC 5321 3.3, RCPT), before the
    mail itself.
    """

    code = "send-failure"

    def __init__(
        self, recipient: str, reply_code: int | None, reply: str, *, is_of_recipient: bool = False
    ) -> None:
        self.recipient, self.reply_code, self.reply = recipient, reply_code, reply
        self.is_of_recipient = is_of_recipient
        said = f"{reply_code} {reply}" if reply_code else reply
        super().__init__(f"The mail to {recipient} was not taken: {said}" if recipient else reply)


class TemporaryFailure(SendFailure):
    """The server may accept the same mail later: a 4xx reply (RFC 5321 4.2.1)."""

    code = "temporary-failure"


class PermanentFailure(SendFailure):
    """The server will never accept the same mail: a 5xx reply about it or its addresses."""

    code = "permanent-failure"


class ConnectionFailure(TemporaryFailure):
    """The connection, the sign-in or the whole server failed, not this mail. Connect again for the next.

    If it came in the middle of a mail, the server may have accepted that mail. Sending it again sends the
    same mail with the same Message-ID.
    """

    code = "connection-failure"


class MailboxFailure(ChainmeetError):
    """The mailbox that answers come to cannot be read. What is in it stays unread."""

    code = "mailbox-failure"

    def __init__(self, server: str, reply: str) -> None:
        self.server, self.reply = server, reply
        super().__init__(f"The mailbox at {server} cannot be read: {reply}")
