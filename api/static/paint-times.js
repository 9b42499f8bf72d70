// The grid of one's own busy times: one tab stop, arrows, whole parts of days at once, and undo. paint.js draws.
"use strict";

const times = document.querySelector("form[data-times]");
if (times) {
  const boxes = [...times.querySelectorAll("[data-paint] input[type=checkbox]")];
  const count = times.querySelector("[data-count]");
  const states = [];
  const now = () => boxes.map((box) => box.checked);
  const saved = now();
  let last = saved;

  const tell = () => {
    const changed = boxes.filter((box, at) => box.checked !== saved[at]).length;
    const text = changed === 1 ? count.dataset.one : changed ? count.dataset.count : count.dataset.none;
    count.closest(".save").classList.toggle("is-changed", changed > 0);
    count.textContent = text.replace("#", changed);
    const keys = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    for (const clash of times.querySelectorAll("[data-clash]")) {
      clash.hidden = !("taken" in clash.dataset) && !keys.has(clash.dataset.clash);
    }
    for (const list of times.querySelectorAll("[data-clashes]")) {
      list.hidden = !list.querySelector("[data-clash]:not([hidden])");
    }
  };
  const settle = () => {
    if (String(now()) === String(last)) return;
    states.push(last);
    last = now();
    tell();
  };
  const undo = () => {
    const before = states.pop();
    if (!before) return;
    boxes.forEach((box, at) => (box.checked = before[at]));
    last = before;
    tell();
  };
  const mark = (which, to = true) => {
    for (const box of which) box.checked = to;
    settle();
  };
  const row = (box) => box.closest("tr");
  const column = (box) => box.closest("td").cellIndex;
  const ofDay = (at) => boxes.filter((box) => column(box) === at);
  const part = (name, among = boxes) => among.filter((box) => row(box).dataset.part === name);
  const inTime = [...boxes].sort((a, b) => column(a) - column(b) || row(a).rowIndex - row(b).rowIndex);
  const turn = (which) => mark(which, !which.every((box) => box.checked));

  const focus = (box) => {
    for (const each of boxes) each.tabIndex = each === box ? 0 : -1;
  };
  const beside = (box, key) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
    if (!step) return null;
    const rows = [...times.querySelectorAll("[data-paint] tbody tr")];
    let at = rows.indexOf(row(box)) + step[0];
    let cell = column(box) + step[1];
    for (; rows[at] && rows[at].cells[cell] && cell > 0; at += step[0], cell += step[1]) {
      const found = rows[at].cells[cell].querySelector("input[type=checkbox]");
      if (found) return found;
    }
    return null;
  };

  times.classList.add("scripted");
  for (const hidden of times.querySelectorAll("[data-tools]")) hidden.hidden = false;
  for (const edge of times.querySelectorAll("[data-edge]")) {
    for (const box of inTime) {
      const day = row(box).closest("table").tHead.rows[0].cells[column(box)].dataset.day;
      edge.add(new Option(`${day}, ${row(box).cells[0].dataset.time}`, box.value));
    }
  }
  if (boxes.length) focus(boxes[0]);
  tell();
  times.addEventListener("focusin", (event) => boxes.includes(event.target) && focus(event.target));
  times.addEventListener("change", (event) => {
    if (boxes.includes(event.target)) return settle();
    const edge = event.target.dataset.edge;
    if (!edge || !event.target.value) return;
    const at = inTime.findIndex((box) => box.value === event.target.value);
    mark(edge === "arrive" ? inTime.slice(0, at) : inTime.slice(at));
  });
  document.addEventListener("pointerup", () => setTimeout(settle, 10));
  times.addEventListener("click", (event) => {
    const button = event.target.closest("button[type=button]");
    if (!button) return;
    if ("undo" in button.dataset) undo();
    else if (button.dataset.every) turn(part(button.dataset.every));
    else if (button.dataset.free) mark(boxes.filter((box) => box.value === button.dataset.free), false);
    else if ("whole" in button.dataset) turn(ofDay(button.closest("th").cellIndex));
  });
  times.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return undo();
    }
    if (!boxes.includes(event.target) || event.ctrlKey || event.altKey || event.metaKey) return;
    const day = ofDay(column(event.target));
    const letters = { d: day, m: part("morning", day), a: part("afternoon", day) };
    const which = letters[event.key.toLowerCase()];
    if (which) return turn(which);
    const next = beside(event.target, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
    if (event.shiftKey) mark([event.target, next]);
  });
}
