"""Rendering of outbox emails to bytes, deterministic for each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from scheduler.config import Settings
from scheduler.domain.entities import AlertKind, OutboxKind
from scheduler.i18n import from_json
from scheduler.invites.ical.itip import ItipMessage
from scheduler.invites.mail.alert_mail import AlertMail, render_alert
from scheduler.invites.mail.digest import Digest, DigestEntry
from scheduler.invites.mail.digest_mail import DigestLinks, render_digest
from scheduler.invites.mail.imip import Envelope, RenderedMail, render_example, render_invitation
from scheduler.invites.mail.link_mail import LinkMail, render_link_mail
from scheduler.invites.mail.look import EmailLook
from scheduler.invites.mail.sample import MailSample, make_sample, render_sample
from scheduler.invites.mail.sign_in import SignIn, render_sign_in
from scheduler.invites.mail.summary import Summary
from scheduler.invites.mail.summary_mail import render_briefing, render_summary
from scheduler.invites.pdf.rasters import Raster
from scheduler.secret_keys import SecretKeys
from scheduler.services import links
from scheduler.services.delivery import sent_records
from scheduler.services.identity.tokens import (
    REGISTER,
    SIGN_IN,
    TEAM,
    answer_token,
    derive_token,
    digests_token,
)
from scheduler.services.outbox import letters, looks, outbox, payloads
from scheduler.storage.models import OutboxEmail, SignInLink

_WITH_PDF: Final = frozenset({OutboxKind.SUMMARY, OutboxKind.BRIEFING, OutboxKind.TEST})
_OF_NO_SITE = SecretKeys("no site has this secret; what is made of it opens nothing")


def shows_logo(row: OutboxEmail) -> bool:
    """Return True if the email can have a PDF, which shows the event's logo."""
    return row.kind in _WITH_PDF and bool(row.payload.get(looks.KEY, {}).get("logo"))


def render_email(
    settings: Settings, row: OutboxEmail, links: Mapping[int, SignInLink], logo: Raster | None = None
) -> RenderedMail:
    """Render the email of a row. `links` are those of sign-in emails, `logo` that of the event, for a PDF."""
    if row.sign_in_link_id is not None:
        return render_sign_in_email(settings, row, links[row.sign_in_link_id])
    if row.kind is OutboxKind.ALERT:
        return render_alert_email(settings, row)
    if row.kind is OutboxKind.DESK:
        return render_letter_email(settings, row)
    if row.kind is OutboxKind.SUMMARY:
        return render_summary_email(settings, row, logo)
    if row.kind is OutboxKind.DIGEST:
        return render_digest_email(settings, row)
    if row.kind is OutboxKind.BRIEFING:
        return render_briefing(Summary.from_json(row.payload), _envelope(settings, row, "", logo))
    if row.kind is OutboxKind.TEST:
        return render_test_email(settings, row, logo)
    return render_invitation_email(settings, row)


def render_invitation_email(settings: Settings, row: OutboxEmail) -> RenderedMail:
    """Render an invitation. The bytes are the same each time."""
    message = ItipMessage.from_json(row.payload)
    # The CANCEL of an entry that a restored database does not have belongs to no attendee's row.
    token = sent_records.invitation_token(message.uid, message.attendee_id, settings.secret_key)
    answering = links.answer_urls(settings, token)
    envelope = _answerable(
        _envelope(settings, row, token), answering, has_colleagues=row.payload.get("has_colleagues", False)
    )
    return render_invitation(message, envelope)


def render_test_email(settings: Settings, row: OutboxEmail, logo: Raster | None = None) -> RenderedMail:
    """Render a test email: the event's texts, a sample of a publication, or a sample of a rehearsed email.

    Its links lead back to the page.
    """
    if "sample_of" in row.payload:
        return render_sample_email(settings, row, logo)
    if "agenda" in row.payload:
        return render_summary(Summary.from_json(row.payload), _envelope(settings, row, "", logo))
    back = dict.fromkeys(links.ANSWER_STEPS, row.payload["link"])
    envelope = _answerable(_envelope(settings, row, ""), back, has_colleagues=True)
    return render_example(ItipMessage.from_json(row.payload), envelope)


def render_sample_email(settings: Settings, row: OutboxEmail, logo: Raster | None = None) -> RenderedMail:
    """Render the sample of an email that an event in rehearsal has not sent."""
    said = row.payload
    shown = render_rehearsed(
        settings, said["sample_of"], language=said["language"], path=said["path"], logo=logo
    )
    return render_sample(shown, _envelope(settings, row, ""), seed=row.message_id)


def render_rehearsed(
    settings: Settings, content: Mapping[str, Any], *, language: str, path: str, logo: Raster | None = None
) -> MailSample:
    """Render an email from its `outbox.content_of`.

    All links lead to `path`. Its tokens are derived from another secret than the site's, so that a link that
    was overlooked opens nothing either.
    """
    mail = render_email(
        replace(settings, secret_key=_OF_NO_SITE), outbox.mail_with_content(content), {}, logo
    )
    return make_sample(
        mail, site=settings.base_url, link=links.absolute_url(settings, path), language=language
    )


def _answerable(envelope: Envelope, links: Mapping[str, str], *, has_colleagues: bool) -> Envelope:
    return replace(
        envelope,
        accept_url=links["accept"],
        decline_url=links["decline"],
        propose_url=links["propose"],
        instead_url=links["instead"] if has_colleagues else "",
    )


