"""What a mail that came in is: an answer, a bounce, a note from a machine or a person. Pure, never raises."""

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
