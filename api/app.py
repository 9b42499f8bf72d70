"""Web application factory: pages and the JSON API over one database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from apiflask import APIFlask
from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from api import (
    access_log,
    auth,
    context,
    errors,
    limits,
    maintenance,
    metrics,
    proxies,
    request_ids,
    security,
    v1,
)
from api.inputs import NumberConverter
from api.language import speaking
from api.pages import (
    PAGES,
    compression,
    formatting,
    links,
    manual,
    marks,
    paging,
    plugin_pages,
    rendering,
    static_files,
    zones,
)
from api.pages.events import brand_files
from api.pages.identity import summary_unsubscribe
from api.pages.participants import autocomplete
from api.pages.replies import calendar, reply_links
from api.pages.reports.statistics import statistics
from api.pages.requests import labels
from api.pages.requests.digests import digest_links, digest_unsubscribe
from api.pages.schedule import state_labels
from api.rate_counter import Counter
from api.v1 import openapi
from scheduler import logs, tracing
from scheduler.config import Settings
from scheduler.gc_control import freeze_gc, set_gc_thresholds
from scheduler.invites.busy import MAX_OCTETS
from scheduler.invites.transport.remote import Fetcher
from scheduler.plugins import EVERY_GROUP
from scheduler.plugins.loading import report
from scheduler.services.identity.oidc_client import make_clients
from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.storage.engines import WEB
from scheduler.storage.schema_gate import SchemaGate
from workers.celery_app import make_celery

csrf = CSRFProtect()


def create_app(settings: Settings | None = None, database: Database | None = None) -> Flask:
    """Return a WSGI application. Without settings it reads them from the environment and owns the process."""
    if settings is None:
        return _of_process(Settings.from_env())
    database = database or Database(settings.database_url, limits=WEB)
    schema.check_at_start(database)
    by_tls = settings.base_url.startswith("https://")
    app = APIFlask(__name__, title="Chainmeet API", version="1", docs_path=None, spec_path=None)
    app.jinja_options = {"lstrip_blocks": True}  # strips the indentation of statements
    app.config.from_mapping(
        SECRET_KEY=settings.secret_key.key(),
        # the prefix keeps other hosts of the domain from setting it (RFC 6265bis, 4.1.3.2)
        SESSION_COOKIE_NAME="__Host-chainmeet" if by_tls else "chainmeet",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=by_tls,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=1 << 20,
        WTF_CSRF_TIME_LIMIT=None,  # a form may stay open overnight; the session limits the token
        WTF_CSRF_SSL_STRICT=False,  # token and SameSite protect; a proxy may strip the Referer
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    app.extensions[context.KEY] = reached(settings, database)
    access_log.init_app(app)  # first, so that its after_request runs last
    metrics.init_app(app)
    request_ids.init_app(app)
    compression.init_app(app)
    static_files.init_app(app)
    context.init_app(app)
    maintenance.init_app(app)
    proxies.init_app(app)
    app.url_map.converters["int"] = NumberConverter
    csrf.init_app(app)
    auth.init_app(app)
    limits.init_app(app)
    security.init_app(app)
    errors.init_app(app)
    speaking.init_app(app)
    formatting.init_app(app)
    links.init_app(app)
    marks.init_app(app)
    state_labels.init_app(app)
    statistics.init_app(app)
    labels.init_app(app)
    zones.init_app(app)
    rendering.init_app(app)
    brand_files.init_app(app)
    autocomplete.init_app(app)
    manual.init_app(app)
    paging.init_app(app)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    report(EVERY_GROUP)
    plugin_pages.init_app(app)
    openapi.init_app(app)
    for page in (reply_links.blueprint, calendar.blueprint, digest_links.blueprint):
        csrf.exempt(page)  # the email's link is the credential, which another site does not know
    csrf.exempt(
        summary_unsubscribe.blueprint
    )  # email clients send the POST by themselves, and the token is the credential
    csrf.exempt(digest_unsubscribe.unsubscribe)
    csrf.exempt(digest_unsubscribe.resubscribe)
    csrf.exempt(v1.blueprint)  # bearer tokens only: cookies do not authenticate there
    app.register_blueprint(v1.blueprint)
    freeze_gc()
    return app


def _of_process(settings: Settings) -> Flask:
    """Return the application of a dedicated process, and configure its logs, traces and garbage collector."""
    logs.configure(settings.log_format, sentry_dsn=settings.sentry_dsn)
    tracing.configure(settings.otlp_endpoint)
    app = create_app(settings)
    set_gc_thresholds()
    return app


def reached(settings: Settings, database: Database) -> dict[str, Any]:
    """Return the objects that `api.context` gives to requests."""
    return {
        "settings": settings,
        "database": database,
        "gate": SchemaGate(database),
        "counter": Counter(settings.redis_url),
        "celery": make_celery(settings),
        "fetcher": Fetcher(max_octets=MAX_OCTETS),
        "oidc_clients": make_clients(settings.providers),
    }
