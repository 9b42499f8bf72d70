"""Time zones to choose from in a form: those of the IANA database's countries, by their city and country."""

from __future__ import annotations

from functools import lru_cache

from api.language import speaking
from api.language.speaking import gettext
from api.pages import presentation
from scheduler.services.access import preferences


def choices() -> list[tuple[str, str]]:
    """Value and label of each, in the order of the labels: Chicago, United States."""
    return _choices(speaking.language())


def label(zone: str) -> str:
    """The label of a zone. One that is not offered any more, an alias, has its name."""
    return dict(choices()).get(zone, zone)


def meant(typed: str) -> str:
    """The zone that was typed by its label, name or city, or the text itself if it is none or several."""
    text = _comparable(typed)
    for names in (_labels, _names, _cities):
        found = {zone for zone, name in names(choices()) if text == name}
        if len(found) == 1:
            return found.pop()
    listed = [*_labels(choices()), *_names(choices())]
    found = {zone for zone, name in listed if text and text in name}
    return found.pop() if len(found) == 1 else typed


def _labels(listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(zone, _comparable(name)) for zone, name in listed]


def _names(listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(zone, _comparable(zone)) for zone, _ in listed]


def _cities(listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    own = [(zone, _comparable(presentation.city(zone))) for zone, _ in listed]
    return [*own, *((zone, _comparable(zone.rpartition("/")[2])) for zone, _ in listed)]


def _comparable(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()


@lru_cache(maxsize=8)
def _choices(tag: str) -> list[tuple[str, str]]:
    labels = {"UTC": "UTC"}
    for country, zones in preferences.country_zones().items():
        for zone in zones:
            of_zone = {"city": presentation.city(zone), "country": presentation.country(country)}
            labels[zone] = gettext("%(city)s, %(country)s", **of_zone)
    return sorted(labels.items(), key=lambda pair: pair[1].casefold())
