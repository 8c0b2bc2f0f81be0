// What moves by itself: polling while somebody looks, without losing the focus; ages; timers from the server's clock.
const SECOND = 1000;

document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.triggeringEvent) event.detail.headers["X-Background"] = "1";
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.matches("[data-live]") && !event.detail.requestConfig.triggeringEvent) event.preventDefault();
});

// The present step of a thing comes into view where its steps do not fit side by side; the page itself does not move.
function present(within) {
  const now = within.querySelector?.(".flow [aria-current]");
  if (now) now.parentElement.scrollLeft += now.getBoundingClientRect().left - now.parentElement.getBoundingClientRect().left - 24;
}
present(document);
document.addEventListener("htmx:afterSettle", (event) => present(event.target));

// Where somebody has scrolled to, in the region itself and in what scrolls inside it: its n-th element of a class.
let scrolled = null;
function remember(region) {
  const moved = [region, ...region.querySelectorAll("*")].filter((node) => node.scrollTop || node.scrollLeft);
  scrolled = { id: region.id, places: moved.map((node) => {
    const name = node === region ? "" : node.classList[0] || "";
    return { name, nth: name ? [...region.getElementsByClassName(name)].indexOf(node) : 0, top: node.scrollTop, left: node.scrollLeft };
  }) };
}
function scrollBack() {
  const region = scrolled && document.getElementById(scrolled.id);
  for (const { name, nth, top, left } of (region && scrolled.places) || []) {
    const node = name ? region.getElementsByClassName(name)[nth] : region;
    if (node) Object.assign(node, { scrollTop: top, scrollLeft: left });
  }
  scrolled = null;
}
document.addEventListener("htmx:afterSwap", scrollBack);

let held = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (!target?.matches?.("[data-live]") || requestConfig?.triggeringEvent?.type === "click") return;
  // An open menu, panel or half-typed field is not taken away under somebody's hands; the next round brings the news.
  remember(target);
  if (target.querySelector(":popover-open, details[open], input:focus, textarea:focus, select:focus")) event.detail.shouldSwap = false;
  const active = document.activeElement;
  held = target.contains(active) ? { id: active.id, href: active.getAttribute("href"), action: active.form?.getAttribute("action") } : null;
});
document.addEventListener("htmx:afterSettle", (event) => {
  const region = event.detail.elt;
  mark(region);
  if (!held) return;
  const { id, href, action } = held;
  const again = (id && document.getElementById(id)) || (href && document.querySelector(`main a[href="${CSS.escape(href)}"]`)) || (action && document.querySelector(`main form[action="${CSS.escape(action)}"] button`));
  if (again && document.activeElement === document.body) again.focus({ preventScroll: true });
  held = null;
});

// <span class="live" data-live-of="#board" data-fresh="Updated %s ago" data-offline="Offline">
function mark(region) {
  document.querySelectorAll("[data-live-of]").forEach((node) => {
    if (region?.matches?.(node.dataset.liveOf) || region?.querySelector?.(node.dataset.liveOf)) node.dataset.at = Date.now();
  });
}
document.addEventListener("htmx:afterOnLoad", (event) => mark(event.detail.elt));

function age(seconds) { return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`; }
function clock(seconds) {
  const whole = Math.abs(Math.trunc(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, "0"));
  return (parts[0] === "00" ? parts.slice(1) : parts).join(":");
}

// The browser's clock may be wrong: [data-now] in the page is the server's, and the difference is taken off.
const server = document.querySelector("[data-now]")?.dataset.now;
const drift = server ? Date.parse(server) - Date.now() : 0;

function tick() {
  const now = Date.now();
  document.querySelectorAll("[data-live-of]").forEach((node) => {
    node.dataset.at ||= now;
    const seconds = Math.round((now - Number(node.dataset.at)) / SECOND);
    node.classList.toggle("warn", seconds > 30 && seconds <= 60);
    node.classList.toggle("bad", seconds > 60);
    node.textContent = seconds > 60 ? node.dataset.offline : node.dataset.fresh.replace("%s", age(seconds));
  });
  // [data-timer="<instant>"] counts up from it; with data-timer-to it counts down to it, "+" when over.
  document.querySelectorAll("[data-timer], [data-timer-to]").forEach((node) => {
    const ahead = node.dataset.timerTo;
    const seconds = ahead ? (Date.parse(ahead) - now - drift) / SECOND : (now + drift - Date.parse(node.dataset.timer)) / SECOND;
    node.textContent = (ahead && seconds < 0 ? "+" : "") + clock(seconds);
    if (ahead) node.closest("[data-timer-card]")?.classList.toggle("late", seconds < 0);
  });
  document.querySelectorAll("[data-clock]").forEach((node) => {
    node.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: node.dataset.clock || undefined }).format(now + drift);
  });
}
if (document.querySelector("[data-live-of], [data-timer], [data-timer-to], [data-clock]")) {
  tick();
  setInterval(tick, SECOND);
}
