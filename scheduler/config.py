"""Settings, read once from the environment. An invalid or unknown variable aborts the start and is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.oidc_providers import OidcProvider, parse_providers
from scheduler.domain.relying_party import RelyingParty, find_relying_party
from scheduler.error_tracking import read_dsn
from scheduler.plugins import EMAIL_PROVIDERS
from scheduler.plugins.loading import load
from scheduler.secret_keys import SecretKeys
from scheduler.tracing import read_endpoint

if TYPE_CHECKING:
    from scheduler.invites.transport.dkim import DkimKey

PREFIX = "CHAINMEET_"
_SECRET_KEY = PREFIX + "SECRET_KEY"
_DKIM = ("dkim_keys", "dkim_selectors", "dkim_domain")


class ConfigError(InvalidInput):
    """The environment is invalid. Each fault names its variable."""

    code = "config"


def _setting(about: str, read: Callable[[str], Any] = str, *, secret: bool = False, **default: Any) -> Any:
    return field(metadata={"about": about, "read": read, "secret": secret}, repr=not secret, **default)


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() else -1
        if not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return value

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError("must be one of " + ", ".join(choices))
        return text

    return read


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if urlsplit(text).scheme not in schemes:
            raise ValueError("must be an address that starts with " + " or ".join(f"{s}://" for s in schemes))
        return text.rstrip("/") if "http" in schemes else text

    return read


def _secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError("must have 32 characters or more; make one with: openssl rand -hex 32")
    return text


def _secret_or_none(text: str) -> str:
    return _secret(text) if text else ""


_LIMIT = _whole(0, 1_000_000)
_HOURS = _whole(1, 8760)


def _https_or_none(text: str) -> str:
    return _url("https")(text) if text else ""


def _https_or_local(text: str) -> str:
    is_local = urlsplit(text).hostname in ("127.0.0.1", "::1", "localhost")
    return _url("https", *(["http"] if is_local else []))(text) if text else ""


def _bucket(text: str) -> str:
    if text and find_spec("boto3") is None:
        raise ValueError("needs a package that isn't installed: pip install 'chainmeet[s3]'")
    return text


def _ascii_domain_or_none(text: str) -> str:
    if text and not (text.isascii() and "." in text and not text.startswith(".")):
        raise ValueError("must be a domain in ASCII, such as expo.example")
    return text.lower()


def _rates(text: str) -> str:
    EmailRates.parse(text)
    return text


def _providers(text: str) -> str:
    parse_providers(text)
    return text


_DATABASES = ("sqlite", "postgresql", "postgresql+psycopg")
_BROKERS = ("redis", "rediss", "redis+socket")


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings from the environment: `CHAINMEET_<NAME>`, or `CHAINMEET_<NAME>_FILE` for a file with the
    value.
    """

    database_url: str = _setting("SQLAlchemy address of the database", _url(*_DATABASES), secret=True)
    redis_url: str = _setting("address of the Redis-compatible broker", _url(*_BROKERS), secret=True)
    secret_key: SecretKeys = _setting(  # noqa: RUF009 -- describes the field, as the others do
        "signs sessions and links; at least 32 characters, or several keys by number", SecretKeys, secret=True
    )
    base_url: str = _setting(
        "public address of the site", _url("http", "https"), default="http://127.0.0.1:8000"
    )
    mail_domain: str = _setting("domain of the organiser's email addresses", default="chainmeet.example")
    mail_sender: str = _setting(
        "sender name of the site's emails; emails of an event show the event's name", default="Chainmeet"
    )
    smtp_host: str = _setting("outgoing mail server", default="127.0.0.1")
    smtp_port: int = _setting("its port", _whole(1, 65535), default=25)
    smtp_security: str = _setting(
        "none, starttls or tls", _one_of("none", "starttls", "tls"), default="starttls"
    )
    smtp_username: str = _setting("user name at the mail server, if it requires one", default="")
    smtp_password: str = _setting("its password", secret=True, default="")
    dkim_selectors: str = _setting(
        "selectors of the DKIM keys in their order, separated by spaces; empty if the mail server signs",
        default="",
    )
    dkim_keys: str = _setting(
        "private keys in PEM format that sign emails: RSA of 2,048 bits or more, or Ed25519",
        secret=True,
        default="",
    )
    dkim_domain: str = _setting(
        "domain of the DKIM keys: the email domain or a parent of it; empty for the email domain",
        _ascii_domain_or_none,
        default="",
    )
    mail_rates: str = _setting(
        "emails per minute to providers that limit the rate, by recipient domain",
        _rates,
        default="qq.com,foxmail.com=60 163.com,126.com,yeah.net=60",
    )
    imap_host: str = _setting("server of the mailbox that receives replies; empty for none", default="")
    imap_port: int = _setting("its port", _whole(1, 65535), default=993)
    imap_security: str = _setting("none, starttls or tls", _one_of("none", "starttls", "tls"), default="tls")
    imap_username: str = _setting("user name of the mailbox", default="")
    imap_password: str = _setting("its password", secret=True, default="")
    imap_folder: str = _setting("its folder", default="INBOX")
    caldav: str = _setting(
        "on or off: whether people may connect calendars by CalDAV, with an app password",
        _one_of("on", "off"),
        default="on",
    )
    solve_workers: int = _setting("threads per solve", _whole(1, 64), default=2)
    solve_stop_seconds: int = _setting(
        "seconds from SIGTERM to SIGKILL of a solve worker: it finishes its search, or puts it back 20 "
        "seconds before the end",
        _whole(0, 86_400),
        default=20,
    )
    trusted_proxies: int = _setting(
        "reverse proxies in front that set X-Forwarded-For", _whole(0, 5), default=0
    )
    limit_account: int = _setting(
        "requests per minute of one signed-in account; 0 here and below: no limit", _LIMIT, default=120
    )
    limit_costly: int = _setting(
        "requests per minute of one account for a PDF, a calendar preview or a test email", _LIMIT, default=10
    )
    limit_api: int = _setting(
        "requests per minute of one account's API tokens in an event, and of those for all events",
        _LIMIT,
        default=600,
    )
    limit_link: int = _setting("requests per minute with one secret link", _LIMIT, default=60)
    limit_unknown_token: int = _setting(
        "requests per minute from one network address with unknown tokens", _LIMIT, default=120
    )
    limit_sign_in: int = _setting("sign-in links per 15 minutes for one email address", _LIMIT, default=5)
    limit_sign_in_network: int = _setting(
        "sign-in links per hour from one network address, such as a venue's", _LIMIT, default=3000
    )
    limit_register_network: int = _setting(
        "registrations of exhibitors per hour from one network address or IPv6 site (/48)",
        _LIMIT,
        default=100,
    )
    limit_register_mailbox: int = _setting(
        "registrations of exhibitors per day for one mailbox, however its address is written",
        _LIMIT,
        default=5,
    )
    limit_register_event: int = _setting(
        "registrations of exhibitors per hour for one event", _LIMIT, default=1000
    )
    session_hours: int = _setting("hours after which people must sign in again", _HOURS, default=336)
    organiser_session_hours: int = _setting("the same for organisers and operators", _HOURS, default=12)
    fresh_sign_in_minutes: int = _setting(
        "minutes after a sign-in during which people may publish, create API tokens and correct addresses",
        _whole(5, 1440),
        default=30,
    )
    oidc_providers: str = _setting(
        "OpenID providers of organisations, as JSON; the manual explains them; empty for none",
        _providers,
        secret=True,
        default="",
    )
    oidc_required: str = _setting(
        "off, operators or organisers (with owners and operators): who must sign in with a provider",
        _one_of("off", "operators", "organisers"),
        default="off",
    )
    second_factor_required: str = _setting(
        "off, operators, owners (with operators) or organisers (with both): who needs a passkey or a "
        "recovery code after a link",
        _one_of("off", "operators", "owners", "organisers"),
        default="off",
    )
    checkpoint_days: int = _setting(
        "days between two emails to owners with a signed checkpoint of the audit log; 0 sends none",
        _whole(0, 365),
        default=7,
    )
    journal: str = _setting(
        "folder for the journal of sent emails, outside the database, which reveals a restored or copied "
        "database; empty for none",
        default="",
    )
    pack_folder: str = _setting(
        "folder for the offline packs of events, which contain personal data; empty for none", default=""
    )
    pack_days: int = _setting("days after which offline packs are deleted", _whole(1, 365), default=14)
    pack_bucket: str = _setting(
        "bucket that offline packs are copied to by the S3 API; empty for none", _bucket, default=""
    )
    pack_bucket_endpoint: str = _setting(
        "https address of the service; empty for Amazon S3", _https_or_local, default=""
    )
    pack_bucket_region: str = _setting("its region", default="us-east-1")
    pack_bucket_prefix: str = _setting(
        "text that the names of packs in the bucket begin with, such as packs/", default=""
    )
    pack_bucket_key_id: str = _setting("access key ID for the bucket", default="")
    pack_bucket_secret: str = _setting("its secret access key", secret=True, default="")
    controller: str = _setting(
        "name and contact of who is responsible for personal data, as shown in *Your data*", default=""
    )
    privacy_notice: str = _setting(
        "https address of the privacy notice; empty for none", _https_or_none, default=""
    )
    prune_hour: int = _setting(
        "hour (UTC) at which data is deleted whose period ended", _whole(0, 23), default=2
    )
    keep_original_emails: int = _setting(
        "days until the original of an applied or ignored email is deleted; the manual explains all periods",
        _whole(1, 3650),
        default=30,
    )
    keep_received_emails: int = _setting(
        "the same for senders and texts of received emails",
        _whole(1, 3650),
        default=365,
    )
    keep_sent_emails: int = _setting(
        "the same for invitations, summaries and digests, after the event",
        _whole(1, 3650),
        default=365,
    )
    keep_letters: int = _setting("the same for other sent emails", _whole(1, 3650), default=180)
    keep_sign_in_links: int = _setting(
        "the same for sign-in links and their emails, after they expire",
        _whole(1, 3650),
        default=7,
    )
    keep_calendar_previews: int = _setting(
        "the same for uploaded calendars that were not saved",
        _whole(1, 30),
        default=1,
    )
    keep_calendars: int = _setting(
        "the same for people's calendars with links and app passwords, after the event",
        _whole(1, 3650),
        default=7,
    )
    keep_runs: int = _setting(
        "the same for input and result of runs, after the event",
        _whole(1, 3650),
        default=90,
    )
    keep_registrations: int = _setting(
        "the same for registrations that were declined",
        _whole(1, 3650),
        default=180,
    )
    keep_unconfirmed_registrations: int = _setting(
        "the same for registrations that were never confirmed, after their link expired",
        _whole(1, 30),
        default=1,
    )
    keep_team_invitations: int = _setting(
        "the same for invitations to teams, after they expire",
        _whole(1, 3650),
        default=30,
    )
    keep_import_files: int = _setting(
        "the same for uploaded files that were not imported",
        _whole(1, 7),
        default=7,
    )
    keep_participant_changes: int = _setting(
        "the same for changes of participants that can be undone",
        _whole(1, 3650),
        default=365,
    )
    keep_address_changes: int = _setting(
        "the same for earlier email addresses of people",
        _whole(1, 3650),
        default=365,
    )
    keep_api_responses: int = _setting("the same for stored responses of the API", _whole(1, 30), default=1)
    keep_alerts: int = _setting("the same for resolved alerts", _whole(1, 3650), default=365)
    keep_webhook_messages: int = _setting(
        "the same for webhook messages and the responses to them", _whole(7, 365), default=30
    )
    tick_seconds: int = _setting(
        "seconds between two checks of the clock for due tasks; daily emails wait four times as long",
        _whole(1, 30),
        default=15,
    )
    database_password: str = _setting(
        "password inserted unchanged into the database address", secret=True, default=""
    )
    redis_password: str = _setting(
        "password inserted unchanged into the broker address", secret=True, default=""
    )
    log_format: str = _setting("`json` or `console`", _one_of("json", "console"), default="json")
    metrics_token: str = _setting(
        "bearer token that reads /metrics; at least 32 characters, empty: off",
        _secret_or_none,
        secret=True,
        default="",
    )
    heartbeat_webhook: str = _setting(
        "https address that gets a POST every minute while the site works; empty for none",
        _https_or_none,
        secret=True,
        default="",
    )
    alert_webhook: str = _setting(
        "https address that gets each new alert as JSON, beside the emails; empty for none",
        _https_or_none,
        secret=True,
        default="",
    )
    sentry_dsn: str = _setting(
        "DSN of a Sentry project that gets errors of the program, without personal data; empty for none",
        read_dsn,
        secret=True,
        default="",
    )
    otlp_endpoint: str = _setting(
        "OpenTelemetry receiver (OTLP/HTTP) that gets spans of requests and tasks; empty for none",
        read_endpoint,
        default="",
    )
    pulse_path: str = _setting(
        "file that a worker, the clock or the receiver touches while it works, for health checks",
        default="",
    )
    mail_catcher_url: str = _setting("page of the local test inbox; embedded stack only", default="")

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Read all settings. Raises ConfigError, which names each invalid variable."""
        values: dict[str, Any] = {}
        known = {PREFIX + f.name.upper() for f in fields(cls)}
        faults = [
            Fault(name, "is not a setting of Chainmeet")
            for name in sorted(env)
            if name.startswith(PREFIX) and name.removesuffix("_FILE") not in known and name not in known
        ]
        for f in fields(cls):
            name = PREFIX + f.name.upper()
            try:
                text = _text(name, env)
                if text is not None:
                    values[f.name] = f.metadata["read"](text)
                elif f.default is MISSING:
                    faults.append(Fault(name, f"is not set ({f.metadata['about']})"))
            except (ValueError, OSError) as error:
                faults.append(Fault(name, str(error)))
        if values.get("pack_bucket"):
            required = ("pack_folder", "pack_bucket_key_id", "pack_bucket_secret")
            faults += [
                Fault(PREFIX + name.upper(), "is required for CHAINMEET_PACK_BUCKET")
                for name in required
                if not values.get(name)
            ]
        if not any(fault.path == PREFIX + "DKIM_KEYS" for fault in faults):
            faults += _dkim_faults(cls, values)
        if values.get("oidc_required", "off") != "off" and not values.get("oidc_providers"):
            faults.append(Fault(f"{PREFIX}OIDC_REQUIRED", f"needs a provider in {PREFIX}OIDC_PROVIDERS"))
        needs_passkeys = values.get("second_factor_required", "off") != "off"
        if needs_passkeys and "base_url" in values and find_relying_party(values["base_url"]) is None:
            fault = f"needs a {PREFIX}BASE_URL with https and a hostname"
            faults.append(Fault(f"{PREFIX}SECOND_FACTOR_REQUIRED", fault))
        if not faults and not env.get(_SECRET_KEY):
            values["secret_key"] = SecretKeys.of_file(Path(env[_SECRET_KEY + "_FILE"]))
        if faults:
            raise ConfigError(faults)
        for kind in ("database", "redis"):
            password = values.pop(f"{kind}_password", "")
            if password:
                values[f"{kind}_url"] = _with_password(values[f"{kind}_url"], password)
        return cls(**values)

    @property
    def dkim(self) -> tuple[DkimKey, ...]:
        """Keys that sign outgoing emails; none if the mail server signs them."""
        return _read_dkim_keys(self.dkim_keys, self.dkim_selectors, self.dkim_domain or self.mail_domain)

    @property
    def rates(self) -> EmailRates:
        """The parsed `mail_rates`, plus those of provider plugins for domains that it does not list."""
        rates = EmailRates.parse(self.mail_rates)
        for provider in load(EMAIL_PROVIDERS).values():
            rates = rates.also(provider.domains, provider.per_minute)
        return rates

    @property
    def providers(self) -> Mapping[str, OidcProvider]:
        """The OpenID providers by key, in the order of the setting."""
        return parse_providers(self.oidc_providers)

    @property
    def relying_party(self) -> RelyingParty | None:
        """The relying party of passkeys, or None if browsers allow none at the public URL."""
        return find_relying_party(self.base_url)

    def to_env(self) -> dict[str, str]:
        """Return the environment variables that reproduce these settings, for child processes.

        Keys of a file are passed as its path, so that the children follow it too.
        """
        texts = {PREFIX + f.name.upper(): getattr(self, f.name) for f in fields(self)}
        keys = texts.pop(_SECRET_KEY)
        if keys.path is not None:
            texts[_SECRET_KEY + "_FILE"] = (
                keys.path.absolute()
            )  # not where a link leads: Kubernetes changes that
        else:
            texts[_SECRET_KEY] = keys.text
        return {name: str(value) for name, value in texts.items() if value != ""}


def _read_dkim_keys(text: str, selectors: str, domain: str) -> tuple[DkimKey, ...]:
    """Return the keys. Raises ValueError. Without any, nothing is imported: most commands send no email."""
    if not text.strip() and not selectors.strip():
        return ()
    from scheduler.invites.transport.dkim import read_keys

    return read_keys(text, selectors, domain)


def _dkim_faults(cls: type[Settings], values: Mapping[str, Any]) -> list[Fault]:
    """Return the faults of the keys that sign emails, which depend on three settings and the email domain."""
    defaults = {f.name: f.default for f in fields(cls)}
    given = {name: str(values.get(name, defaults[name])) for name in ("mail_domain", *_DKIM)}
    mail_domain, text, selectors, domain = given.values()
    try:
        keys = _read_dkim_keys(text, selectors, domain or mail_domain)
    except ValueError as error:
        return [Fault(PREFIX + "DKIM_KEYS", str(error))]
    if not keys:
        return []
    if not mail_domain.isascii():
        return [Fault(PREFIX + "MAIL_DOMAIN", "must be in ASCII, as emails are signed")]
    if domain and not f".{mail_domain.lower()}".endswith(f".{domain}"):
        return [Fault(PREFIX + "DKIM_DOMAIN", f"must be {mail_domain} or a parent of it")]
    return []


def _with_password(url: str, password: str) -> str:
    """Return the URL with the percent-encoded password."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}:{quote(password, safe='')}@{host}"
    return urlunsplit(parts._replace(netloc=netloc))


def _text(name: str, env: Mapping[str, str]) -> str | None:
    if env.get(name):
        return env[name]
    file = env.get(name + "_FILE")
    return Path(file).read_text("utf-8").strip() if file else None
