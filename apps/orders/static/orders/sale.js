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

// A scanner types wherever the focus is: its first character moves to the field, which is emptied for it.
document.addEventListener("keydown", (event) => {
  if (event.key.length !== 1 || " /".includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
  if (dialogOpen() || typing(event.target) || !find()) return;
  find().select();
  find().focus({ preventScroll: true });
});
// What was sent is selected, so that the next scan takes its place, whether it was found or not; and what was typed
// since then is not taken away by the answer.
let sent = null;
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.elt.matches("form.search")) return;
  sent = find().value;
  find().select();
});
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.id === "find" && find().value !== sent && find().value !== find().defaultValue) event.detail.shouldSwap = false;
});
// After a tap the field has the focus again. Not on a touch screen, where that would open the keyboard each time.
const fine = matchMedia("(pointer: fine)");
document.addEventListener("htmx:afterSettle", () => {
  if (fine.matches && !dialogOpen() && (document.activeElement === document.body || document.activeElement?.closest(".tf"))) {
    find()?.focus({ preventScroll: true });
  }
});

// A quantity that was typed, or counted by the arrow keys, is sent.
document.addEventListener("change", (event) => {
  if (event.target.matches?.(".stepper input[name=quantity]")) event.target.form.requestSubmit();
});
