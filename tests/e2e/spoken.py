"""A page as a screen reader speaks it: the accessibility tree of Chromium, moved through by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.web import without_joiners

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

CONTROLS = frozenset(
    (
        "button", "checkbox", "combobox", "disclosure", "link", "listbox", "menuitem", "radio",
        "searchbox", "slider", "spinbutton", "switch", "tab", "textbox",
    )
)  # fmt: skip
"""Roles of what a person operates. Each needs a name (WCAG 4.1.2)."""
LANDMARKS = frozenset(
    ("banner", "complementary", "contentinfo", "form", "main", "navigation", "region", "search")
)
STATES = ("checked", "expanded", "pressed", "invalid", "required", "disabled", "focused", "live", "level")
MOST_TABS = 150


@dataclass(frozen=True)
class Spoken:
    """An object of the accessibility tree: what a screen reader says when it arrives there.

    `states` has those properties of STATES that are set. `within` are the roles of its ancestors.
    """

    role: str
    name: str
    description: str = ""
    states: dict[str, Any] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    backend: int = 0

    def is_(self, role: str, name: str) -> bool:
        return self.role == role and self.name == name


class ScreenReader:
    """Reads the current page, and moves by headings, landmarks and the Tab key."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._cdp: CDPSession = page.context.new_cdp_session(page)

    def read(self) -> list[Spoken]:
        """Return all objects of the page in reading order."""
        nodes = {node["nodeId"]: node for node in self._cdp.send("Accessibility.getFullAXTree")["nodes"]}
        (root,) = [node for node in nodes.values() if "parentId" not in node]
        return list(_walk(root, nodes, ()))

    def focused(self) -> Spoken:
        """Return the object that has the focus."""
        found = self._cdp.send("Runtime.evaluate", {"expression": "document.activeElement"})
        asked = {"objectId": found["result"]["objectId"], "fetchRelatives": False}
        return _spoken(self._cdp.send("Accessibility.getPartialAXTree", asked)["nodes"][0], ())

    def jump(self, role: str, name: str) -> Spoken:
        """Move to a heading or landmark, as a screen reader's keys do: Tab goes on from there."""
        there = next((each for each in self.read() if each.is_(role, name)), None)
        assert there is not None, (
            f"no {role} {name}: {[(e.role, e.name) for e in self.read() if e.role == role]}"
        )
        found = self._cdp.send("DOM.resolveNode", {"backendNodeId": there.backend})
        move = (
            "function () { const had = this.getAttribute('tabindex'); this.tabIndex = -1; this.focus();"
            " if (had === null) this.addEventListener('blur', () => this.removeAttribute('tabindex'),"
            " {once: true}) }"
        )
        self._cdp.send(
            "Runtime.callFunctionOn", {"objectId": found["object"]["objectId"], "functionDeclaration": move}
        )
        return there

    def tab_to(self, role: str, name: str, *, most: int = MOST_TABS) -> Spoken:
        """Press Tab until an object has the focus. Each object on the way must be a named control."""
        heard = []
        for _ in range(most):
            self.page.keyboard.press("Tab")
            here = self.focused()
            heard.append(f"{here.role} {here.name}")
            assert here.name, f"a nameless {here.role} after {heard}"
            if here.is_(role, name):
                return here
        raise AssertionError(f"{role} {name} is not reached by Tab: {heard}")

    def press(self, key: str = "Enter") -> None:
        self.page.keyboard.press(key)

    def go(self, step: Callable[[], object]) -> None:
        """Do a step that leads to another page, and check that page."""
        with self.page.expect_navigation():
            step()
        self.check()

    def check(self) -> None:
        """Check names of controls, the order of headings, and landmarks of the page."""
        self.page.wait_for_load_state()
        told = self.read()
        nameless = [each for each in told if each.role in CONTROLS and not each.name]
        assert nameless == [], nameless
        levels = [each.states["level"] for each in told if each.role == "heading"]
        assert levels.count(1) == 1, levels
        gaps = [(a, b) for a, b in zip([0, *levels], levels, strict=False) if b > a + 1]
        assert gaps == [], levels
        landmarks = [each.role for each in told if each.role in LANDMARKS]
        assert landmarks.count("main") == landmarks.count("banner") == landmarks.count("contentinfo") == 1

    def announced(self, role: str = "status") -> str:
        """Return what live regions of a role say."""
        return " ".join(
            each.name for each in self.read() if role in each.within and each.role == "StaticText"
        )


def _walk(
    node: dict[str, Any], nodes: dict[str, dict[str, Any]], within: tuple[str, ...]
) -> Iterator[Spoken]:
    inside = within
    if not node.get("ignored"):
        spoken = _spoken(node, within)
        yield spoken
        inside = (*within, spoken.role)
    for child in node.get("childIds", ()):
        if child in nodes:
            yield from _walk(nodes[child], nodes, inside)


def _spoken(node: dict[str, Any], within: tuple[str, ...]) -> Spoken:
    states = {each["name"]: each["value"].get("value") for each in node.get("properties", ())}
    role = node.get("role", {}).get("value", "")
    return Spoken(
        "disclosure" if role.startswith("DisclosureTriangle") else role,
        _text(node, "name"),
        _text(node, "description"),
        {name: value for name, value in states.items() if name in STATES},
        within,
        node.get("backendDOMNodeId", 0),
    )


def _text(node: dict[str, Any], name: str) -> str:
    return " ".join(without_joiners(node.get(name, {}).get("value", "")).split())
