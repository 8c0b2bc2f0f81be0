// Light and dark at once; the server is told so that it stays.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const root = document.documentElement;
  const dark = (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const wanted = dark ? "light" : "dark";
  root.dataset.theme = wanted;
  const data = new FormData(form);
  data.set("theme", wanted);
  await fetch(form.action, { method: "POST", body: data, headers: { "X-Background": "1" } });
});
