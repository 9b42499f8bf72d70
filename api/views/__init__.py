"""A blueprint a resource."""

from api.views import health, home, organiser, sign_in

PAGES = (health.blueprint, home.blueprint, organiser.blueprint, sign_in.blueprint)
