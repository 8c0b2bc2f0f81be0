// The board by keyboard: J and K walk the cards, Enter opens one, A takes its next step, / searches.
const cards = () => [...document.querySelectorAll(".ocard")];
const here = () => document.activeElement?.closest(".ocard");

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input, select, textarea")) return;
  const key = event.key.toLowerCase();
  if (key === "/") {
    event.preventDefault();
    document.getElementById("board-q")?.focus();
  } else if (key === "j" || key === "k") {
    const all = cards();
    const place = all.indexOf(here());
    const next = all[place < 0 ? 0 : Math.min(Math.max(place + (key === "j" ? 1 : -1), 0), all.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest", inline: "nearest" });
  } else if (key === "enter" && event.target.matches(".ocard")) {
    here().querySelector(".l1 a")?.click();
  } else if (key === "a") {
    here()?.querySelector(".l2 button")?.click();
  }
});
