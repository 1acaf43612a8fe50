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
let dueAt = 0;
let heardAt = 0;
let hasStream = false;
let isOver = false;

function show(is) {
  state.classList.toggle("on", is);
  state.classList.toggle("lost", !is);
}

/** Changes what is marked as live. Nothing moves, and nobody loses what they are typing or pointing at. */
function take(page) {
  for (const here of document.querySelectorAll("[data-live]")) {
    const fresh = page.querySelector(`[data-live="${CSS.escape(here.dataset.live)}"]`);
    if (here.tagName === "TBODY") takeRows(here, fresh?.rows ?? [], !page.querySelector("[rel=next]"));
    else if (fresh) change(here, fresh);
  }
  takeFirst(document.querySelector("[data-list]"), page.querySelector("[data-list]"));
}

/** Shows that what the page is about is there no more, and stops. */
function end(page) {
  close();
  const main = document.importNode(page.querySelector("main"), true);
  document.querySelector("main").replaceChildren(...main.childNodes);
  isOver = true;
}

/** Shows a list where there was none: nothing moves. */
function takeFirst(here, fresh) {
  const was = here?.querySelector(":scope > .empty");
  if (was && fresh && !fresh.querySelector(":scope > .empty")) change(here, fresh);
}

/** Changes the rows that are still there, and marks those that are gone. `isAll` says whether there are no more pages. */
function takeRows(here, rows, isAll) {
  const fresh = new Map([...rows].map((row) => [row.dataset.row, row]));
  const mine = [...here.rows].filter((row) => row.dataset.row !== undefined);
  // On a list that goes on, rows after the last one that is still there may only have moved to the next page. Of one that shows the first
  // of an order that changes nothing is known.
  const lastThere = isAll ? mine.length : mine.findLastIndex((row) => fresh.has(row.dataset.row));
  const last = here.closest("[data-first]") ? 0 : lastThere;
  let gone = 0;
  mine.forEach((row, index) => {
    const now = fresh.get(row.dataset.row);
    const isGone = !now && index < last;
    mark(row, isGone);
    gone += isGone;
    if (now) [...now.cells].forEach((cell, at) => row.cells[at] && change(row.cells[at], cell));
    fresh.delete(row.dataset.row);
  });
  tell(here, fresh.size, gone);
}

/** Nothing can be done to what is gone, nor is it sent with what is selected. */
function mark(row, isGone) {
  row.classList.toggle("gone", isGone);
  row.inert = isGone;
  for (const box of row.querySelectorAll("input, button")) box.disabled = isGone;
}

function change(here, fresh) {
  if (here.contains(document.activeElement) || here.querySelector("input:not([type=hidden]), textarea, details[open]")) return;
  const copy = document.importNode(fresh, true);
  showTimes(copy);
  if (copy.innerHTML === here.innerHTML) return;
  here.replaceChildren(...copy.childNodes);
  here.classList.remove("changed");
  requestAnimationFrame(() => here.classList.add("changed"));
}

/** Says above a table how many rows wait, and how many are gone. */
function tell(body, waiting, gone) {
  const table = body.closest("table");
  let button = table.previousElementSibling;
  if (!button?.classList.contains("fresh")) {
    if (!waiting && !gone) return;
    button = document.createElement("button");
    button.type = "button";
    button.className = "fresh";
    button.addEventListener("click", () => location.reload());
    table.before(button);
  }
  button.hidden = !waiting && !gone;
  const parts = [waiting && said.fresh.replace("{n}", String(waiting)), gone && said.gone.replace("{n}", String(gone))];
  button.textContent = parts.filter(Boolean).join(" \u00b7 ");
}

async function refresh() {
  clearTimeout(timer);
  if (document.hidden || isOver || said.stands) return;
  fetchedAt = Date.now();
  try {
    // A job is found at once where its page says that it is now; where the address has it, it may have to be sought.
    const answer = await fetch(said.page ?? location.href, { headers: { accept: "text/html" }, redirect: "error" });
    if (!answer.ok && answer.status !== 404) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (page.body.dataset.page) said.page = page.body.dataset.page;
    if (answer.ok) take(page);
    else end(page);
    show(true);
  } catch {
    show(false);
  }
  showTimes(document);
  later(usually());
}

/** How long after it was fetched the page is fetched again: soon if it may not know yet what was heard last. */
function usually() {
  if (!hasStream) return WITHOUT_MS;
  return heardAt + SETTLED_MS > fetchedAt ? AT_LEAST_MS : WITH_MS;
}

/** A number as the server writes it. */
function written(number) {
  const digits = String(number);
  return digits.length < said.groupFrom ? digits : digits.replace(/\B(?=(\d{3})+$)/g, said.group);
}

/** Fetches the page so long after the last time, unless that would tell nothing new, or costs the server a search. */
function later(ms) {
  clearTimeout(timer);
  if (isOver || said.stands) return;
  dueAt = fetchedAt + ms;
  timer = setTimeout(refresh, Math.max(0, dueAt - Date.now()));
}

function takeNumbers(told) {
  for (const place of document.querySelectorAll("[data-number]")) {
    const text = written(told[place.dataset.number]);
    if (text !== place.textContent) place.textContent = text;
  }
  heardAt = Date.now();
  const ms = Math.max(AT_LEAST_MS, heardAt - fetchedAt + SETTLED_MS);
  // On a busy server numbers change all the time: what is due stays due.
  if (fetchedAt + ms < dueAt) later(ms);
}

function hear() {
  listen(takeNumbers, (is) => {
    hasStream = is;
    later(usually());
  });
}

export function startLive() {
  if (!document.querySelector("[data-live]")) return;
  show(true);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || isOver) return close();
    hear();
    refresh();
  });
  addEventListener("pagehide", close);
  later(WITHOUT_MS);
  hear();
  setInterval(() => document.hidden || showTimes(document), 1000);
}
