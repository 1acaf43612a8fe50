// The keyboard: `/` search, `g` and a letter to go, `j` and `k` rows, Enter to open, `x` to select, `?` help.

const rows = () => [...document.querySelectorAll("tbody tr")];
let goes = false;

function isTyping(target) {
  return target.isContentEditable || (target.matches("input, textarea, select") && target.type !== "checkbox");
}

function move(by) {
  const all = rows();
  const at = all.findIndex((row) => row.classList.contains("at"));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!next) return;
  all[at]?.classList.remove("at");
  next.classList.add("at");
  next.scrollIntoView({ block: "nearest" });
  next.querySelector("a")?.focus({ preventScroll: true });
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (goes) {
    goes = false;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  const does = {
    "/": () => document.querySelector(".search input").select(),
    "?": () => document.getElementById("keys").showModal(),
    g: () => { goes = true; setTimeout(() => { goes = false; }, 1500); },
    j: () => move(1),
    k: () => move(-1),
    x: () => document.querySelector("tr.at input[type=checkbox]")?.click(),
  }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
}

export function startKeys() {
  document.addEventListener("keydown", press);
  for (const menu of document.querySelectorAll("details.menu")) {
    document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
    menu.addEventListener("keydown", (event) => { if (event.key === "Escape") menu.open = false; });
  }
}
