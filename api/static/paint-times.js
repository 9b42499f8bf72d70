// The grid of one's own busy times: one tab stop, arrows, whole parts of days at once, and undo. paint.js draws.
"use strict";

for (const link of document.querySelectorAll("a[data-painter]")) link.href = link.dataset.painter;

const times = document.querySelector("form[data-times]");
if (times) {
  const boxes = [...times.querySelectorAll("[data-paint] input[type=checkbox]")];
  const said = times.querySelector("[data-count]");
  const states = [];
  const now = () => boxes.map((box) => box.checked);
  let last = now();

  const tell = () => {
    const marked = boxes.filter((box) => box.checked);
    said.textContent = said.dataset.count.replace("#", marked.length);
    const keys = new Set(marked.map((box) => box.value));
    for (const clash of times.querySelectorAll("[data-clash]")) clash.hidden = !keys.has(clash.dataset.clash);
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
  const ofDay = (day) => boxes.filter((box) => box.dataset.day === day);
  const part = (name, among = boxes) => among.filter((box) => row(box).dataset.part === name);
  const byTime = () => [...times.querySelector("[data-edge]").options].slice(1).map((each) => each.value);
  const turn = (which) => mark(which, !which.every((box) => box.checked));

  const focus = (box) => {
    for (const each of boxes) each.tabIndex = each === box ? 0 : -1;
  };
  const beside = (box, key) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
    if (!step) return null;
    const rows = [...times.querySelectorAll("[data-paint] tbody tr")];
    let at = rows.indexOf(row(box)) + step[0];
    let cell = box.closest("td").cellIndex + step[1];
    for (; rows[at] && rows[at].cells[cell] && cell > 0; at += step[0], cell += step[1]) {
      const found = rows[at].cells[cell].querySelector("input[type=checkbox]");
      if (found) return found;
    }
    return null;
  };

  for (const hidden of times.querySelectorAll("[data-tools], .day-b")) hidden.hidden = false;
  if (boxes.length) focus(boxes[0]);
  tell();
  times.addEventListener("focusin", (event) => boxes.includes(event.target) && focus(event.target));
  times.addEventListener("change", (event) => {
    if (boxes.includes(event.target)) return settle();
    const edge = event.target.dataset.edge;
    if (!edge || !event.target.value) return;
    const order = byTime();
    const at = order.indexOf(event.target.value);
    const away = new Set(edge === "arrive" ? order.slice(0, at) : order.slice(at));
    mark(boxes.filter((box) => away.has(box.value)));
  });
  document.addEventListener("pointerup", () => setTimeout(settle, 10));
  times.addEventListener("click", (event) => {
    const button = event.target.closest("button[type=button]");
    if (!button) return;
    if ("undo" in button.dataset) undo();
    else if (button.dataset.every) turn(part(button.dataset.every));
    else if (button.dataset.day) turn(ofDay(button.dataset.day));
  });
  times.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return undo();
    }
    if (!boxes.includes(event.target) || event.ctrlKey || event.altKey || event.metaKey) return;
    const day = ofDay(event.target.dataset.day);
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
