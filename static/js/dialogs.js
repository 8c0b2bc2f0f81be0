// #dialog opens when something is swapped into it and closes on the event `dialog:close`. [data-close] closes any dialog.
import { isDirty, settle } from "./forms.js";

const dialog = document.getElementById("dialog");
const FIELDS = "input:not([type=hidden]):not([disabled]), select, textarea";

function close(which) {
  if (which === dialog && isDirty(which) && !confirm(which.dataset.unsaved)) return;
  which.close();
}

function focusInside(which) {
  const first = which.querySelector("[data-focus]") || which.querySelector(`.body :is(${FIELDS})`) || which.querySelector("footer .primary, footer .btn");
  first?.focus();
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== dialog || !dialog.hasChildNodes()) return;
  if (!dialog.open) dialog.showModal();
  const heading = dialog.querySelector("h2");
  if (heading) dialog.setAttribute("aria-label", heading.textContent.trim());
  focusInside(dialog);
});

document.addEventListener("dialog:close", () => {
  settle(dialog);
  if (dialog?.open) dialog.close();
});

dialog?.addEventListener("close", () => dialog.replaceChildren());
dialog?.addEventListener("cancel", (event) => {
  if (isDirty(dialog) && !confirm(dialog.dataset.unsaved)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const closer = event.target.closest("[data-close]");
  if (closer) return close(closer.closest("dialog"));
  // A click on the backdrop has the dialog itself as its target, outside its box.
  if (event.target.matches("dialog[open]")) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) close(event.target);
  }
  event.target.closest(".menu :is(a, button)")?.closest("[popover]")?.hidePopover();
});
