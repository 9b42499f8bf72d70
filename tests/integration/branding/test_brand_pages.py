"""Pages with a brand: its style sheet, logo and banner; without one, pages stay as they are."""

from __future__ import annotations

import io
import re

import pytest

from scheduler.domain.brand import BrandPicture
from scheduler.services.branding import brands
from scheduler.services.branding.brands import BrandForm
from scheduler.storage.database import Database
from scheduler.storage.models import Event
from tests.support import replies
from tests.support.factories import NOW
from tests.support.published import Published
from tests.support.raster_images import picture
from tests.support.site import Site
from tests.support.web import Browser, web_app

TYPED = {"accent": "#c8102e", "banner": "#ffd200", "headline": "Meet <all>", "tagline": "In June"}


@pytest.fixture
def site(database: Database, broker_url: str) -> Site:
    made = Site.of_three_firms(database, broker_url)
    with database.write() as session:
        session.get_one(Event, made.expo.event.id).registration = True
    return made


def save(site: Site, status: int = 200, **typed: object) -> str:
    browser = site.organiser()
    browser.get(site.path("/brand"))
    return browser.post(site.path("/brand"), status, **typed)


def everything() -> dict[str, object]:
    files = {
        "logo": (io.BytesIO(picture(400, 100)), "logo.png"),
        "banner_picture": (io.BytesIO(picture(900, 300, "jpeg")), "banner.jpg"),
    }
    return TYPED | files


def test_the_settings_lead_to_the_brand_and_it_is_saved(site: Site) -> None:
    assert f'href="{site.path("/brand")}"' in site.organiser().get(site.path("/settings"))
    page = save(site, **everything())
    assert "Brand saved. No emails were sent." in page
    for name, value in TYPED.items():
        assert f'value="{value.replace("<", "&lt;").replace(">", "&gt;")}"' in page, name
    assert page.count('name="remove-') == 2
    assert 'name="remove-banner_picture"' not in save(site, **TYPED, **{"remove-banner_picture": "yes"})


def test_a_wrong_field_has_its_error_and_keeps_what_was_typed(site: Site) -> None:
    page = save(site, 422, accent="#8fd14f", sender="a@b", logo=(io.BytesIO(b"<svg/>"), "logo.svg"))
    assert 'id="accent-error"' in page and "contrast with white text: 1.84:1" in page
    assert 'id="sender-error"' in page and 'id="logo-error"' in page
    assert 'value="#8fd14f"' in page and 'value="a@b"' in page
    assert 'id="logo-error"' in save(site, 413, logo=(io.BytesIO(b"x" * (6 << 20)), "logo.png"))


def test_pages_of_the_event_load_its_style_sheet_and_show_its_logo(site: Site) -> None:
    save(site, **everything())
    reader = site.exhibitor(0)
    page = reader.get(site.path("/firms"))
    sheet = re.findall(r'<link rel="stylesheet" href="([^"]+/style\.css\?v=\w+)"', page)
    logo = re.findall(r'<span class="brand-logo"><img src="([^"]+/logo\.png\?v=\w+)"', page)
    assert len(sheet) == len(logo) == 1
    assert page.index("system.css") < page.index("/style.css"), "the brand comes after what it replaces"
    stranger = Browser(site.app).client
    for address, kind in ((sheet[0], "text/css"), (logo[0], "image/png")):
        answer = stranger.get(address)
        assert (answer.status_code, answer.mimetype) == (200, kind)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin", "webmail shows the logo"
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert stranger.get(address.partition("?")[0]).headers["Cache-Control"] == "public, max-age=3600"
    assert "--brand: #c8102e" in stranger.get(sheet[0]).text


def test_the_registration_page_has_the_banner(site: Site) -> None:
    save(site, **everything())
    page = Browser(site.app).get(f"/register/{site.expo.event.key}")
    assert '<p class="large">Meet &lt;all&gt;</p>' in page and "<p>In June</p>" in page
    assert re.search(r'class="event-banner" [^>]+>\s*<img src="[^"]+/banner\.jpg\?v=\w+" alt=""', page)


def test_a_page_without_a_brand_is_the_same_as_before(site: Site) -> None:
    reader = site.exhibitor(0)
    public, own = f"/register/{site.expo.event.key}", site.path("/firms")

    def pages() -> list[str]:
        return [re.sub(r'value="[^"]{60,}"', "", each) for each in (reader.get(own), reader.get(public))]

    before = pages()
    assert not any(
        "brand-logo" in page or "/brand/" in page or 'class="event-banner' in page for page in before
    )
    save(site, **everything())
    assert all("/brand/" in page for page in pages())
    save(site, **{"remove-logo": "yes", "remove-banner_picture": "yes"})
    assert pages() == before


def test_the_preview_shows_typed_colours(site: Site) -> None:
    browser = site.organiser()
    shown = browser.get(site.path("/brand/preview?accent=ffd200&banner=%23123456&headline=%3Cb%3E"))
    assert 'fill="#123456"' in shown and 'fill="#ffd200"' in shown and "&lt;b&gt;" in shown
    assert "White text is hard to read on this colour." in shown
    good = browser.get(site.path('/brand/preview?accent=%230b5d63&banner="><script>'))
    assert "hard to read" not in good and "<script" not in good
    assert "style=" not in good, "the policy of the site forbids it"
    site.exhibitor(0).get(site.path("/brand/preview"), 404)


def test_pages_behind_links_in_emails_have_the_brand(database: Database, broker_url: str) -> None:
    published = Published(database)
    page = f"/answers/{replies.token(published.mail_to(0))}/"
    app = web_app(database, broker_url)
    before = Browser(app).get(page)
    form = BrandForm(accent="#c8102e", files={BrandPicture.LOGO: picture(400, 100)})
    brands.save_brand(database, published.expo.organiser_actor(), form, now=NOW)
    after = Browser(app).get(page)
    assert "/style.css" not in before and "/style.css" in after and 'class="brand-logo"' in after
    assert "brand-logo" not in Browser(app).get("/sign-in"), "the site's own pages stay as they are"
