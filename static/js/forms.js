// Forms: unsaved changes warn, Ctrl+Enter and Ctrl+S save, scanned codes do not send, steppers count.
const dirty = new WeakSet();
const STEP = 300;

export function isDirty(within) {
  return [...(within?.querySelectorAll("form[data-guard]") ?? [])].some((form) => dirty.has(form));
}

export function settle(within) {
  within?.querySelectorAll("form[data-guard]").forEach((form) => dirty.delete(form));
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-guard]")) dirty.add(form);
});
document.addEventListener("submit", (event) => dirty.delete(event.target));
addEventListener("beforeunload", (event) => { if (isDirty(document)) event.preventDefault(); });

document.addEventListener("keydown", (event) => {
  const wantsSave = (event.ctrlKey || event.metaKey) && (event.key === "Enter" || event.key.toLowerCase() === "s");
  const form = wantsSave && (event.target.form || document.querySelector("dialog[open] form") || document.querySelector("main form[data-guard]"));
  if (form && form.method === "post") {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button.primary, footer button:not([type=button])") || undefined);
  }
});

// A scanner types the code and Enter. In a form Enter would send it half filled; it goes on to the next field instead.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || !event.target.matches("form[data-guard] [data-scan]")) return;
  event.preventDefault();
  event.target.dispatchEvent(new Event("change", { bubbles: true }));
  const fields = [...event.target.form.elements].filter((field) => field.type !== "hidden" && !field.disabled && field.offsetParent);
  fields[fields.indexOf(event.target) + 1]?.focus();
});
// Between the parts of a maker's code a scanner presses Ctrl+], which no browser writes into the field.
document.addEventListener("keydown", (event) => {
  if (!event.ctrlKey || event.key !== "]" || !event.target.matches("[data-scan], [data-scan-home]")) return;
  event.preventDefault();
  event.target.setRangeText("\x1d", event.target.selectionStart, event.target.selectionEnd, "end");
});
// [data-replace]: a figure that is there is marked, so that what is typed takes its place instead of following it.
document.addEventListener("focusin", ({ target }) => { if (target.matches?.("[data-replace]")) target.select(); });
// [data-scan-home] keeps the focus for the scanner: it comes back after a few idle seconds.
const home = () => document.querySelector("[data-scan-home]");
let idle;
function comeBack() {
  clearTimeout(idle);
  if (home()) idle = setTimeout(() => { if (!document.querySelector("dialog[open]") && !document.activeElement?.matches("input, select, textarea")) home()?.focus(); }, 3000);
}
for (const name of ["focusout", "keydown", "pointerdown"]) document.addEventListener(name, comeBack);
// After a save it comes back at once: whoever scans on does not wait.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.requestConfig?.verb === "post" && detail.xhr?.status < 300 && document.activeElement === document.body) home()?.focus();
});

// Steppers: [data-stepper] with buttons [data-step="-1|1"] around an input. The change is told once the fingers rest.
const resting = new WeakMap();
function decimals(text) { return (String(text).split(/[.,]/)[1] || "").length; }
function step(input, by) {
  const size = input.dataset.size || input.getAttribute("step") || "1";
  const unit = Number(size === "any" ? 1 : size) || 1;
  const comma = input.value.includes(",");
  const now = Number(input.value.replace(",", ".")) || 0;
  const least = input.min === "" ? 0 : Number(input.min);
  const most = input.max === "" ? Infinity : Number(input.max);
  const next = Math.min(Math.max(now + by * unit, least), most).toFixed(Math.max(decimals(size), decimals(input.value)));
  input.value = comma ? next.replace(".", ",") : next;
  input.closest("[data-stepper]").classList.add("touched");
  input.dispatchEvent(new Event("input", { bubbles: true }));
  clearTimeout(resting.get(input));
  resting.set(input, setTimeout(() => input.dispatchEvent(new Event("change", { bubbles: true })), STEP));
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  const input = button?.closest("[data-stepper]")?.querySelector("input");
  if (!input) return;
  event.preventDefault();
  step(input, Number(button.dataset.step));
});
document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-stepper] input") || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  step(event.target, (event.key === "ArrowUp" ? 1 : -1) * (event.shiftKey ? 10 : 1));
});

// A summary of errors takes the focus; small helpers.
function focusSummary(within) { within.querySelector?.("[data-focus]")?.focus(); }
document.addEventListener("htmx:afterSwap", (event) => focusSummary(event.detail.target));
focusSummary(document);
document.addEventListener("click", (event) => {
  const filler = event.target.closest("[data-fill]");
  if (filler) {
    document.querySelector(filler.dataset.fill).value = filler.dataset.fillWith;
    const other = document.querySelector(filler.dataset.fillToo);
    if (other) { other.value = filler.dataset.fillTooWith; other.focus(); }
  }
  if (event.target.closest("[data-back]")) history.back();
  if (event.target.closest("[data-print]")) print();
});
