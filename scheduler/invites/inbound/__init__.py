"""What a mail that came in is: an answer, a bounce, a note from a machine or a person. Pure, never raises."""

from scheduler.invites.inbound.envelope import addressees
from scheduler.invites.inbound.model import Bounce, Complaint, InboundMail, Participant, ReplyAnswer
from scheduler.invites.inbound.reading import read

__all__ = ["Bounce", "Complaint", "InboundMail", "Participant", "ReplyAnswer", "addressees", "read"]
