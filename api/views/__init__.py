"""A blueprint a resource."""

from api.views import health, home, sign_in

PAGES = (health.blueprint, home.blueprint, sign_in.blueprint)
