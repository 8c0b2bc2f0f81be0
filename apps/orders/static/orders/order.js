// On a narrow screen the present step of the order comes into view by itself.
const show = () => document.querySelector(".flow [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
show();
document.addEventListener("htmx:afterSettle", show);
