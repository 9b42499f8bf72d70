// Draw over the slots of a form: what the first one becomes, all that the pointer passes become too.
"use strict";

let painting = null;

function boxAt(event) {
  const found = document.elementFromPoint(event.clientX, event.clientY);
  const label = found && found.closest("[data-paint] label");
  return label && label.querySelector("input[type=checkbox]");
}

document.addEventListener("pointerdown", (event) => {
  const label = event.target.closest("[data-paint] label");
  if (!label || event.button !== 0) return;
  if (event.pointerType === "touch" && !label.closest("[data-paint=touch]")) return; // it scrolls there
  const box = label.querySelector("input[type=checkbox]");
  painting = { to: !box.checked, first: box, moved: false };
});

document.addEventListener("pointermove", (event) => {
  if (!painting) return;
  const box = boxAt(event);
  if (!box || (box === painting.first && !painting.moved)) return;
  painting.moved = true;
  painting.first.checked = box.checked = painting.to;
  event.preventDefault();
});

document.addEventListener("pointercancel", () => (painting = null)); // touch scrolls

document.addEventListener("pointerup", () => {
  if (painting && painting.moved) {
    const { first, to } = painting;
    setTimeout(() => (first.checked = to)); // after the click that follows where the pointer went down
  }
  painting = null;
});
