// Pictures: the upload says how far it is; they are ordered by dragging or, on the focused one, with the arrow keys.
let dragged = null;
let waiting = null;  // a list whose order is not sent yet: somebody is still pressing keys

function save(list) {
  const form = list.closest("form");
  waiting = null;
  window.htmx.ajax("POST", form.action, { source: form, swap: "none", values: { media: [...list.children].map((item) => item.dataset.media) } });
}

// Who leaves the page right after a key has ordered them all the same.
addEventListener("pagehide", () => {
  if (!waiting) return;
  const form = waiting.closest("form");
  const data = new FormData(form);
  for (const item of waiting.children) data.append("media", item.dataset.media);
  navigator.sendBeacon(form.action, data);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-upload] input[type=file]")) event.target.form.requestSubmit();
});
document.addEventListener("htmx:xhr:progress", (event) => {
  const bar = event.target.querySelector?.("[data-upload-progress]");
  if (!bar || !event.detail.lengthComputable) return;
  bar.hidden = false;
  bar.max = event.detail.total;
  bar.value = event.detail.loaded;
});
// What failed on the way can be chosen again: for the same files a full field would tell of no change.
document.addEventListener("htmx:beforeSend", (event) => { if (event.target.matches?.("[data-upload]")) event.target.reset(); });
// Pictures dropped beside the field, on those that are there, would be opened in place of the page.
const zone = (event) => event.target.closest?.("#panel-media")?.querySelector("[data-upload]");
document.addEventListener("dragstart", (event) => { dragged = event.target.closest?.("[data-media]"); });
document.addEventListener("dragover", (event) => {
  const over = event.target.closest?.("[data-media]");
  if (zone(event) && event.dataTransfer?.types.includes("Files")) event.preventDefault();
  if (!dragged || !over || over.parentNode !== dragged.parentNode) return;
  event.preventDefault();
  const items = [...over.parentNode.children];
  over[items.indexOf(dragged) < items.indexOf(over) ? "after" : "before"](dragged);
});
document.addEventListener("drop", (event) => {
  const drop = zone(event);
  if (!drop || !event.dataTransfer?.files.length) return;
  event.preventDefault();
  const input = drop.querySelector("input[type=file]");
  if (input.disabled) return;  // the last ones are still on their way
  input.files = event.dataTransfer.files;
  drop.requestSubmit();
});
document.addEventListener("dragend", () => {
  if (dragged) save(dragged.parentNode);
  dragged = null;
});
document.addEventListener("keydown", (event) => {
  const item = event.target.matches?.("[data-media]") ? event.target : null;
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  if (!item || !step) return;
  event.preventDefault();
  const next = step < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!next) return;
  next[step < 0 ? "before" : "after"](item);
  item.focus();
  const list = item.parentNode;
  clearTimeout(list.saving);
  waiting = list;
  list.saving = setTimeout(() => save(list), 600);
});
document.addEventListener("htmx:afterRequest", (event) => event.target.querySelector?.(":scope > [data-upload-progress]")?.setAttribute("hidden", ""));
