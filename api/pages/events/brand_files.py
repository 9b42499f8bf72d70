"""Files of a brand that pages and emails load without a sign-in: style sheet, logo, banner picture."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Flask, request, url_for
from werkzeug.wrappers import Response

from api import context
from api.pages.static_files import KEEP, VERSION
from scheduler.domain.brand import Brand
from scheduler.services.branding import files

blueprint = APIBlueprint("brand_files", __name__, enable_openapi=False, url_prefix="/brand")

_CHECK = "public, max-age=3600"


def init_app(app: Flask) -> None:
    app.add_template_global(brand_file)


@blueprint.get("/<event_key>/<brand_token>/<name>")
def serve_file(event_key: str, brand_token: str, name: str) -> Response:
    """Return a file. One that is named with its version never changes; emails name the logo without."""
    with context.database().read() as db:
        found = files.read_file(db, event_key, brand_token, name)
    answer = Response(found.octets, mimetype=found.media_type)
    is_current = request.args.get(VERSION) == found.version
    answer.headers["Cache-Control"] = KEEP if is_current else _CHECK
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def brand_file(brand: Brand, name: str) -> str:
    """Return the address of a file of a brand, with its version, so that browsers cache it."""
    sizes = {files.LOGO: brand.logo, files.BANNER_PICTURE: brand.banner_picture}
    size = sizes.get(name)
    values: dict[str, Any] = {"event_key": brand.event_key, "brand_token": brand.token, "name": name}
    values[VERSION] = size.digest if size is not None else files.style_version(brand)
    return url_for("brand_files.serve_file", **values)