def render_summary_email(settings: Settings, row: OutboxEmail, logo: Raster | None = None) -> RenderedMail:
    """Render the summary of an outbox row with its PDF. With one logo, the bytes are the same each time."""
    token = sent_records.address_token(row, settings.secret_key)
    stop = links.absolute_url(settings, links.summaries(sent_records.summary_token(row, settings.secret_key)))
    envelope = _envelope(settings, row, token, logo)
    return render_summary(Summary.from_json(row.payload), envelope, stop_url=stop)


def render_digest_email(settings: Settings, row: OutboxEmail) -> RenderedMail:
    """Render the digest of an outbox row. The bytes are the same each time."""
    digest, key, to = Digest.from_json(row.payload), settings.secret_key, row.to_address

    def answer(item: DigestEntry, step: str) -> str:
        return links.absolute_url(
            settings, links.asked(answer_token(key, item.key, row.attendee_id, to, row.key_number), step)
        )

    def details(item: DigestEntry) -> str:
        return links.absolute_url(settings, links.request(digest.event_key, item.key))

    targets = DigestLinks(
        answer=answer,
        details=details,
        see=links.absolute_url(settings, links.received(digest.event_key)),
        choose=links.absolute_url(settings, links.digest_choices(digest.event_key)),
        stop=links.absolute_url(
            settings, links.digests(digests_token(key, row.attendee_id or 0, to, row.key_number))
        ),
    )
    return render_digest(digest, _envelope(settings, row, ""), targets)


def _envelope(settings: Settings, row: OutboxEmail, token: str, logo: Raster | None = None) -> Envelope:
    return Envelope(
        attendee_name=row.to_name,
        attendee_email=row.to_address,
        sender_name=settings.mail_sender,
        domain=settings.mail_domain,
        token=token,
        **_tokens(settings, row),
        message_id=row.message_id,
        thread_id=row.thread_id,
        wording=row.payload.get("wording", {}),
        contact=row.payload.get("contact", ""),
        remind_minutes=row.payload.get("remind_minutes", 0),
        look=_look(settings, row),
        logo=logo,
    )


def _look(settings: Settings, row: OutboxEmail) -> EmailLook:
    return EmailLook.from_json(row.payload.get(looks.KEY), settings.base_url)


def _tokens(settings: Settings, row: OutboxEmail) -> dict[str, str]:
    """Return the tokens of the bounce and reply addresses, which every email has."""
    key = settings.secret_key
    return {
        "bounce_token": sent_records.bounce_token(row, key),
        "reply_token": sent_records.reply_token(row, key),
    }


def render_sign_in_email(settings: Settings, row: OutboxEmail, link: SignInLink) -> RenderedMail:
    """Render the email with a one-time link. The bytes are the same each time."""
    token = derive_token(settings.secret_key, SIGN_IN, link.seed)
    return render_sign_in(
        SignIn(
            to_name=row.to_name,
            to_email=row.to_address,
            sender_name=row.payload.get("event") or settings.mail_sender,
            domain=settings.mail_domain,
            message_id=row.message_id,
            link=links.absolute_url(settings, links.sign_in(token)),
            valid_for=link.expires_at - link.created_at,
            language=row.payload.get("language", "en"),
            **_tokens(settings, row),
        )
    )


def render_alert_email(settings: Settings, row: OutboxEmail) -> RenderedMail:
    """Render an alert email. The bytes are the same each time."""
    said = row.payload
    return render_alert(
        AlertMail(
            to_name=row.to_name,
            to_email=row.to_address,
            sender_name=settings.mail_sender,
            domain=settings.mail_domain,
            message_id=letters.sent_id(row.message_id, settings.mail_domain),
            kind=AlertKind(said["kind"]),
            event=said["event"],
            reason=from_json(said["reason"]),
            link=links.absolute_url(settings, said["path"]),
            language=said["language"],
            **_tokens(settings, row),
        )
    )


def _by_token(settings: Settings, row: OutboxEmail) -> str:
    """Return the path of a letter whose link proves that it was received."""
    letter, seed = row.payload["letter"], row.payload["seed"]
    if letter == payloads.RECEIPT:
        return links.meeting(
            sent_records.invitation_token(seed, row.attendee_id, settings.secret_key, row.key_number)
        )
    if letter == "register":
        return links.registration(derive_token(settings.secret_key, REGISTER, seed))
    return links.team_invitation(derive_token(settings.secret_key, TEAM, seed))


def render_letter_email(settings: Settings, row: OutboxEmail) -> RenderedMail:
    """Render a letter with a link to a page or an invitation. The bytes are the same each time."""
    said = row.payload
    path = said.get("path") or _by_token(settings, row)
    return render_link_mail(
        LinkMail(
            to_name=row.to_name,
            to_email=row.to_address,
            sender_name=settings.mail_sender,
            domain=settings.mail_domain,
            message_id=letters.sent_id(row.message_id, settings.mail_domain),
            letter=said["letter"],
            event=said["event"],
            values=said["values"],
            counts=said["counts"],
            link=links.absolute_url(settings, path),
            language=said["language"],
            look=_look(settings, row),
            **_tokens(settings, row),
        )
    )
