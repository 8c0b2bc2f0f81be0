// Toasts go after a while; errors stay. They lie above an open dialog. What the server could not answer becomes one.
const region = document.getElementById("toasts");
const SECONDS = 6;

function raise() {
  // Shown again, the region comes to the top of what lies above the page, over a dialog that was opened later.
  if (!region.hasAttribute("popover")) region.setAttribute("popover", "manual");
  if (region.matches(":popover-open")) region.hidePopover();
  if (region.children.length) region.showPopover();
}

function start(toast) {
  if (!toast.hasAttribute("data-toast-fades") || toast.dataset.started) return;
  toast.dataset.started = "1";
  let timer;
  const go = () => { timer = setTimeout(() => toast.remove(), SECONDS * 1000); };
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", go);
  toast.addEventListener("focusin", () => clearTimeout(timer));
  toast.addEventListener("focusout", go);
  go();
}

if (region) {
  for (const toast of region.children) start(toast);
  if (region.children.length) raise();
  new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.nodeType === Node.ELEMENT_NODE);
    added.forEach(start);
    if (added.length) raise();
    else if (!region.children.length && region.matches(":popover-open")) region.hidePopover();
  }).observe(region, { childList: true });
}

document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove());

function failed(event) {
  if (event.detail.requestConfig?.headers?.["X-Background"] || !region) return;
  region.append(document.getElementById("toast-failed").content.cloneNode(true));
}
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(name, failed);
