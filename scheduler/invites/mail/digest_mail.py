"""Digest email as text and HTML, with links to respond without signing in, and one-click unsubscribe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale

from scheduler.domain import names
from scheduler.domain.entities import DigestKind
from scheduler.invites import text
from scheduler.invites.catalogue import Words, load_words
from scheduler.invites.ical import view
from scheduler.invites.mail import bodies, mime
from scheduler.invites.mail.addresses import bounce_address
from scheduler.invites.mail.digest import Digest, DigestEntry
from scheduler.invites.mail.imip import Envelope, reply_address
from scheduler.invites.mail.mime import RenderedMail

MAX_ITEMS: Final = 20
"""Requests shown of each kind, pending or not. The rest are counted."""
_MESSAGE: Final = 600
_PREVIEWED: Final = 3

_RAILS: Final = ("#1f7a4d", "#2a62b5", "#6b4fc0", "#b23a6b", "#5f7a12", "#a4541a", "#4a6572")
"""Colours by area, in the event's order, with contrast on both the light and dark card."""


@dataclass(frozen=True, slots=True)
class DigestLinks:
    """URL factories and URLs. `answer` takes an entry and a step (accept, decline), `details` an entry."""

    answer: Callable[[DigestEntry, str], str]
    details: Callable[[DigestEntry], str]
    see: str
    choose: str
    stop: str


def render_digest(digest: Digest, envelope: Envelope, links: DigestLinks) -> RenderedMail:
    """Render the email deterministically. Raises InvalidInput for an unusable address."""
    language = load_words(digest.language)
    page = _Page(digest, envelope, links, language)
    sender = envelope.look.sender or digest.event_name or envelope.sender_name
    head = mime.list_headers(sender, f"requests.{envelope.domain}", links.stop) + mime.mail_headers(
        (sender, f"requests@{envelope.domain}"),
        (envelope.attendee_name, envelope.attendee_email),
        language.digest["subject"].format(headline=digest_headline(digest), event=digest.event_name),
        envelope.message_id,
        None,
        reply_to=reply_address(envelope),
    )
    parts = [mime.text_part("plain", page.text()), mime.text_part("html", page.html())]
    return RenderedMail(
        from_addr=bounce_address(envelope.bounce_token, envelope.domain),
        to_addr=text.address(envelope.attendee_email),
        message_id=envelope.message_id,
        data=head + mime.multipart("alternative", envelope.message_id, parts),
    )


def digest_headline(digest: Digest) -> str:
    """Return the subject's topic with its number. Pending requests take precedence."""
    language = load_words(digest.language)
    asked = [item for item in digest.items if item.kind is DigestKind.RECEIVED]
    waiting = [item for item in digest.items if item.waits]
    kinds = {"asked": len(asked), "due": len(waiting), "came": len(digest.items)}
    kind, count = next((kind, count) for kind, count in kinds.items() if count)
    return count_text(language, kind, count)


def count_text(language: Words, key: str, count: int) -> str:
    """Return a text in its singular or plural form."""
    return language.digest[f"{key}_{'one' if count == 1 else 'other'}"].format(count=count)


def response_deadline(digest: Digest, item: DigestEntry) -> str:
    """Return the response deadline in venue time."""
    say = load_words(digest.language).digest
    return say["by"].format(moment=_moment(digest, item)) if item.expires_at else say["no_term"]


def firm_facts(item: DigestEntry, language: Words) -> str:
    """Return a firm's areas, supply chain tier and country."""
    areas = [text.clean(area, text.NAME_LIMIT) for area in item.areas]
    country = Locale.parse(language.language).territories.get(item.country, item.country)
    return language.listed([*areas, language.digest[item.tier], country])


def _moment(digest: Digest, item: DigestEntry) -> str:
    language, zone = load_words(digest.language), ZoneInfo(digest.timezone)
    assert item.expires_at is not None  # noqa: S101 -- the callers have looked
    local = item.expires_at.astimezone(zone)
    venue = language.moment.format(day=language.day_of(local), time=f"{local:%H:%M}")
    if not digest.own_timezone:
        return venue
    own = item.expires_at.astimezone(ZoneInfo(digest.own_timezone))
    if own.utcoffset() == local.utcoffset():
        return venue
    here = f"{language.short_day_of(own)} {own:%H:%M}"
    return language.digest["both_times"].format(venue=venue, own=here)


