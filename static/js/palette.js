// Ctrl+K: the palette. The server finds; here only the keys that walk through what it found.
const palette = document.getElementById("palette");
const input = palette?.querySelector("input");
const hits = () => [...palette.querySelectorAll("[role=option]")];
let found = ""; // the text that what is shown was found for
let goOn = false; // Enter came before the answer, as from a scanner: open the first hit when it is there

function choose(index) {
  const all = hits();
  all.forEach((hit, at) => hit.setAttribute("aria-selected", String(at === index)));
  const chosen = all[index];
  if (chosen) {
    input.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  } else input.removeAttribute("aria-activedescendant");
}

function show() {
  if (palette.open) return;
  palette.showModal();
  input.select();
  input.dispatchEvent(new Event("palette:open"));
}

if (palette) {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (palette.open) palette.close();
    else show();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette-open]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show();
  });
  palette.addEventListener("keydown", (event) => {
    const all = hits();
    const at = all.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose((at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % Math.max(all.length, 1));
    } else if (event.key === "Enter" && event.target === input) {
      event.preventDefault();
      if (at < 0 || input.value !== found) goOn = true;
      else if (event.ctrlKey || event.metaKey) open(all[at].href, "_blank", "noopener");
      else all[at].click();
    }
  });
  palette.addEventListener("htmx:afterSettle", (event) => {
    found = event.detail.requestConfig?.parameters?.q ?? input.value;
    choose(0);
    if (goOn && input.value === found) hits()[0]?.click();
    if (input.value === found) goOn = false;
  });
}
