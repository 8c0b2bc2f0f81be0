// A grid of fields, of prices or of variants: arrow keys and Enter move, Ctrl+D fills down, cells copied from a
// spreadsheet are pasted over a range, changed cells are marked and counted. Without scripts it is a form with many fields.
const form = () => document.querySelector("form[data-grid]");
const isCell = (node) => node.form?.matches("[data-grid]") && node.matches("td :is(.input, .switch)");
const cells = () => [...form().elements].filter(isCell);
const fields = (cell) => [...cell.querySelectorAll("input")].filter(isCell);
const isChanged = (cell) => cell.type === "checkbox" ? cell.checked !== cell.defaultChecked : cell.value.trim() !== cell.defaultValue;

// The field so far away: of the same kind in another cell, or, in a list with one cell a row, another one of that cell.
function at(field, down, right) {
  const cell = field.closest("td");
  const rows = [...cell.parentElement.parentElement.rows];
  const row = rows[rows.indexOf(cell.parentElement) + down];
  const places = row ? [...row.cells].filter((one) => fields(one).length) : [];
  const kind = fields(cell).indexOf(field);
  if (places.length === 1) return fields(places[0])[kind + right];
  const to = row?.cells[cell.cellIndex + right];
  return to && fields(to)[kind];
}

function mark() {
  if (!form()) return 0;
  const changed = cells().filter((cell) => cell.classList.toggle("changed", isChanged(cell))).length;
  const words = form().querySelector("[data-many]");
  if (words) words.textContent = changed === 1 ? words.dataset.one : changed ? words.dataset.many.replace("#", changed) : "";
  form().classList.toggle("show", changed > 0);
  return changed;
}
const told = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));
for (const name of ["input", "change"]) document.addEventListener(name, (event) => { if (isCell(event.target)) mark(); });

document.addEventListener("keydown", (event) => {
  const cell = event.target;
  if (!isCell(cell) || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "d" && !cell.matches(".code")) {
    event.preventDefault();
    for (let next = at(cell, 1, 0); next; next = at(next, 1, 0)) { next.value = cell.value; next.checked = cell.checked; }
    told(cell);
  }
  if (event.ctrlKey || event.metaKey) return;
  const whole = cell.type === "checkbox" || (cell.selectionStart === 0 && cell.selectionEnd === cell.value.length);
  const step = {
    ArrowDown: [1, 0], ArrowUp: [-1, 0], Enter: [event.shiftKey ? -1 : 1, 0],
    ...(whole ? { ArrowLeft: [0, -1], ArrowRight: [0, 1] } : {}),
  }[event.key];
  if (event.key === "Escape" && isChanged(cell)) { cell.value = cell.defaultValue; cell.checked = cell.defaultChecked; mark(); cell.select(); }
  if (!step) return;
  event.preventDefault();
  at(cell, ...step)?.focus();
});
document.addEventListener("focusin", (event) => { if (isCell(event.target)) event.target.select(); });

document.addEventListener("paste", (event) => {
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!isCell(event.target) || !/[\t\n]/.test(text.trimEnd())) return;
  event.preventDefault();
  text.replace(/\r/g, "").replace(/\n$/, "").split("\n").forEach((line, down) => line.split("\t").forEach((value, right) => {
    const over = at(event.target, down, right);
    if (over?.matches(".input")) over.value = value.trim();
  }));
  told(event.target);
});

// A search or a page draws other rows: what was typed would be gone.
document.addEventListener("htmx:confirm", (event) => {
  if (!["table", "matrix"].includes(event.detail.target?.id) || event.detail.verb !== "get" || !mark()) return;
  event.preventDefault();
  if (confirm(form().dataset.ask)) event.detail.issueRequest(true);
});
document.addEventListener("htmx:afterSettle", mark);
mark();
