// The board by keyboard, finger and mouse. Without it each press is a link or a button, and works the same.
"use strict";

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
let live, grid, board, isPicked;
let here = null;

// Those that are drawn: a phone shows one time.
function cells() {
  return [...grid.querySelectorAll("tbody td")].filter((cell) => cell.offsetParent);
}

// Texts are the page's, in its language, as attributes of the live region.
function say(text, values = {}) {
  live.textContent = live.dataset[text].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function tell(cell, what) {
  const row = cell.parentNode.querySelector("th").firstChild.textContent.trim();
  const time = grid.querySelectorAll("thead th")[cell.cellIndex].textContent.trim();
  say("tells", { time, row, what });
}

function shown(selector) {
  return cells().find((cell) => cell.matches(selector));
}

function go(cell, focus = true) {
  if (here) {
    here.tabIndex = -1;
    here.classList.remove("here");
  }
  here = cell;
  here.tabIndex = 0;
  here.classList.add("here");
  if (focus) here.focus();
  const shown = offerOf(cell) || ruleOf(cell) || cell.textContent.replace(/\s+/g, " ").trim();
  tell(cell, shown || (isPicked ? live.dataset.unknown : live.dataset.free));
}

// What a place would bring: the hidden sentence of its button, which comes last in it, with the score.
function offerOf(cell) {
  const button = cell.querySelector("button[name=to]");
  if (!button) return "";
  const text = button.lastElementChild.textContent.replace(/^\.\s*/, "");
  const what = text.charAt(0).toLocaleUpperCase(document.documentElement.lang) + text.slice(1);
  const points = button.querySelector("b")?.textContent;
  if (!points) return what;
  return live.dataset.scored.replace(/\{(\w+)\}/g, (_, name) => ({ what, points })[name]);
}

// Why nothing can be put there: of a whole row it stands once, in the heading.
function ruleOf(cell) {
  const row = cell.parentNode;
  if (!cell.hasAttribute("aria-disabled") || !("why" in row.dataset)) return "";
  return live.dataset.ruled.replace("{why}", row.querySelector("th small").textContent);
}

// With a meeting picked up the arrows go to the nearest target that way; else from cell to cell.
function next(key) {
  const [dx, dy] = ARROWS[key];
  const x = here.cellIndex;
  const y = here.parentNode.rowIndex;
  const ahead = (c) => dx * (c.cellIndex - x) + dy * (c.parentNode.rowIndex - y);
  const aside = (c) => Math.abs(dy * (c.cellIndex - x)) + Math.abs(dx * (c.parentNode.rowIndex - y));
  const may = isPicked ? (c) => "to" in c.dataset || "home" in c.dataset : (c) => aside(c) === 0;
  const cost = (c) => ahead(c) + 3 * aside(c);
  return cells().filter((c) => ahead(c) > 0 && may(c)).sort((a, b) => cost(a) - cost(b))[0];
}

function press(selector, root = document) {
  const found = root.querySelector(selector);
  if (!found || found.disabled) return false;
  found.click();
  return true;
}

function nextDay(step) {
  const days = [...document.querySelectorAll("nav[data-days] a")];
  const at = days.findIndex((day) => day.getAttribute("aria-current"));
  const day = days[at + step];
  if (day) day.click();
  else say(step > 0 ? "lastDay" : "firstDay");
}

// The time of the cell is forbidden to the meeting that is picked up.
function forbidHere() {
  const times = document.getElementById("ban");
  const slot = here && grid.querySelectorAll("thead th")[here.cellIndex].dataset.slot;
  if (!times || ![...times.options].some((each) => each.value === slot)) {
    tell(here, live.dataset.notForbidden);
    return true;
  }
  times.value = slot;
  return press("[data-act=forbid]");
}

// The person of the row is away then: the page of their times, with these ticked.
function away(row, columns) {
  const link = row && row.querySelector("[data-away]");
  if (!link) return false;
  const heads = grid.querySelectorAll("thead th");
  const address = new URL(link.href);
  for (const column of columns) address.searchParams.append("slots", heads[column].dataset.slot);
  location.assign(address);
  return true;
}

const KEYS = {
  a: () => away(here.parentNode, [here.cellIndex]),
  Enter: () => press("button", here) || (isPicked && tell(here, ruleOf(here) || live.dataset.notHere)),
  Escape: () => press("[data-escape]"),
  PageDown: () => nextDay(1) || true,
  PageUp: () => nextDay(-1) || true,
  m: () => isPicked && (document.querySelector("#best button[name=to]") || document.getElementById("best")).focus(),
  l: () => press("[data-act=lock], [data-act=unlock]"),
  f: () => forbidHere(),
  r: () => press("[data-repair]"),
};

// Also from the list beside the board, and from its buttons; a field of a form keeps the key.
function onEscape(event) {
  if (event.key !== "Escape" || event.defaultPrevented || event.target.closest("[role=grid], input, select, textarea")) return;
  if (press("[data-escape]")) event.preventDefault();
}

function onKey(event) {
  if (event.altKey || !event.target.closest("[role=grid]")) return;
  if (event.ctrlKey || event.metaKey) {
    const act = { z: "undo", y: "redo" }[event.key.toLowerCase()];
    if (act && press(`[data-act=${act}]`)) event.preventDefault();
    return;
  }
  if (ARROWS[event.key]) {
    event.preventDefault();
    const cell = next(event.key);
    if (cell) go(cell);
    else say(isPicked ? "noOther" : "lastCell");
    return;
  }
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act && act() !== false) event.preventDefault();
}

