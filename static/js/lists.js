// Lists: j and k move, x selects, Enter opens, / searches; one box selects all; a row is a link.
const typing = (node) => node.closest("input:not([type=checkbox]), select, textarea, [contenteditable], dialog[open]");
const rows = () => [...document.querySelectorAll("main .table tbody tr")].filter((row) => row.querySelector("a, .check"));
const anchor = (row) => row.querySelector(".what a, a") || row.querySelector(".check");

function move(by) {
  const all = rows();
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  anchor(next ?? document.body)?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const row = document.activeElement?.closest("tbody tr");
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "x" && row) row.querySelector(".check")?.click();
  else if (event.key === "e" && row) row.querySelector(".inline > .edit")?.click();
  else if (event.key === "/") {
    const search = document.querySelector("main input[type=search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  }
});

function count() {
  const chosen = document.querySelectorAll("tbody .check:checked").length;
  document.querySelectorAll("[data-bulk-count]").forEach((node) => {
    node.dataset.words ||= node.textContent.trim().toLowerCase();
    node.textContent = `${chosen} ${node.dataset.words}`;
  });
  const all = document.querySelector("[data-select-all]");
  if (all) {
    const boxes = document.querySelectorAll("tbody .check").length;
    all.checked = boxes > 0 && chosen === boxes;
    all.indeterminate = chosen > 0 && chosen < boxes;
  }
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) {
    event.target.closest("table").querySelectorAll("tbody .check").forEach((box) => { box.checked = event.target.checked; });
  }
  if (event.target.matches(".check")) count();
});
document.addEventListener("htmx:afterSettle", () => { if (document.querySelector("[data-bulk-count]")) count(); });

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href], tbody[data-leads] > tr");
  const wanted = row?.dataset.href;
  const link = wanted
    ? [...row.querySelectorAll("a")].find((one) => one.getAttribute("href") === wanted)
    : row?.querySelector(".what a");
  const to = wanted ?? link?.href;
  if (!to || event.target.closest("a, button, input, label, select, form, [popover]") || getSelection().toString()) return;
  if (event.ctrlKey || event.metaKey) open(to, "_blank", "noopener");
  else if (link) link.click();
  else location.assign(to);
});

// A value that is edited where it stands: its link leads to a page; here its cell becomes the form.
document.addEventListener("click", (event) => {
  const edit = event.target.closest('[id^="inline-"] > :is(.edit, .pen)');
  if (!edit || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  window.htmx.ajax("GET", edit.getAttribute("href"), { source: edit, target: edit.parentElement, swap: "outerHTML" });
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (!event.target.matches?.("form[data-inline]")) return;
  const field = event.target.querySelector("input:not([type=hidden]), select, textarea");
  field?.focus();
  if (field?.type === "text") field.select();
});
