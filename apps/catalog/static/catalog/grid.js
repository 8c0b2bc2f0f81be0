// A grid of fields, of prices or of variants: arrow keys and Enter move, Ctrl+D fills down, cells copied from a
// spreadsheet are pasted over a range, changed cells are marked and counted. Without scripts it is a form with many fields.
const form = () => document.querySelector("form[data-grid]");
const isCell = (node) => node.form?.matches("[data-grid]") && node.matches("td :is(.input, .switch)");
const cells = () => [...form().elements].filter(isCell);
const fields = (cell) => [...cell.querySelectorAll("input")].filter(isCell);
let before = [];  // what the last paste or fill stood over: Ctrl+Z puts it back
let lost = 0;  // pasted cells that had no place
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
  const said = changed === 1 ? [words?.dataset.one] : changed ? [words?.dataset.many.replace("#", changed)] : [];
  if (lost) said.push(words?.dataset.lost?.replace("#", lost));
  if (words) words.textContent = said.filter(Boolean).join(" · ");
  form().classList.toggle("show", said.length > 0);
  return changed;
}
const told = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));
for (const name of ["input", "change"]) document.addEventListener(name, (event) => {
  if (!isCell(event.target)) return;
  if (event.isTrusted) { before = []; lost = 0; }
  mark();
});
document.addEventListener("reset", (event) => { if (event.target === form()) { before = []; lost = 0; setTimeout(mark); } });

// Puts values into fields and remembers what was there.
function put(pairs, from, left = 0) {
  before = pairs.map(([field]) => [field, field.value, field.checked]);
  lost = left;
  for (const [field, value, checked] of pairs) { field.value = value; if (checked !== undefined) field.checked = checked; }
  told(from);
}

document.addEventListener("keydown", (event) => {
  const cell = event.target;
  if (!isCell(cell) || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "d" && !cell.matches(".code")) {
    event.preventDefault();
    const pairs = [];
    for (let next = at(cell, 1, 0); next; next = at(next, 1, 0)) pairs.push([next, cell.value, cell.checked]);
    put(pairs, cell);
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && before.length) {
    event.preventDefault();
    put(before, cell);
    before = [];
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

// A line of headings above prices and columns of names before them are not prices; a blank leaves what is there.
const looksLikePrice = (text) => /^((R\$|US\$|[$€£])\s*)?[-+\u2212]?\s*\d[\d.,\s]*$|^[-\u2013]?$/.test(text);
document.addEventListener("paste", (event) => {
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!isCell(event.target) || !/[\t\n]/.test(text.trimEnd())) return;
  event.preventDefault();
  let lines = text.replace(/\r/g, "").replace(/\n+$/, "").split("\n").map((line) => line.split("\t").map((one) => one.trim()));
  if (event.target.inputMode === "decimal") {
    if (lines.length > 1 && lines[0].every((one) => !/\d/.test(one))) lines.shift();
    const names = lines.map((line) => line.findIndex((one) => one && looksLikePrice(one))).filter((place) => place > 0);
    if (names.length && lines.every((line) => !line[0] || !looksLikePrice(line[0]))) lines = lines.map((line) => line.slice(Math.min(...names)));
  }
  const pairs = [];
  let left = 0;
  lines.forEach((line, down) => line.forEach((value, right) => {
    if (!value) return;
    const over = at(event.target, down, right);
    if (over?.matches(".input")) pairs.push([over, value]); else left += 1;
  }));
  put(pairs, event.target, left);
});

// A search or a page draws other rows: what was typed would be gone.
document.addEventListener("htmx:confirm", (event) => {
  if (!["table", "matrix"].includes(event.detail.target?.id) || event.detail.verb !== "get" || !mark()) return;
  event.preventDefault();
  if (confirm(form().dataset.ask)) event.detail.issueRequest(true);
});
document.addEventListener("htmx:afterSettle", mark);
mark();
