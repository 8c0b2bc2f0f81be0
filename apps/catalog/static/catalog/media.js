// Pictures: the upload says how far it is; they are ordered by dragging or, on the focused one, with the arrow keys.
let dragged = null;

function save(list) {
  const form = list.closest("form");
  window.htmx.ajax("POST", form.action, { source: form, swap: "none", values: { media: [...list.children].map((item) => item.dataset.media) } });
}

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
document.addEventListener("dragstart", (event) => { dragged = event.target.closest?.("[data-media]"); });
document.addEventListener("dragover", (event) => {
  const over = event.target.closest?.("[data-media]");
  const drop = event.target.closest?.("[data-upload]");
  if (drop && event.dataTransfer?.types.includes("Files")) event.preventDefault();
  if (!dragged || !over || over.parentNode !== dragged.parentNode) return;
  event.preventDefault();
  const items = [...over.parentNode.children];
  over[items.indexOf(dragged) < items.indexOf(over) ? "after" : "before"](dragged);
});
document.addEventListener("drop", (event) => {
  const drop = event.target.closest?.("[data-upload]");
  if (drop && event.dataTransfer?.files.length) {
    event.preventDefault();
    drop.querySelector("input[type=file]").files = event.dataTransfer.files;
    drop.requestSubmit();
  }
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
  list.saving = setTimeout(() => save(list), 600);
});
document.addEventListener("htmx:afterSwap", () => document.querySelector("[data-upload-progress]")?.setAttribute("hidden", ""));
