"""What a mail that came in is: an answer, a bounce, a note from a machine or a person. Pure, never raises."""

from scheduler.invites.inbound.envelope import addressees
from scheduler.invites.inbound.model import Answer, Bounce, InboundMail, Participant
from scheduler.invites.inbound.reading import read

__all__ = ["Answer", "Bounce", "InboundMail", "Participant", "addressees", "read"]
