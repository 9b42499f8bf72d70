"""Classification of inbound email: calendar replies, bounces, automatic and personal ones. Never raises."""

from scheduler.invites.inbound.classification import read_email
from scheduler.invites.inbound.envelope import read_addressees
from scheduler.invites.inbound.model import Bounce, CalendarReply, Complaint, ParsedEmail, Participant

__all__ = [
    "Bounce",
    "CalendarReply",
    "Complaint",
    "ParsedEmail",
    "Participant",
    "read_addressees",
    "read_email",
]
