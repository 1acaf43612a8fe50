// What a server can be like: with nothing in it, with three of everything, with many, and with hostile names.
import { Server } from "./server.js";

const MANY = Number(process.env.WORKMILL_BROWSER_JOBS ?? 4000);

const range = (count) => Array.from({ length: count }, (_, index) => index);
const quote = JSON.stringify;

const PLAIN = {
  queue: (n) => ["mailers", "imports", "reports"][n] ?? `queue-${n}`,
  type: (n) => ["SendInvoice", "Import::Products", "Report"][n] ?? `Billing::Type${n}Job`,
  wid: (n) => `web-${n}-4f6c1a`,
  error: (n) => [["Net::ReadTimeout", "Net::ReadTimeout with smtp.example.com:25"], ["KeyError", `no product ${n}`]][n % 2],
  args: (n) => [{ invoice: 9007199254740993n + BigInt(n), to: `customer-${n}@example.com`, lines: [1, 2.5, null, true] }, "fr"],
  text: (n) => ["month end", "nightly import", "newsletter"][n] ?? `batch ${n}`,
  label: () => "worker-7.2",
};

const WORD = "Donaudampfschifffahrtsgesellschaftskapit\u00e4n".repeat(6);

/** Texts of up to 256 characters that try to break out of their place, or to turn it round. */
export const HOSTILE_TEXTS = [
  `<script>alert(1)</script>${"<b>".repeat(70)}`,
  `"'><img src=x onerror=alert(1)>${"&amp;\"".repeat(30)}`,
  `\u202e\u2067${"\u0645\u0631\u062d\u0628\u0627 ".repeat(30)}\u202d!`,
  `${"\u{1f984}\u0301\u0302\u0303".repeat(40)}`,
  WORD.slice(0, 256),
  `{n} {queue} {{ 7 }} %s ${"\u200b\u00ad\ufeff".repeat(60)}x`,
  "\u0000\u0007\u001b[31m\u007f\u2028 ".repeat(25),
  "x".repeat(256),
];
const hostile = (n) => HOSTILE_TEXTS[n % HOSTILE_TEXTS.length];
const HOSTILE = {
  // Names of queues have letters, digits, dots, dashes and underscores.
  queue: (n) => ["a-very.long_name-".repeat(14), "WITHOUTEND".repeat(24), "-", ".."][n % 4] + n,
  type: hostile,
  wid: (n) => `${hostile(n).replace(/[^\x21-\x7e]/g, "~").slice(0, 250)}${n}`,
  error: (n) => [hostile(n + 1), hostile(n).repeat(3)],
  args: (n) => [hostile(n), { [hostile(n + 1)]: [[[[[[hostile(n + 2)]]]]]] }, 1e308, -0.1],
  text: hostile,
  label: hostile,
};

const NAMES = { none: PLAIN, three: PLAIN, many: PLAIN, hostile: HOSTILE };
const COUNTS = { none: 0, three: 3, many: MANY, hostile: 8 };

/** JSON with integers of any size. */
function json(value) {
  const big = [];
  const text = quote(value, (_, one) => (typeof one === "bigint" ? `\u0001${big.push(one) - 1}\u0001` : one));
  return text.replace(/"\\u0001(\d+)\\u0001"/g, (_, at) => String(big[at]));
}

/** A job of the scene, with whatever else it is to have. */
function job(name, n, queue, more = {}) {
  return { jid: `jid-${queue}-${n}`.replace(/[^\x21-\x7e]/g, "_"), jobtype: name.type(n % 40), queue, args: name.args(n), ...more };
}

async function push(client, jobs) {
  for (let at = 0; at < jobs.length; at += 500) {
    const refused = await client.send(`PUSHB ${json(jobs.slice(at, at + 500))}`);
    if (refused !== "{}") throw new Error(refused);
  }
}

function entryName(name, n) {
  return n + Buffer.from(name.text(n)).toString("utf8", 0, 240).replace(/[\p{C}\ufffd]/gu, "_");
}

function config(name, count) {
  const few = Math.min(count, 120);
  const entries = range(few).map((n) => `
[[cron]]
name = ${quote(entryName(name, n))}
schedule = "${n % 60} ${n % 24} * * *"
timezone = "Europe/Berlin"
job = { type = ${quote(name.type(n).replace(/\p{C}/gu, "_"))}, queue = ${quote(n ? name.queue(n) : "cron")} }`);
  const throttles = range(few).map((n) => `${quote(name.queue(n))} = { concurrency = ${n + 1}, worker = 1, rate = ${n + 0.5} }`);
  return `[history]\ncompleted = "1h"\n[throttles]\n${throttles.join("\n")}\n${entries.join("\n")}`;
}

async function fillQueues(client, name, count) {
  const queues = Math.min(count, 200);
  await push(client, range(count).map((n) => job(name, n, name.queue(n % queues))));
  await push(client, range(count).map((n) => job(name, n, "later", { at: new Date(Date.now() + 3.6e6 + n * 6e4).toISOString() })));
  const few = Math.min(count, 400);
  await push(client, range(few).map((n) => job(name, n, "locked", { custom: { unique_for: 3600, track: 1 } })));
}

