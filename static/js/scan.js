// Where goods come in, codes come faster than answers: each waits its turn, and what is typed meanwhile stays.
const waiting = [];
let sending = null;
let ours = false;
let kept = null;
const form = () => document.querySelector("form.receipt");
const field = () => form()?.querySelector("[data-scan-home]");

function next() {
  if (sending || !waiting.length || !form()) return;
  const [step] = waiting.splice(0, 1);
  const button = [...form().querySelectorAll("button[name]")].find(({ name, value }) => name === step.name && value === step.value);
  if (!button) return next();
  const typed = field().value;
  if (step.value === "scan") field().value = step.code;
  sending = step;
  ours = true;
  button.click();
  ours = false;
  field().value = typed;
}

document.addEventListener("submit", (event) => {
  if (ours || !event.target.matches("form.receipt") || !event.submitter) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { name, value } = event.submitter;
  const code = value === "scan" ? field().value : "";
  if (code) field().value = "";
  else if ([sending, ...waiting].some((step) => step?.name === name && step.value === value)) return; // pressed twice
  waiting.push({ name, value, code });
  setTimeout(next); // a form is not sent again while it is being sent
}, true);

document.addEventListener("htmx:beforeSwap", ({ detail }) => { kept = detail.target === form() ? field().value : null; });
document.addEventListener("htmx:afterSwap", () => {
  if (kept !== null && field()) field().value = kept;
  kept = null;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!sending || !detail.requestConfig.elt.matches("form.receipt")) return;
  const { code } = sending;
  sending = null;
  if (detail.successful || !code) return next();
  if (field().value) waiting.unshift({ name: "do", value: "scan", code }); // with the next one
  else field().value = code; // to send it again
});
