// The grid of prices: arrow keys and Enter move, cells copied from a spreadsheet are pasted over a range, changed
// cells are marked and counted. Without scripts it is a form with many fields.
const form = document.querySelector("form[data-grid]");
const cells = () => [...document.querySelectorAll("#table .pcell input, #table td input[form=grid]:not([type=hidden])")];
const rowOf = (cell) => cell.closest("tr");
const inRow = (row) => [...row.querySelectorAll("input[form=grid]:not([type=hidden])")];

function at(cell, down, right) {
  const rows = [...rowOf(cell).parentElement.rows];
  const row = rows[rows.indexOf(rowOf(cell)) + down];
  return row && inRow(row)[inRow(rowOf(cell)).indexOf(cell) + right];
}

function go(cell) {
  cell?.focus();
  cell?.select();
}

function mark() {
  const changed = new Set(cells().filter((cell) => cell.value.trim() !== cell.defaultValue));
  cells().forEach((cell) => cell.classList.toggle("changed", changed.has(cell)));
  const words = form.querySelector("[data-many]");
  words.textContent = changed.size === 1 ? words.dataset.one : changed.size ? words.dataset.many.replace("#", changed.size) : "";
  form.classList.toggle("show", changed.size > 0);
  return changed.size;
}

const isCell = (node) => node.matches?.("#table input[form=grid]:not([type=hidden])");

document.addEventListener("input", (event) => { if (isCell(event.target)) mark(); });

document.addEventListener("keydown", (event) => {
  const cell = event.target;
  if (!isCell(cell) || event.ctrlKey || event.metaKey || event.altKey) return;
  const whole = cell.selectionStart === 0 && cell.selectionEnd === cell.value.length;
  const moves = {
    ArrowDown: [1, 0], ArrowUp: [-1, 0], Enter: [event.shiftKey ? -1 : 1, 0],
    ...(whole ? { ArrowLeft: [0, -1], ArrowRight: [0, 1] } : {}),
  };
  if (event.key === "Escape") { cell.value = cell.defaultValue; mark(); cell.select(); }
  if (!moves[event.key]) return;
  event.preventDefault();
  go(at(cell, ...moves[event.key]));
});

document.addEventListener("focusin", (event) => { if (isCell(event.target)) event.target.select(); });

document.addEventListener("paste", (event) => {
  const cell = event.target;
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!isCell(cell) || !/[\t\n]/.test(text.trimEnd())) return;
  event.preventDefault();
  const lines = text.replace(/\r/g, "").replace(/\n$/, "").split("\n");
  lines.forEach((line, down) => line.split("\t").forEach((value, right) => {
    const over = at(cell, down, right);
    if (over) over.value = value.trim();
  }));
  cell.dispatchEvent(new Event("input", { bubbles: true }));
});

// A search or a page draws other rows: what was typed would be gone.
document.addEventListener("htmx:confirm", (event) => {
  if (event.detail.target?.id !== "table" || !form || !cells().some((cell) => cell.value.trim() !== cell.defaultValue)) return;
  event.preventDefault();
  if (confirm(form.dataset.ask)) event.detail.issueRequest(true);
});
document.addEventListener("htmx:afterSettle", () => { if (form) mark(); });
if (form) mark();
