// The till's keyboard: one key one button, and the scanner's field gets its focus back. Everything works without this.
const find = () => document.getElementById("find");
const typing = (el) => el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement || el instanceof HTMLSelectElement;
const dialogOpen = () => document.querySelector("dialog[open]");

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || dialogOpen()) return;
  if (event.key === "/" && !typing(event.target)) {
    event.preventDefault();
    find()?.focus();
    return;
  }
  const button = document.querySelector(`[data-hotkey="${CSS.escape(event.key)}"]`);
  if (!button || button.closest("[inert]")) return;
  event.preventDefault();
  button.click();
});

// A scanner types wherever the focus is: after a tap, give it back to the field. Not on a touch screen, where that
// would open the keyboard each time.
const fine = matchMedia("(pointer: fine)");
document.addEventListener("htmx:afterSettle", () => {
  if (fine.matches && !dialogOpen() && (document.activeElement === document.body || document.activeElement?.closest(".tf"))) {
    find()?.focus({ preventScroll: true });
  }
});

// Steppers of quantities: arrow keys count, Shift by ten, and leaving the field sends it.
document.addEventListener("change", (event) => {
  if (event.target.matches?.(".stepper input[name=quantity]")) event.target.form.requestSubmit();
});
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.(".stepper input[name=quantity]")) return;
  const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const value = Number(event.target.value.replace(",", ".")) + step * (event.shiftKey ? 10 : 1);
  event.target.value = String(Math.max(value, 0));
});
