// A value edited where it stands. Its link, or the whole cell where the table says so (data-edit="2name/ 5active/": what
// stands behind the address of the row), becomes a form: by "e" on a row, the pencil that comes near, or a click. Enter
// saves, Escape gives up, Tab and the arrows save and go on.
const FORM = "form[data-inline]";
const FIELD = "input:not([type=hidden]), select, textarea";
let edits = 0, open = null, next = null, pencil = null;

const link = (cell) => [...cell.children].find((one) => one.matches("a") && cell.closest("table").classList.contains(`edit${cell.cellIndex + 1}`));
const path = (cell) => cell.closest("[data-edit]")?.dataset.edit.split(" ").find((one) => parseInt(one) === cell.cellIndex + 1)?.replace(/^\d+/, "");
export const editable = (cell) => cell?.matches("tbody td") && (link(cell) || path(cell) || cell.querySelector(FORM));

export function begin(cell) {
  if (cell.querySelector(FORM)) return;
  const row = cell.parentElement, other = row.querySelector(FORM);
  let spot = link(cell);
  const address = spot?.getAttribute("href") ?? new URL(path(cell), other ? new URL("../", other.action) : row.querySelector("td > a").href).href;
  if (!spot) {
    pencil?.remove();
    spot = document.createElement("span");
    spot.className = "contents";
    spot.append(...cell.childNodes);
    cell.append(spot);
  }
  spot.id ||= `inline-${++edits}`;
  const back = () => { if (spot.isConnected && spot.matches(".contents")) spot.replaceWith(...spot.childNodes); };
  window.htmx.ajax("GET", address, { source: spot, target: spot, swap: "outerHTML" }).then(back, back);
}

const changed = (field) => (field.options ? [...field.options].some((one) => one.selected !== one.defaultSelected) : field.value !== field.defaultValue);
function leave(form, to = null) {
  next = to;
  const save = to && (changed(form.querySelector(FIELD)) || form.querySelector(".error"));
  if (save) form.requestSubmit();
  else form.querySelector("[data-inline-cancel]").click();
}

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.(FORM);
  if (!form || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const cell = form.closest("td"), row = cell.parentElement, down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  let to;
  if (event.key === "Enter" && event.target.matches("select")) {
    event.preventDefault();
    return form.requestSubmit();
  }
  if (event.key === "Tab" && event.target.matches(FIELD)) {
    const all = [...row.cells].filter(editable);
    to = all[all.indexOf(cell) + (event.shiftKey ? -1 : 1)];
  } else if (down && event.target.matches("input")) {
    to = row.parentElement.rows[row.sectionRowIndex + down]?.cells[cell.cellIndex];
  }
  if (event.key !== "Escape" && !editable(to)) return;
  event.preventDefault();
  leave(form, to);
});

function stands() {
  if (!open || open.querySelector(FORM)) return;
  const cell = open, to = next;
  open = next = null;
  if (to?.isConnected) begin(to);
  else if (document.activeElement === document.body) (cell.querySelector("a") ?? cell.parentElement?.querySelector("td > a"))?.focus();
}
document.addEventListener("htmx:afterRequest", stands);
document.addEventListener("htmx:afterSettle", (event) => {
  if (!event.target.matches?.(FORM)) return stands();
  const field = event.target.querySelector(FIELD);
  open = event.target.closest("td");
  next = null;
  field?.focus();
  if (field?.type === "text") field.select();
});

document.addEventListener("click", (event) => {
  const cell = event.target.closest("tbody td");
  const at = cell && event.target.closest("a, button, input, label, select, form");
  const wanted = cell && (at ? at === pencil || at === link(cell) : path(cell) && !cell.querySelector("a"));
  if (!wanted || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  begin(cell);
});

// One pencil for a list of fifty rows: it stands in the cell that the pointer or the focus is near.
function near(cell) {
  pencil ??= document.getElementById("pencil");
  if (!pencil || !cell || pencil.parentElement === cell || !path(cell) || cell.querySelector(FORM) || document.activeElement === pencil) return;
  pencil.hidden = false;
  cell.append(pencil);
}
document.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse") near(event.target.closest?.("tbody td")); });
document.addEventListener("focusin", (event) => { if (event.target !== pencil) near([...(event.target.closest("tbody tr")?.cells ?? [])].find(path)); });
