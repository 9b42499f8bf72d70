"""The page that lists, searches and shows emails, and the same as JSON."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, abort, jsonify, render_template, request

from chainmeet.mailcatcher.parts import linked, read_parts
from chainmeet.mailcatcher.store import Mail, MailStore

A_PAGE, MOST = 50, 1000
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'"
)


def create_page(store: MailStore) -> Flask:
    """Return the app. Only loopback host names are trusted, which prevents DNS rebinding."""
    app = Flask(__name__, template_folder="templates", static_folder="static")
    app.config["TRUSTED_HOSTS"] = ["127.0.0.1", "localhost", "[::1]"]
    app.jinja_env.filters["linked"] = linked
    app.after_request(_headers)

    @app.get("/")
    def mails() -> str:
        text, before = request.args.get("q", "").strip(), request.args.get("before", type=int)
        found = store.find(text, before=before, limit=A_PAGE + 1)
        return render_template(
            "mails.html", mails=found[:A_PAGE], more=len(found) > A_PAGE, count=store.count(text), q=text
        )

    @app.get("/mails/<int:number>")
    def mail(number: int) -> str:
        found, raw = _get(store, number)
        return render_template("mail.html", mail=found, parts=read_parts(raw))

    @app.get("/mails/<int:number>/html")
    def html(number: int) -> Response:
        body = read_parts(_get(store, number)[1]).html
        response = Response(f'<base target="_blank">{body}', mimetype="text/html")
        response.headers["Content-Security-Policy"] = MAIL_POLICY
        return response

    @app.get("/mails/<int:number>/raw")
    def raw(number: int) -> Response:
        response = Response(_get(store, number)[1], mimetype="message/rfc822")
        response.headers["Content-Disposition"] = f'attachment; filename="mail-{number}.eml"'
        return response

    @app.get("/api/mails")
    def api() -> Response:
        """Return the emails as JSON, newest first.

        Parameters: `to`, `q`, `before`, `limit` (at most 1000), `parts=1` (texts, calendar).
        """
        to, text = request.args.get("to", ""), request.args.get("q", "")
        limit = min(request.args.get("limit", A_PAGE, type=int), MOST)
        found = store.find(text, to=to, before=request.args.get("before", type=int), limit=limit)
        with_parts = request.args.get("parts") == "1"
        rows = [_row(mail) | (_parts(store, mail.id) if with_parts else {}) for mail in found]
        return jsonify(count=store.count(text, to=to), mails=rows)

    return app


def _get(store: MailStore, number: int) -> tuple[Mail, bytes]:
    found = store.get(number)
    if found is None:
        abort(404)
    return found


def _row(mail: Mail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "received_at": mail.received_at.isoformat(),
        "from": mail.sender,
        "to": mail.recipients.split(),
        "subject": mail.subject,
        "method": mail.method,
        "message_id": mail.message_id,
    }


def _parts(store: MailStore, number: int) -> dict[str, str]:
    parts = read_parts(_get(store, number)[1])
    return {"text": parts.text, "html": parts.html, "calendar": parts.calendar}


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
