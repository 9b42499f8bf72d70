"""A blueprint a resource."""

from api.views import (
    agenda,
    answers,
    busy_times,
    docs,
    events,
    feed,
    firms,
    health,
    home,
    inbox,
    organiser,
    people,
    preferences,
    requests,
    sign_in,
    tokens,
)

PAGES = (
    events.blueprint,
    agenda.blueprint,
    answers.blueprint,
    busy_times.blueprint,
    docs.blueprint,
    feed.blueprint,
    firms.blueprint,
    health.blueprint,
    home.blueprint,
    inbox.blueprint,
    organiser.blueprint,
    people.blueprint,
    preferences.blueprint,
    requests.blueprint,
    sign_in.blueprint,
    tokens.blueprint,
)
