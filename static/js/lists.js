// Lists and boards: j and k move, x selects, Enter opens, a takes the next step of a card, / searches, g and a letter go
// elsewhere; one box selects all; a row is a link.
import { begin, editable } from "./inline.js";

let going = 0;
const typing = (node) => node.closest("input:not([type=checkbox]), select, textarea, [contenteditable], dialog[open]");
const BOX = '.check, [name="ids"]';
const ROW = ".table tbody tr, .ocard";
const rows = () => [...document.querySelectorAll(`main :is(${ROW})`)].filter((row) => row.querySelector(`a, ${BOX}`));
const boxes = (place) => [...place.querySelectorAll("tbody input")].filter((box) => box.matches(BOX));
const anchor = (row) => row.querySelector(".what a, a") || row.querySelector(BOX);

function move(by) {
  const all = rows();
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  anchor(next ?? document.body)?.focus();
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const row = document.activeElement?.closest(ROW);
  const there = event.timeStamp - going < 1500 && document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  going = event.key === "g" ? event.timeStamp : 0;
  if (there) there.click();
  else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "x" && row) row.querySelector(BOX)?.click();
  else if (event.key === "a") row?.querySelector("[data-next]")?.click();
  else if (event.key === "e" && row?.cells) {
    const cell = [document.activeElement.closest("td"), ...row.cells].find(editable);
    if (!cell) return;
    event.preventDefault();
    begin(cell);
  }
  else if (event.key === "/") {
    const search = document.querySelector("main input[type=search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  }
});

function count() {
  const all = boxes(document);
  const chosen = all.filter((box) => box.checked).length;
  document.querySelectorAll("[data-bulk-count]").forEach((node) => {
    node.dataset.words ||= node.textContent.trim().toLowerCase();
    node.textContent = `${chosen} ${node.dataset.words}`;
  });
  const every = document.querySelector("[data-select-all]");
  if (every) {
    every.checked = all.length > 0 && chosen === all.length;
    every.indeterminate = chosen > 0 && chosen < all.length;
  }
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) {
    boxes(event.target.closest("table")).forEach((box) => { box.checked = event.target.checked; });
  }
  if (event.target.matches(BOX)) count();
});
document.addEventListener("htmx:afterSettle", () => { if (document.querySelector("[data-bulk-count]")) count(); });

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href], tbody[data-leads] > tr");
  const wanted = row?.dataset.href;
  const link = wanted
    ? [...row.querySelectorAll("a")].find((one) => one.getAttribute("href") === wanted)
    : row?.querySelector("a");
  const to = wanted ?? link?.href;
  if (!to || event.defaultPrevented || event.target.closest("a, button, input, label, select, form, [popover]") || getSelection().toString()) return;
  if (event.ctrlKey || event.metaKey) open(to, "_blank", "noopener");
  else if (link) link.click();
  else location.assign(to);
});