@dataclass(frozen=True, slots=True)
class _Page:
    digest: Digest
    envelope: Envelope
    links: DigestLinks
    language: Words

    @property
    def waiting(self) -> list[DigestEntry]:
        return [item for item in self.digest.items if item.waits]

    @property
    def came(self) -> list[DigestEntry]:
        return [item for item in self.digest.items if not item.waits]

    def groups(self) -> Iterator[tuple[str, bool, Sequence[DigestEntry]]]:
        """Yield (title, is urgent, entries) for each group."""
        first = True
        shown = self.waiting[:MAX_ITEMS]
        for title, items in groupby(shown, lambda item: response_deadline(self.digest, item)):
            yield title, first, list(items)
            first = False
        if self.came:
            yield self.language.digest["came"], False, self.came[:MAX_ITEMS]

    def rest(self) -> list[str]:
        """Return sentences about the entries that are not shown."""
        left = sum(max(0, len(items) - MAX_ITEMS) for items in (self.waiting, self.came))
        said = [self.language.digest["more"].format(count=left)] if left else []
        counts = {"others": self.digest.others, "unsaid": self.digest.unsaid}
        return said + [count_text(self.language, key, count) for key, count in counts.items() if count]

    def intro(self) -> str:
        key = "intro" if self.waiting else "intro_came"
        return self.language.digest[key].format(name=self.envelope.attendee_name, firm=self.digest.firm)

    def preview(self) -> str:
        """Return the line that inboxes show after the subject: firms, and how to respond if they wait."""
        shown = [self.firm(item) for item in (self.waiting or self.came)[:_PREVIEWED]]
        key = "preview" if self.waiting else "preview_came"
        return self.language.digest[key].format(firms=self.language.listed(shown))

    def first(self) -> list[str]:
        """Return the introduction to a reader's first digest: what it is, how often, how to stop it."""
        first = self.digest.first
        return [self.language.digest[f"first_{first}"]] if first else []

    def firm(self, item: DigestEntry) -> str:
        return names.display_both(item.firm, item.firm_latin, self.language.language)

    def person(self, item: DigestEntry) -> str:
        """Return the person who sent or answered the request, with the job title."""
        if not item.person:
            return ""
        name = names.display_both(item.person, item.person_latin, self.language.language)
        return self.language.listed(filter(None, (name, text.clean(item.title, text.NAME_LIMIT))))

    def said(self, item: DigestEntry) -> list[str]:
        """Return the lines below a topic: outcome, message and person."""
        say = self.language.digest
        quoted = text.clean_lines(item.text, _MESSAGE)
        lines = [
            "" if item.waits else say[item.kind.value],
            self.language.off["note"].format(note=quoted) if quoted else "",
            " ".join(filter(None, (say["must"] if item.waits and item.is_must else "", self.person(item)))),
        ]
        return [line for line in lines if line]

    def foot(self) -> list[str]:
        zone = ZoneInfo(self.digest.timezone)
        local = self.digest.made_at.astimezone(zone)
        asked = view.contact_row(self.digest.contact, self.language)
        contact = [f"{label}{self.language.colon}{value}" for label, value in asked]
        say = self.language.digest
        return [say["zone"].format(zone=self.language.zone_of(local, zone)), say["why"], *contact]

    def text(self) -> str:
        say = self.language.digest
        blocks = [digest_headline(self.digest), self.intro(), *self.first()]
        for title, _, items in self.groups():
            blocks += [f"== {title} ==", *map(self._text_item, items)]
        blocks += self.rest()
        for label, url in (("see", self.links.see), ("choose", self.links.choose), ("stop", self.links.stop)):
            blocks.append(f"{say[label]}{self.language.colon}".rstrip() + f"\n{text.web_address(url)}")
        return "\n\n".join([*blocks, "-- \n" + "\n".join(self.foot())]) + "\n"

    def _text_item(self, item: DigestEntry) -> str:
        topic = self.language.isolated(item.topic)
        lines = [
            self.language.isolated(self.firm(item)),
            firm_facts(item, self.language),
            topic,
            *self.said(item),
        ]
        for label, url in self._targets(item):
            lines.append(f"{label}{self.language.colon}{url}")
        return "\n".join(lines)

    def _targets(self, item: DigestEntry) -> list[tuple[str, str]]:
        language, answer = self.language, self.links.answer
        found = [(language.digest["details"], self.links.details(item))]
        if item.waits:
            steps = (language.accept, "accept"), (language.decline, "decline")
            found = [*((label, answer(item, step)) for label, step in steps), *found]
        return [(label, text.web_address(url)) for label, url in found]

    def html(self) -> str:
        say, links = self.language.digest, self.links
        zone, why, *contact = self.foot()
        values = {
            "headline": digest_headline(self.digest),
            "sender": self.envelope.sender_name,
            "event": self.digest.event_name,
            "intro": self.intro(),
            "see": say["see"],
            "see_url": text.web_address(links.see),
            "zone": zone,
            "why": why,
            "contact": " ".join(contact),
            "choose": say["choose"],
            "choose_url": text.web_address(links.choose),
            "stop": say["stop"],
            "stop_url": text.web_address(links.stop),
        }
        escaped = {name: escape(value) for name, value in values.items()}
        made = {
            "items": self._html_first() + self._html_groups(),
            "others": self._html_lines(self.rest()),
        }
        return bodies.html_frame(
            bodies.fill_html("digest.html", self.language, escaped | made),
            self.language,
            headline=digest_headline(self.digest),
            preview=self.preview(),
            foot=bodies.fill_html("digest_foot.html", self.language, escaped),
            look=self.envelope.look,
        )

    def _html_first(self) -> str:
        lines = self._html_lines(self.first())
        return lines and bodies.fill_html("invitation_part.html", self.language, {"content": lines})

    def _html_lines(self, lines: Sequence[str]) -> str:
        style = 'class="ink" style="margin:0 0 8px;font-size:15px;line-height:22px;color:#14242a;"'
        return "".join(f"<p {style}>{escape(line)}</p>\n" for line in lines)

    def _html_groups(self) -> str:
        parts = []
        for title, is_soon, items in self.groups():
            tone, back, colour = ("soon", "#fdf0d9", "#8a5200") if is_soon else ("calm", "#f5f7f6", "#4d6168")
            values = {"tone": tone, "back": back, "colour": colour, "title": escape(title)}
            parts.append(bodies.fill_html("digest_heading.html", self.language, values))
            parts += map(self._html_item, items)
        return "".join(parts)

    def _html_item(self, item: DigestEntry) -> str:
        language, firm = self.language, self.firm(item)
        first, *second = names.order_scripts(item.firm, item.firm_latin, language.language)
        lines = "".join(
            f'<p class="ink" style="margin:8px 0 0;font-size:15px;line-height:22px;color:#14242a;">'
            f"{escape(line).replace(chr(10), '<br>')}</p>\n"
            for line in self.said(item)
        )
        other = "".join(
            f'<br><span class="soft" style="font-weight:400;color:#4d6168;">{escape(name)}</span>'
            for name in second
        )
        values = {
            "rail": _RAILS[item.area % len(_RAILS)],
            "firm": escape(language.isolated(first)) + other,
            "about": escape(firm_facts(item, language)),
            "topic": escape(language.isolated(item.topic)),
            "body": lines,
            "buttons": self._buttons(item, firm) if item.waits else "",
            "details_url": escape(text.web_address(self.links.details(item))),
            "details_firm": escape(language.digest["details_firm"].format(firm=firm)),
            "details": escape(language.digest["details"]),
        }
        return bodies.fill_html("digest_item.html", language, values)

    def _buttons(self, item: DigestEntry, firm: str) -> str:
        language, values = self.language, {}
        for step, label in (("accept", language.accept), ("decline", language.decline)):
            values[step] = escape(label)
            values[f"{step}_firm"] = escape(language.digest[f"{step}_firm"].format(firm=firm))
            values[f"{step}_url"] = escape(text.web_address(self.links.answer(item, step)))
        return bodies.fill_html("digest_buttons.html", language, values)
