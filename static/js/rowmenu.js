// The menu of a row is fetched when it is opened: one menu for a list of fifty. Without this the link leads to a page.
document.addEventListener("click", async (event) => {
  const opener = event.target.closest('.table a[href^="?menu="]');
  const menu = document.getElementById("row-menu");
  if (!opener || !menu?.showPopover || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  await window.htmx.ajax("GET", opener.href, { source: opener, target: menu, swap: "innerHTML" });
  menu.showPopover({ source: opener });
  menu.querySelector("a, button")?.focus();
});
