// Keeps a page up to date: changes values in place, and lets new rows wait. Numbers come by a stream of events, the rest by
// fetching the page again when they have changed; where there is no stream, now and then.
import { close, listen } from "./events.js";
import { showTimes } from "./times.js";

// With a stream, what tells that it is time to fetch the page; without, and for what no number tells, the time that has passed.
const AT_LEAST_MS = 3000;
// What a page says of queues may be as old as a second, so a page that tells of a change comes a little after it.
const SETTLED_MS = 1100;
const WITHOUT_MS = 5000;
const WITH_MS = 20000;

const said = document.body.dataset;
const state = document.getElementById("live");

let timer = 0;
let fetchedAt = Date.now();
let hasStream = false;

function show(is) {
  state.classList.toggle("on", is);
  state.classList.toggle("lost", !is);
}

/** Changes what is marked as live. Nothing moves, and nobody loses what they are typing or pointing at. */
function take(page) {
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const here = document.querySelector(`[data-live="${CSS.escape(fresh.dataset.live)}"]`);
    if (!here) continue;
    if (here.tagName === "TBODY") takeRows(here, fresh);
    else change(here, fresh);
  }
  takeFirst(document.querySelector("[data-list]"), page.querySelector("[data-list]"));
}

/** Shows a list where there was none: nothing moves. */
function takeFirst(here, fresh) {
  const was = here?.querySelector(":scope > .empty");
  if (was && fresh && !fresh.querySelector(":scope > .empty")) change(here, fresh);
}

function takeRows(here, fresh) {
  const known = new Map([...here.rows].map((row) => [row.dataset.row, row]));
  let waiting = 0;
  for (const row of fresh.rows) {
    const mine = known.get(row.dataset.row);
    if (!mine) waiting += 1;
    else [...row.cells].forEach((cell, index) => mine.cells[index] && change(mine.cells[index], cell));
  }
  tell(here, waiting);
}

function change(here, fresh) {
  if (here.contains(document.activeElement) || here.querySelector("input, details[open]")) return;
  const copy = document.importNode(fresh, true);
  showTimes(copy);
  if (copy.innerHTML === here.innerHTML) return;
  here.replaceChildren(...copy.childNodes);
  here.classList.remove("changed");
  requestAnimationFrame(() => here.classList.add("changed"));
}

/** Says above a table how many rows wait. */
function tell(body, waiting) {
  const table = body.closest("table");
  let button = table.previousElementSibling;
  if (!button?.classList.contains("fresh")) {
    if (!waiting) return;
    button = document.createElement("button");
    button.type = "button";
    button.className = "fresh";
    button.addEventListener("click", () => location.reload());
    table.before(button);
  }
  button.hidden = !waiting;
  button.textContent = said.fresh.replace("{n}", String(waiting));
}

async function refresh() {
  clearTimeout(timer);
  if (document.hidden) return;
  fetchedAt = Date.now();
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
    if (!answer.ok) throw new Error(answer.statusText);
    take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    show(true);
  } catch {
    show(false);
  }
  showTimes(document);
  later(hasStream ? WITH_MS : WITHOUT_MS);
}

/** A number as the server writes it. */
function written(number) {
  const digits = String(number);
  return digits.length < said.groupFrom ? digits : digits.replace(/\B(?=(\d{3})+$)/g, said.group);
}

/** Fetches the page so long after the last time. */
function later(ms) {
  clearTimeout(timer);
  timer = setTimeout(refresh, Math.max(0, fetchedAt + ms - Date.now()));
}

function takeNumbers(told) {
  for (const place of document.querySelectorAll("[data-number]")) {
    const text = written(told[place.dataset.number]);
    if (text !== place.textContent) place.textContent = text;
  }
  later(Math.max(AT_LEAST_MS, Date.now() - fetchedAt + SETTLED_MS));
}

function hear() {
  listen(takeNumbers, (is) => {
    hasStream = is;
    later(is ? WITH_MS : WITHOUT_MS);
  });
}

export function startLive() {
  if (!document.querySelector("[data-live]")) return;
  show(true);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return close();
    hear();
    refresh();
  });
  addEventListener("pagehide", close);
  later(WITHOUT_MS);
  hear();
  setInterval(() => document.hidden || showTimes(document), 1000);
}
