// The number pad of the floor: keys type into the field that was touched last; the sum is told against what is planned.
let field = null;
const number = (text) => Number(String(text).replace(",", ".")) || 0;

function fields(pad) { return [...pad.closest("form").querySelectorAll("[data-pad-field]")]; }

function tell(form) {
  const line = form?.querySelector("[data-pad-sum]");
  if (!line) return;
  const values = [...form.querySelectorAll("[data-pad-field]")].map((input) => number(input.value));
  const sum = values.reduce((total, value) => total + value, 0);
  line.textContent = `${values.join(" + ")} = ${sum}`;
  line.closest(".sumline").classList.toggle("ok", sum === number(line.dataset.padSum));
}

document.addEventListener("focusin", (event) => { if (event.target.matches("[data-pad-field]")) field = event.target; });
document.addEventListener("input", (event) => { if (event.target.matches("[data-pad-field]")) tell(event.target.form); });
document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  const pad = key?.closest("[data-pad]");
  if (!pad) return;
  const own = fields(pad);
  const into = own.includes(field) ? field : own[0];
  if (key.dataset.key === "back") into.value = into.value.slice(0, -1);
  else if (key.dataset.key === "rest") {
    const others = own.filter((input) => input !== own[0]).reduce((total, input) => total + number(input.value), 0);
    own[0].value = Math.max(number(pad.dataset.pad) - others, 0);
  } else into.value += key.dataset.key;
  into.dispatchEvent(new Event("input", { bubbles: true }));
});
