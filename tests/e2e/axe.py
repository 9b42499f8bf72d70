"""axe-core accessibility checks of a page in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support import missing_programs

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCRIPT = missing_programs.NODE_MODULES / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that can find more in dark mode than in light mode."""

RUN = """async (options) => (await axe.run(document, options)).violations.flatMap(({id, nodes}) =>
    nodes.map(({target, failureSummary}) => `${id} at ${target.join(" ")}: ${failureSummary}`))"""
WIDER = """() => innerWidth < document.documentElement.scrollWidth
    ? [`${document.documentElement.scrollWidth} px wide on a screen of ${innerWidth}`] : []"""
SMALL = """() => {
    const pressed = "button:not(.visually-hidden), .button, select, textarea, input, summary";
    const few = [...document.querySelectorAll(pressed)].filter((each) => {
        const target = /checkbox|radio/.test(each.type) ? each.labels[0] : each;
        const {width, height} = target.getBoundingClientRect();
        return height > 0 && (height < 44 || width < 44);
    });
    const inText = (link) => [...link.parentElement.childNodes].some(
        (each) => each.nodeType === Node.TEXT_NODE && /[\\p{L}\\p{N}]/u.test(each.data));
    const low = [...document.querySelectorAll("a[href]:not(.skip-link)")].filter((each) => {
        const {height} = each.getBoundingClientRect();
        return each.checkVisibility() && height > 1 && height < 23.5 && !inText(each);
    });
    return [...few, ...low].map((each) => `${each.outerHTML.slice(0, 90)} is too small for a finger`);
}"""
"""44 px a side for buttons and disclosures (WCAG 2.5.5), 24 px for standalone links (2.5.8)."""
FOCUS = """() => {
    const reached = [...document.querySelectorAll(
        "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
        .filter((each) => !each.disabled && each.tabIndex >= 0
            && each.checkVisibility({visibilityProperty: true}));
    const begun = document.activeElement;
    const found = [];
    for (const each of reached) {
        each.focus();
        if (document.activeElement !== each) continue;
        const {left, top, right, bottom} = each.getBoundingClientRect();
        const says = each.outerHTML.slice(0, 90);
        const points = [[.5, .5], [.1, .2], [.9, .2], [.1, .8], [.9, .8]].map(([x, y]) =>
            document.elementFromPoint(left + x * (right - left), top + y * (bottom - top)));
        const label = each.labels?.[0];
        const seen = (at) => at && (each.contains(at) || at.contains(each) || label?.contains(at));
        if (!points.some(seen)) found.push(`the focus is hidden at ${says}`);
        const framed = (at) => at && (getComputedStyle(at).outlineStyle !== "none"
            || getComputedStyle(at).boxShadow !== "none");
        if (!framed(each) && !framed(label) && !framed(each.closest("label, td, li")))
            found.push(`the focus is not shown at ${says}`);
    }
    begun.focus();
    scrollTo(0, 0);
    return found;
}"""
"""The focused element is not covered (WCAG 2.4.11), and its focus is visible (2.4.7)."""

FORCED = """async (options) => {
    const read = CSSStyleDeclaration.prototype.getPropertyValue;
    CSSStyleDeclaration.prototype.getPropertyValue = function (name) {
        return read.call(this, name === "-webkit-text-fill-color" ? "color" : name);
    };
    try { return await (%s)(options); }
    finally { CSSStyleDeclaration.prototype.getPropertyValue = read; }
}"""
"""Chromium reports the fill that the author chose, which axe reads, and draws the forced colour of a text."""
SPACED = """() => {
    const style = document.createElement("style");
    style.textContent = `* { line-height: 1.5 !important; letter-spacing: .12em !important;
        word-spacing: .16em !important } p { margin-block-end: 2em !important }`;
    const cuts = (value) => value === "hidden" || value === "clip";
    const read = "*:not(input, .visually-hidden, .visually-hidden *)";
    const cut = () => new Set([...document.body.querySelectorAll(read)]
        .filter((each) => {
            const {overflowX, overflowY} = getComputedStyle(each);
            return each.clientWidth > 1 && each.clientHeight > 1 && each.checkVisibility()
                && ((cuts(overflowX) && each.scrollWidth > each.clientWidth + 1)
                    || (cuts(overflowY) && each.scrollHeight > each.clientHeight + 1));
        }));
    const shortened = cut();
    document.head.append(style);
    const found = [...cut()].filter((each) => !shortened.has(each))
        .map((each) => `wider spacing cuts the text of ${each.outerHTML.slice(0, 90)}`);
    if (innerWidth < document.documentElement.scrollWidth) found.push("wider spacing makes the page wider");
    style.remove();
    return found;
}"""
"""No text is lost with the spacing of WCAG 1.4.12."""


def require() -> None:
    """Skip the test if axe is missing."""
    missing_programs.require("npm's packages")


def findings(page: Page, *, is_email: bool = False) -> list[str]:
    """Return the violations of a page or an email.

    All rules in light mode, contrast in dark mode and with forced colours, sizes in pixels. No reader sets
    the spacing of an email, whose tables then scroll sideways.
    """
    require()
    tags = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    colours = {"runOnly": {"type": "rule", "values": COLOURS}, "resultTypes": ["violations"]}
    page.emulate_media(color_scheme="light")
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    page.evaluate("scrollTo(0, 0)")  # the sticky bar would cover the scrolled content
    found = [*page.evaluate(RUN, tags), *page.evaluate(WIDER), *page.evaluate(SMALL)]
    found += in_other_sizes(page, is_spaced=not is_email)
    page.emulate_media(color_scheme="dark")
    found += [f"in the dark: {fault}" for fault in page.evaluate(RUN, colours)]
    page.emulate_media(color_scheme="light", forced_colors="active")
    found += [f"with forced colours: {fault}" for fault in page.evaluate(FORCED % RUN, colours)]
    page.emulate_media(forced_colors="none")
    return found


def in_other_sizes(page: Page, *, is_spaced: bool) -> list[str]:
    """Check that pages fit 320 px (WCAG 1.4.10), with wider spacing (1.4.12), and text at 200 % (1.4.4)."""
    before = page.viewport_size
    assert before is not None
    page.set_viewport_size({"width": 320, "height": 640})
    page.keyboard.press("Tab")  # browsers show the focus for keyboard users
    found = [*page.evaluate(WIDER), *page.evaluate(FOCUS)]
    if is_spaced:
        found += page.evaluate(SPACED)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    found += [f"with large letters: {fault}" for fault in page.evaluate(WIDER)]
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size(before)
    return found
