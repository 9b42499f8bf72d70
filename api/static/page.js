// What pages are a little nicer with: copy buttons, and a word when the site does not answer htmx.
"use strict";

function say(word) {
  const text = document.getElementById("messages").dataset[word];
  const line = document.createElement("p");
  line.className = document.getElementById("messages").dataset.class;
  line.textContent = text;
  document.getElementById("messages").replaceChildren(line);
  line.scrollIntoView({ block: "nearest" });
}

function showCopyButtons() {
  if (!navigator.clipboard) return;
  document.querySelectorAll("[data-copy]").forEach((button) => (button.hidden = false));
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  await navigator.clipboard.writeText(field.value);
  button.textContent = button.dataset.copied || document.getElementById("messages").dataset.copied;
  if ("tell" in button.dataset) fetch(button.form.action, { method: "POST", body: new FormData(button.form) });
});

document.addEventListener("htmx:sendError", () => say("silent"));
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status >= 500) say("broken");
});
document.addEventListener("DOMContentLoaded", showCopyButtons);

// A panel whose table fits needs no scroll bar, so the table's head stays in the window. Without JavaScript each panel scrolls.
const tableSizes = new ResizeObserver((entries) => {
  for (const { target: table } of entries) {
    table.parentElement.classList.toggle("is-fitting", table.offsetWidth <= table.parentElement.clientWidth);
  }
});
function watchTables() {
  document.querySelectorAll(".table-panel > .table").forEach((table) => tableSizes.observe(table));
}
document.addEventListener("DOMContentLoaded", watchTables);
document.addEventListener("htmx:afterSettle", watchTables);

// A row of tabs that is wider than the window starts at the selected one. Without JavaScript it starts at the first.
function showSelectedTabs() {
  for (const row of document.querySelectorAll(".tabs, .segmented")) {
    const tab = row.querySelector("[aria-current]:not([aria-current=false])");
    if (!tab || row.scrollWidth <= row.clientWidth) continue;
    const [outer, inner] = [row.getBoundingClientRect(), tab.getBoundingClientRect()];
    row.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  }
}
document.addEventListener("DOMContentLoaded", showSelectedTabs);
document.addEventListener("htmx:afterSettle", showSelectedTabs);

// On a phone the filters stand folded, so that what was found is seen first. Without JavaScript they stay open.
let filtersAreOpen = false;
function foldFilters() {
  const filters = document.querySelector("details.facets");
  if (!filters || !window.matchMedia("(max-width: 63rem)").matches) return;
  filters.open = filtersAreOpen;
  filters.addEventListener("toggle", () => (filtersAreOpen = filters.open));
}
document.addEventListener("DOMContentLoaded", foldFilters);
document.addEventListener("htmx:oobAfterSwap", foldFilters);

// A group of the menu, or a question, closes once the reader goes on elsewhere, and by Escape. Without JavaScript another press closes it.
const openGroups = () => document.querySelectorAll("nav .fold[open], .topbar .menu[open], .ask[open]");
for (const moved of ["pointerdown", "focusin"]) {
  document.addEventListener(moved, (event) => {
    for (const group of openGroups()) if (!group.contains(event.target)) group.open = false;
  });
}
document.addEventListener("focusin", (event) => {
  const menu = document.querySelector("nav[popover]");
  if (menu?.matches(":popover-open") && !event.target.closest("nav[popover], [popovertarget]")) menu.hidePopover();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const group of openGroups()) {
    group.open = false;
    if (group.contains(document.activeElement)) group.querySelector("summary").focus();
  }
});

// The key / goes to the search, unless somebody types or it is off (WCAG 2.1.4). On its page it goes into the field.
const SHORTCUT = "shortcut";
const shortcutIsOff = () => localStorage.getItem(SHORTCUT) === "off";
function showShortcutButton() {
  const button = document.querySelector("[data-shortcut]");
  if (!button) return;
  const off = button.textContent;
  const show = () => (button.textContent = shortcutIsOff() ? button.dataset.on : off);
  button.addEventListener("click", () => {
    if (shortcutIsOff()) localStorage.removeItem(SHORTCUT);
    else localStorage.setItem(SHORTCUT, "off");
    show();
  });
  show();
  button.hidden = false;
}
document.addEventListener("DOMContentLoaded", showShortcutButton);
document.addEventListener("keydown", (event) => {
  if (shortcutIsOff() || event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const link = document.querySelector("[aria-keyshortcuts='/']");
  if (!link) return;
  event.preventDefault();
  const field = link.hasAttribute("aria-current") && document.querySelector("[role=search] input[type=search]");
  if (field) field.select();
  else link.click();
});

// What the service worker has asked for and not got yet is not to be kept after the sign-out.
document.addEventListener("submit", (event) => {
  const worker = navigator.serviceWorker && navigator.serviceWorker.controller;
  if (worker && (event.target.getAttribute("action") || "").endsWith("/sign-out")) worker.postMessage({ signsOut: true });
});

// Signing out forgets what the device keeps, but for what waits to be sent (words.js): that stays for its person.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const waits = Object.keys(localStorage).some((name) => name.startsWith("words ") && localStorage[name].includes('"waiting"'));
  if (!(form.getAttribute("action") || "").endsWith("/sign-out") || !waits || form.querySelector("[name=keep]")) return;
  event.preventDefault();
  const keep = Object.assign(document.createElement("input"), { type: "hidden", name: "keep", value: "words" });
  form.append(keep);
  const names = "caches" in window ? await caches.keys() : [];
  await Promise.allSettled(names.filter((name) => name.startsWith("my-day /")).map((name) => caches.delete(name)));
  form.submit();
});

// Selecting all rows of a list, or none, in place. Without JavaScript the links load the list with all of them selected.
function countSelected(form) {
  const boxes = [...document.getElementsByName(form.dataset.select)].filter((box) => box.form === form);
  form.querySelector("[data-selected]").textContent = boxes.filter((box) => box.checked).length;
  return boxes;
}
document.addEventListener("change", (event) => {
  if (event.target.form && event.target.form.dataset.select === event.target.name) countSelected(event.target.form);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-select-all], [data-select-none]");
  if (!link) return;
  event.preventDefault();
  const form = link.closest("form");
  for (const box of countSelected(form)) box.checked = "selectAll" in link.dataset;
  countSelected(form);
});
