"""Errors of calendar messages, email sending and the inbound mailbox."""

from __future__ import annotations

from scheduler.domain.errors import ChainmeetError


class CancelledUid(ChainmeetError):
    """A meeting would reuse a UID that was cancelled for this attendee. Give it a new UID."""

    code = "cancelled-uid"

    def __init__(self, uid: str, attendee_id: int) -> None:
        self.uid, self.attendee_id = uid, attendee_id
        super().__init__(
            f"Attendee {attendee_id} was told that {uid} is cancelled. A cancelled UID never comes back: "
            "give the meeting a new one."
        )


class SendFailure(ChainmeetError):
    """The server rejected an email. `reply_code` is the SMTP reply code, or None if there was none.

    `is_of_recipient` is True if the RCPT command was rejected (RFC 5321 3.3), before the message itself.
    """

    code = "send-failure"

    def __init__(
        self, recipient: str, reply_code: int | None, reply: str, *, is_of_recipient: bool = False
    ) -> None:
        self.recipient, self.reply_code, self.reply = recipient, reply_code, reply
        self.is_of_recipient = is_of_recipient
        said = f"{reply_code} {reply}" if reply_code else reply
        super().__init__(f"Email to {recipient} was not accepted: {said}" if recipient else reply)


class TemporaryFailure(SendFailure):
    """The server may accept the same email later: a 4xx reply (RFC 5321 4.2.1)."""

    code = "temporary-failure"


class PermanentFailure(SendFailure):
    """The server will never accept the same email: a 5xx reply about the message or its addresses."""

    code = "permanent-failure"


class ConnectionFailure(TemporaryFailure):
    """The connection, authentication or whole server failed, not this email. Reconnect before the next one.

    If it failed during the DATA phase, the server may have accepted the email. A retry sends the same email
    with the same Message-ID.
    """

    code = "connection-failure"


class MailboxFailure(ChainmeetError):
    """The inbound mailbox cannot be read. Its messages stay unread."""

    code = "mailbox-failure"

    def __init__(self, server: str, reply: str) -> None:
        self.server, self.reply = server, reply
        super().__init__(f"The mailbox at {server} cannot be read: {reply}")
