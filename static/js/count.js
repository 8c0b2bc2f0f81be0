// Counting: Enter goes on to the next shelf line; a code that is scanned where a figure belongs is looked for instead;
// and before anything is looked for, what was typed is saved. Nothing that was typed is lost to a slow answer.
const SHORTEST_CODE = 8;
const scan = () => document.querySelector("#counting form.scan");
const figure = (form) => form?.elements.quantity;
const lines = () => [...document.querySelectorAll(".counting form")];
const isTyped = (form) => { const field = figure(form); return field && field.value.trim() !== field.defaultValue.trim(); };
const isCode = (text) => !/^[-+]?[\d.,\s]+\s*\p{L}{0,4}$/u.test(text) || (/^\d+$/.test(text) && text.length >= SHORTEST_CODE);
const sending = new Set();
let waits = false; // a code that is looked for once all is saved

function look() {
  if (!waits || sending.size) return;
  const open = lines().find(isTyped);
  if (open) return open.requestSubmit(open.querySelector("button[value=set]"));
  waits = false;
  scan()?.requestSubmit();
}

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== "Enter" || !field.matches?.(".counting input[name=quantity]") || !scan()) return;
  const code = field.value.trim();
  if (!code || !isCode(code)) return;
  event.preventDefault();
  field.value = field.defaultValue;
  scan().elements.scan.value = code;
  scan().requestSubmit();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form === scan()) {
    if (!form.elements.scan.value.trim() || (!sending.size && !lines().some(isTyped))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waits = true;
    setTimeout(look); // a form is not sent while another is
  } else if (form.matches(".counting form") && figure(form)) {
    // The finger is on the next line before the answer comes.
    const list = form.closest("[data-count-list]");
    const after = list ? lines().slice(lines().indexOf(form) + 1).map(figure).find((field) => field && !field.value) : null;
    if (after) setTimeout(() => after.focus());
  }
}, true);

document.addEventListener("htmx:beforeRequest", ({ detail }) => { if (detail.elt.matches(".counting form")) sending.add(detail.elt); });
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!sending.delete(detail.requestConfig.elt)) return;
  if (detail.xhr.status >= 200 && detail.xhr.status < 300) setTimeout(look);
  else waits = false; // what could not be saved is looked at first
});
document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  if (!target.matches?.(".counting > li") || detail.xhr.status < 400 || document.activeElement?.value) return;
  target.scrollIntoView({ block: "nearest" });
  if (!target.querySelector(".choices")) target.querySelector("input[name=quantity]").focus();
});
addEventListener("beforeunload", (event) => { if (lines().some(isTyped)) event.preventDefault(); });
