// The attendee list by keyboard: "/" to search, arrows from name to name, a tick for all. Without this the list works too.

const search = document.querySelector("#q");
const names = () => [...document.querySelectorAll("tbody th a")];
const ticks = [...document.querySelectorAll("tbody input[name=person]")];

const types = (element) => element.matches("input:not([type=checkbox]), textarea, select");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !types(document.activeElement)) {
    event.preventDefault();
    search.focus();
    search.select();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const inList = document.activeElement === search || document.activeElement.closest("tbody");
  if (!step || !inList) return;
  const all = names();
  const row = document.activeElement.closest("tr");
  const at = all.findIndex((name) => name.closest("tr") === row);
  const next = all[at + step];
  event.preventDefault();
  if (next) next.focus();
  else if (step < 0) search.focus();
});

const head = document.querySelector("thead .pick");
if (head && ticks.length) {
  const all = document.createElement("input");
  all.type = "checkbox";
  all.setAttribute("aria-label", head.textContent);
  all.addEventListener("change", () => ticks.forEach((tick) => { tick.checked = all.checked; }));
  head.append(all);
}