// A meeting is dragged: picked up where the pointer goes down, put where it comes up. Between them the page
// with the places where it can go is loaded, so the place of the drop is kept for that page.
const DROP = "board-drop";
let dragged = null;
let drawn = null;

function onDown(event) {
  const cell = event.target.closest("[role=grid] tbody td");
  drawn = cell && !event.target.closest("button") && event.button === 0 && event.pointerType === "mouse" ? cell : null;
  const button = event.target.closest("[role=grid] button[name=pick]");
  dragged = button && event.button === 0 && event.pointerType === "mouse" ? { button, x: event.clientX, y: event.clientY } : null;
}

// Times of one person are drawn over: from where the pointer goes down to where it comes up.
function drawnTo(event) {
  const cell = event.target.closest("[role=grid] tbody td");
  const [from, to] = [drawn, cell];
  drawn = null;
  if (!from || !to || from === to || from.parentNode !== to.parentNode) return;
  const [first, last] = [from.cellIndex, to.cellIndex].sort((a, b) => a - b);
  away(from.parentNode, Array.from({ length: last - first + 1 }, (_, k) => first + k));
}

function onUp(event) {
  if (drawn) drawnTo(event);
  if (!dragged) return;
  const { button, x, y } = dragged;
  dragged = null;
  if (Math.hypot(event.clientX - x, event.clientY - y) <= 6) return;
  const under = document.elementFromPoint(event.clientX, event.clientY);
  const cell = under && under.closest("[role=grid] tbody td");
  if (!cell || cell === button.closest("td")) return;
  const slot = grid.querySelectorAll("thead th")[cell.cellIndex].dataset.slot;
  sessionStorage.setItem(DROP, JSON.stringify({ row: cell.parentNode.dataset.row, slot }));
  button.click();
}

// What was dropped is put, or the bar says why it cannot be put there.
function drop() {
  const wanted = JSON.parse(sessionStorage.getItem(DROP) || "null");
  if (!wanted || (isPicked && isReading())) return;
  sessionStorage.removeItem(DROP);
  const heads = [...grid.querySelectorAll("thead th")].map((head) => head.dataset.slot);
  const row = grid.querySelector(`tr[data-row="${CSS.escape(wanted.row)}"]`);
  const cell = isPicked && row && row.cells[heads.indexOf(wanted.slot)];
  if (!cell) return;
  go(cell);
  press("button[name=to]", cell);
}

