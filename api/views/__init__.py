"""A blueprint a resource."""

from api.views import agenda, events, feed, firms, health, home, organiser, people, requests, sign_in

PAGES = (
    events.blueprint,
    agenda.blueprint,
    feed.blueprint,
    firms.blueprint,
    health.blueprint,
    home.blueprint,
    organiser.blueprint,
    people.blueprint,
    requests.blueprint,
    sign_in.blueprint,
)
