// Ctrl+K: the palette. The server finds; here only the keys that walk through what it found.
const palette = document.getElementById("palette");
const input = palette?.querySelector("input");
const hits = () => [...palette.querySelectorAll("[role=option]")];

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
    } else if (event.key === "Enter" && at >= 0 && event.target === input) {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) open(all[at].href, "_blank", "noopener");
      else all[at].click();
    }
  });
  palette.addEventListener("htmx:afterSettle", () => choose(0));
}
