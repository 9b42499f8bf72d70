"""A blueprint a resource."""

from api.views import (
    agenda,
    docs,
    events,
    feed,
    firms,
    health,
    home,
    organiser,
    people,
    requests,
    sign_in,
    tokens,
)

PAGES = (
    events.blueprint,
    agenda.blueprint,
    docs.blueprint,
    feed.blueprint,
    firms.blueprint,
    health.blueprint,
    home.blueprint,
    organiser.blueprint,
    people.blueprint,
    requests.blueprint,
    sign_in.blueprint,
    tokens.blueprint,
)