async function fillSets(server, client, name, count) {
  const few = Math.min(count, 1000);
  const fails = await server.client({ wid: name.wid(0), labels: [name.label(0)] });
  for (const [queue, retry] of [["flaky", 25], ["poison", -1]]) {
    await push(client, range(few).map((n) => job(name, n, queue, { retry })));
    await Promise.all(range(few).map(async (n) => {
      const { jid } = await fails.fetch(queue);
      await fails.fail(jid, ...name.error(n), range(n % 4 * 8).map((line) => `app/jobs/${name.text(n)}.rb:${line}:in 'perform'`));
    }));
  }
  await push(client, range(few).map((n) => job(name, n, "done")));
  await Promise.all(range(few).map(async () => fails.ack((await fails.fetch("done")).jid)));
}

async function fillWork(server, client, name, count) {
  for (const n of range(Math.min(count, 60))) {
    const wid = name.wid(n + 1);
    const worker = await server.client({ wid, hostname: name.text(n), pid: 4000 + n, labels: [name.label(n), "eu"] });
    await push(client, [job(name, n, "busy", { reserve_for: 3600 })]);
    await worker.fetch("busy");
    await worker.beat(wid);
  }
}

/** Batches, of which the first has some below it, each below the one before. */
async function fillBatches(client, name, count) {
  const bids = [];
  for (const n of range(Math.min(count, 150))) {
    const parent_bid = n > 0 && n < 6 ? bids.at(-1) : undefined;
    const success = { jobtype: name.type(n), queue: name.queue(0) };
    const bid = await client.send(`BATCH NEW ${quote({ description: name.text(n), success, parent_bid })}`);
    await push(client, range(3).map((part) => job(name, part, "parts", { jid: `part-${n}-${part}-xx`, custom: { bid } })));
    bids.push(bid);
  }
  for (const bid of bids) await client.send(`BATCH COMMIT ${bid}`);
  return bids;
}

/** Lets the first recurring job run some times, with all that can become of a run, and pauses the second. Gives the path of the first. */
async function fillCron(server, name) {
  const [ran, paused] = [0, 1].map((n) => `/cron/${encodeURIComponent(entryName(name, n))}`);
  const worker = await server.client({ wid: "runs-cron" });
  for (const n of range(5)) {
    await server.api("POST", `${ran}/run`, {});
    const { jid } = await worker.fetch("cron");
    if (n === 2) await worker.fail(jid, "Error", "no luck");
    else if (n < 4) await worker.ack(jid);
  }
  await server.api("POST", `${paused}/pause`);
  worker.close();
  return ran;
}

/** Ends when an operation does. */
export async function ended(server, id) {
  for (;;) {
    const operation = await server.api("GET", `/operations/${id}`);
    if (operation.state !== "running") return operation;
  }
}

/** The pages there are, and one of each that is about one thing. */
function paths(name, some) {
  const lists = ["/", "/queues", "/scheduled", "/retries", "/morgue", "/completed", "/failures", "/busy", "/batches", "/workers", "/cron", "/cron/new", "/throttles",
    "/locks", "/jobtypes", "/operations", "/audit", "/server", "/search", "/search?query=flaky", "/search?query=state:",
    "/operations/new?action=retry&query=state:dead", "/operations/new?action=move&query=state:dead", "/jobs/nothing-here"];
  const { queue, bid, operation, failure, entry, jobs } = some;
  return [
    ...lists, `/queues/${encodeURIComponent(queue)}`,
    ...jobs.map((jid) => `/jobs/${encodeURIComponent(jid)}`),
    ...(jobs.length ? [`/jobs/${encodeURIComponent(jobs[0])}/edit`, `/search?query=${encodeURIComponent(name.type(0).slice(0, 200))}`] : []),
    ...(entry ? [`${entry}/runs`] : []),
    ...(bid ? [`/batches/${bid}`] : []),
    ...(failure ? [`/failures/${failure}`] : []),
    ...(operation ? [`/operations/${operation}`] : []),
  ];
}

/** Starts a server of this kind. Gives it, and the paths to look at. */
export async function scene(kind) {
  const [name, count] = [NAMES[kind], COUNTS[kind]];
  const server = await Server.start(config(name, count));
  if (!count) return { server, paths: paths(name, { queue: "default", jobs: [] }) };
  const client = await server.client();
  await fillQueues(client, name, count);
  await fillSets(server, client, name, count);
  await fillWork(server, client, name, count);
  const bids = await fillBatches(client, name, count);
  const entry = await fillCron(server, name);
  await client.send(`QUEUE PAUSE ${name.queue(1)}`);
  const killed = await server.api("POST", "/operations", { action: "kill", query: "queue:flaky jid:jid-flaky-0" });
  await ended(server, killed.id);
  const retried = await server.api("POST", "/operations", { action: "retry", query: `state:dead queue:flaky "${"long, ".repeat(40)}"` });
  await ended(server, retried.id);
  const few = (query) => server.api("GET", `/jobs?limit=1&query=${encodeURIComponent(query)}`);
  const failures = await server.api("GET", "/failures");
  const jobs = [];
  for (const query of ["queue:poison", "state:retries", "state:working", "queue:later", "queue:locked", "queue:parts", "state:completed"]) {
    jobs.push(...(await few(query)).jobs.map((found) => found.jid));
  }
  return { server, paths: paths(name, { queue: name.queue(0), bid: bids[0], operation: killed.id, failure: failures.items[0].id, entry, jobs }) };
}
