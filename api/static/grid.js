// The grid of rows that are wrong: arrow keys and Enter move between its cells, and what is changed is counted.
// Without JavaScript its fields are a form as any other.
"use strict";

const form = document.querySelector(".grid-form");

function cells() {
  return [...form.querySelectorAll(".grid-table input[data-at]")];
}

// The cell above or below in the same column.
function neighbour(cell, step) {
  const column = cells().filter((each) => each.dataset.at === cell.dataset.at);
  return column[column.indexOf(cell) + step];
}

function wasOf(cell) {
  return cell.parentElement.querySelector('input[type="hidden"]').value;
}

function countChanges() {
  let count = 0;
  for (const cell of cells()) {
    const changed = cell.value !== wasOf(cell);
    cell.parentElement.classList.toggle("is-changed", changed);
    count += changed;
  }
  count += form.querySelectorAll(".grid-skip input:checked").length;
  count += [...form.querySelectorAll('.grid-all input:not([type="hidden"])')].filter((field) => field.value).length;
  const line = form.querySelector(".grid-count");
  line.textContent = count === 1 ? line.dataset.one : count ? line.dataset.more.replace("{count}", count) : "";
}

function move(event) {
  const cell = event.target.closest(".grid-table input[data-at]");
  if (!cell || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  if (event.key === "Escape") {
    cell.value = wasOf(cell);
    countChanges();
    return;
  }
  const step = { ArrowDown: 1, Enter: event.shiftKey ? -1 : 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = neighbour(cell, step);
  if (next) {
    next.focus();
    next.select();
  }
}

// In the cells that are shown; those of other pages are replaced when the changes are applied.
function replaceShown() {
  const find = form.elements.find.value;
  const inside = form.elements.inside.checked;
  if (!find) return;
  for (const cell of cells()) {
    if (!["every", cell.dataset.position].includes(form.elements["find-column"].value)) continue;
    if (cell.value.toLowerCase() === find.toLowerCase()) cell.value = form.elements.replace.value;
    else if (inside) cell.value = cell.value.replaceAll(find, form.elements.replace.value);
  }
  countChanges();
}

// A value that is probably meant, as a button that fills the field.
function addProposals() {
  for (const field of form.querySelectorAll("input[data-use]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-small button-quiet";
    button.textContent = `${field.dataset.use}?`;
    button.setAttribute("aria-controls", field.id);
    button.addEventListener("click", () => {
      field.value = field.dataset.use;
      field.focus();
      countChanges();
    });
    field.after(button);
  }
}

// What is not applied yet would be lost.
function holdImport(event) {
  const line = form.querySelector(".grid-count");
  if (!line.textContent) return;
  event.preventDefault();
  line.textContent = line.dataset.first;
  form.querySelector(".grid-foot .button-primary").focus();
}

if (form) {
  document.querySelector("form.import-decide")?.addEventListener("submit", holdImport);
  form.addEventListener("keydown", move);
  form.addEventListener("input", countChanges);
  form.elements.replace.addEventListener("change", replaceShown);
  addProposals();
}