function isReading() {
  return Boolean(document.querySelector("[data-again]"));
}

// Of the page as it is now: at first, and whenever the steps of others have changed it.
function begin(place) {
  live = document.getElementById("live");
  grid = document.querySelector("[role=grid]");
  board = document.getElementById("board");
  isPicked = board && board.hasAttribute("data-picked");
  here = null;
  if (!grid || !board) return;
  grid.querySelectorAll("button").forEach((button) => (button.tabIndex = -1));
  grid.querySelectorAll("tbody td").forEach((cell) => (cell.tabIndex = -1));
  const at = board.dataset.at || "";
  const before = place && grid.rows[place.row] && grid.rows[place.row].cells[place.cell];
  const first =
    before ||
    shown("[data-home]") ||
    (at && shown(`[data-r="${CSS.escape(at)}"]`)) ||
    (isPicked && shown("[data-to]")) ||
    shown("td");
  if (first) go(first, place ? place.hadFocus : Boolean(isPicked || at));
  if (isPicked && !place) {
    const count = grid.querySelectorAll("[data-to]").length;
    if (isReading()) say("reading");
    else if (count) say("picked", { count });
    else say("none");
  }
  grid.addEventListener("keydown", onKey);
  grid.addEventListener("focusin", (event) => {
    const cell = event.target.closest("td");
    if (cell && cell !== here) go(cell, event.target === cell);
  });
  grid.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (cell && !event.target.closest("button")) press("button", cell);
  });
}

// On a phone the times are a bar, and the board has the one that is pressed there.
function showTime(event) {
  const link = event.target.closest("#times a");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const column = [...link.parentNode.querySelectorAll("a")].indexOf(link) + 1;
  link.parentNode.querySelector("[aria-current]")?.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  for (const row of grid.rows) {
    row.querySelector("[data-at]")?.removeAttribute("data-at");
    if (row.cells[column]) row.cells[column].dataset.at = "";
  }
  history.replaceState(null, "", link.href);
  const first = (isPicked && (shown("[data-home]") || shown("[data-to]"))) || shown("td");
  if (first) go(first, false);
}

document.addEventListener("click", showTime);
document.addEventListener("pointerdown", onDown);
document.addEventListener("pointerup", onUp);
document.addEventListener("keydown", onEscape);
begin();
if (grid && board) drop();

// Others have changed the draft: the board follows, unless a form beside it is in use. That is left as it is.
function isInUse() {
  const open = document.querySelector(".by-hand[open]");
  const at = document.activeElement;
  return Boolean(open || dragged || (at && at.closest("#hand-board") && at.matches("select, input")));
}

async function follow() {
  const news = document.getElementById("news");
  const said = (news && news.dataset.said) || "";
  const place = here && {
    row: here.parentNode.rowIndex, cell: here.cellIndex, hadFocus: here.contains(document.activeElement),
  };
  await htmx.ajax("GET", shownAt(), { target: "#hand-board", select: "#hand-board", swap: "outerHTML" });
  begin(place || undefined);
  say("changed", { what: said });
}

// The address of what is shown: a form that came back stands at the address that it was sent to.
function shownAt() {
  return document.getElementById("hand-board").dataset.here || location.href;
}

document.body.addEventListener("board-changed", () => isInUse() || follow());
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-refresh]")) return;
  event.preventDefault();
  location.assign(shownAt());
});
// A plan that is being read is asked for again by itself, ever less often, for some minutes.
const again = document.querySelector("[data-again]");
if (again) {
  const tries = Number(sessionStorage.getItem("board-again") || 0);
  sessionStorage.setItem("board-again", tries + 1);
  if (tries < 30) setTimeout(() => location.replace(again.href), Math.min(1500 * 1.2 ** tries, 8000));
  else {
    sessionStorage.removeItem("board-again");
    say("gaveUp");
  }
} else {
  sessionStorage.removeItem("board-again");
}
