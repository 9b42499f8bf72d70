"""Forms of a page as a browser sees them: typed values, and error messages by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

TYPED = {"text", "number", "date", "time", "email", "url", "tel", "search", "password", "textarea"}
"""Kinds of text controls."""
_ALONE = {"input", "br", "img", "hr", "meta", "link", "wbr", "source", "col"}
_PRESSED = {"submit", "button", "file", "image"}


@dataclass
class Control:
    """A form control. Its kind is the type of an input, or the tag name."""

    name: str
    kind: str
    value: str
    given: dict[str, str]

    @property
    def is_typed(self) -> bool:
        return bool(self.name) and self.kind in TYPED and "readonly" not in self.given

    @property
    def is_wrong(self) -> bool:
        return self.given.get("aria-invalid") == "true"

    @property
    def is_sent(self) -> bool:
        """True if a browser submits it without a button."""
        if not self.name or "disabled" in self.given or self.kind in _PRESSED:
            return False
        return self.kind not in ("checkbox", "radio") or "checked" in self.given


@dataclass
class Form:
    """A form. `actions` are the URLs that it may be submitted to, its own first."""

    method: str
    actions: list[str]
    controls: list[Control] = field(default_factory=list)

    @property
    def typed(self) -> list[Control]:
        return [each for each in self.controls if each.is_typed]

    def sent(self) -> list[tuple[str, str]]:
        """Return the submitted values, without the CSRF token."""
        return [
            (each.name, each.value) for each in self.controls if each.is_sent and each.name != "csrf_token"
        ]

    def of(self, name: str) -> Control | None:
        """Return the control with this name; the first of several, as in a group of checkboxes."""
        return next((each for each in self.controls if each.name == name), None)


class PageForms(HTMLParser):
    """Parses the forms of a page, and its texts by element ID."""

    def __init__(self, page: str, path: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.texts: dict[str, str] = {}
        self._path = path
        self._open: Form | None = None
        self._select: Control | None = None
        self._area: Control | None = None
        self._by_id: dict[str, Form] = {}
        self._stack: list[tuple[str, str]] = []
        self._far: list[tuple[Control, dict[str, str]]] = []
        self.feed(page)
        for control, given in self._far:
            _add(self._by_id.get(given["form"]), control, given)

    def posting(self) -> Iterator[tuple[Form, str]]:
        """Yield each POST form with each of its paths."""
        for form in self.forms:
            if form.method == "post":
                for path in dict.fromkeys(urlsplit(each).path for each in form.actions):
                    yield form, path

    def sending_to(self, path: str) -> list[Form]:
        return [form for form, there in self.posting() if there == path]

    def said_at(self, control: Control) -> str:
        """Return the error message at an invalid control, from its aria-describedby."""
        ids = control.given.get("aria-describedby", "").split()
        return " ".join(self.texts.get(each, "").strip() for each in ids if each.endswith(("fault", "error")))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _ALONE:
            self._stack.append((tag, given.get("id", "")))
        if tag == "form":
            self._open = Form(given.get("method", "get").lower(), [given.get("action") or self._path])
            self.forms.append(self._open)
            self._by_id[given.get("id", "")] = self._open
        elif tag in ("input", "textarea", "select", "button"):
            self._control(tag, given)
        elif tag == "option" and self._select is not None:
            if "selected" in given or "first" not in self._select.given:
                self._select.value = given.get("value", "")
            self._select.given.setdefault("first", "")

    def handle_endtag(self, tag: str) -> None:
        while self._stack and self._stack.pop()[0] != tag:
            pass
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.value += data if self._area.value else data.removeprefix("\n")
        for _, each in self._stack:
            if each:
                self.texts[each] = self.texts.get(each, "") + data

    def _control(self, tag: str, given: dict[str, str]) -> None:
        kind = {"input": given.get("type", "text"), "button": given.get("type", "submit")}.get(tag, tag)
        value = given.get("value", "on" if kind in ("checkbox", "radio") else "")
        control = Control(given.get("name", ""), kind, value, given)
        self._select = control if tag == "select" else self._select
        self._area = control if tag == "textarea" else self._area
        if given.get("form"):
            self._far.append((control, given))
        else:
            _add(self._open, control, given)


def _add(form: Form | None, control: Control, given: dict[str, str]) -> None:
    if form is not None:
        form.controls.append(control)
        form.actions += [given["formaction"]] if "formaction" in given else []
