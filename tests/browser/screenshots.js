// Makes the pictures of the documents: docs/images/*.png. The hour before them passes in short runs of the server, each with its
// clock a minute later than the one before.
//
// usage: node screenshots.js
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch, visit } from "./lib/browser.js";
import { until } from "./lib/runner.js";
import { Server } from "./lib/server.js";

const IMAGES = fileURLToPath(new URL("../../docs/images", import.meta.url));
const BYTES_MAX = 200 * 1024;
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const MINUTES = 60;

// In production a server without a password does not start otherwise.
const OPEN = { FAKTORY_SKIP_PASSWORD: "1" };

const THROTTLES = "[throttles]\nimports = { concurrency = 2 }\n";
const CRON = `
[[cron]]
name = "nightly report"
schedule = "30 3 * * *"
timezone = "Europe/Berlin"
job = { type = "NightlyReport", queue = "reports" }
[[cron]]
schedule = "*/10 * * * *"
job = { type = "SyncAccounts", queue = "imports" }
`;

const TYPES = { mailers: ["SendInvoice", "SendReminder"], imports: ["Import::Products"], thumbnails: ["Thumbnail"], reports: ["NightlyReport"] };

let serial = 0;
function job(queue, jobtype, more = {}) {
  serial += 1;
  const jid = `${(serial * 2654435761 % 4294967296).toString(16).padStart(8, "0")}${serial.toString(16).padStart(8, "0")}`;
  return { jid, jobtype, queue, args: [{ account: 4200 + serial % 90, locale: "en" }], retry: 25, ...more };
}

/** A minute in which jobs come and are done, and some fail. */
async function pass(server, minute) {
  const client = await server.client();
  const workers = await Promise.all(["a", "b", "c"].map((name) => server.client({ wid: `app-${name}-7f31` })));
  for (const [queue, types] of Object.entries(TYPES)) {
    const wave = 14 + 9 * Math.sin(minute / 7) + 5 * Math.sin(minute / 2.3 + queue.length);
    const count = Math.max(2, Math.round(wave * { mailers: 3, imports: 0.5, thumbnails: 2, reports: 0.2 }[queue]));
    await client.pushAll(Array.from({ length: count }, (_, n) => job(queue, types[n % types.length])));
    await Promise.all(Array.from({ length: count }, async (_, n) => {
      const worker = workers[n % workers.length];
      const taken = await worker.fetch(queue);
      if (!taken) return;
      const isBad = taken.jobtype === "SendInvoice" ? minute > 44 && n % 3 === 0 : n % 31 === 30;
      if (!isBad) await worker.ack(taken.jid);
      else if (queue === "mailers") {
        await worker.fail(taken.jid, ...TIMEOUT, TRACE);
      } else await worker.fail(taken.jid, "KeyError", "key not found: :sku", TRACE);
    }));
  }
  for (const one of [client, ...workers]) one.close();
}

const TIMEOUT = ["Net::ReadTimeout", "Net::ReadTimeout with #<TCPSocket smtp.example.com:25>"];
const TRACE = [
  "net/protocol.rb:229:in 'rbuf_fill'", "net/protocol.rb:199:in 'readuntil'", "net/smtp.rb:1019:in 'recv_response'",
  "app/mailers/invoice_mailer.rb:14:in 'deliver'", "app/jobs/send_invoice.rb:8:in 'perform'",
];

async function past() {
  let dir;
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const env = { ...OPEN, LD_PRELOAD: FAKETIME, FAKETIME: `-${MINUTES - minute}m`, FAKETIME_DONT_FAKE_MONOTONIC: "1" };
    const server = await Server.start(CRON, { environment: "production", env, dir });
    dir = server.dir;
    await pass(server, minute);
    await server.stop({ keep: true });
  }
  return dir;
}

/** Now: workers are at work, a queue has lost its own, and a throttle is full. */
async function now(server) {
  const client = await server.client();
  await client.pushAll(Array.from({ length: 340 }, () => job("mailers", "SendInvoice")));
  await client.pushAll(Array.from({ length: 1840 }, () => job("thumbnails", "Thumbnail")));
  await client.pushAll(Array.from({ length: 26 }, () => job("imports", "Import::Products")));
  await client.pushAll(Array.from({ length: 12 }, (_, n) => job("mailers", "SendReminder", { at: new Date(Date.now() + (n + 1) * 9e5).toISOString() })));
  await client.pushAll(Array.from({ length: 6 }, () => job("newsletter", "Newsletter")));
  await server.api("POST", "/queues/newsletter/pause");
  const hosts = ["app-1.example.com", "app-2.example.com", "app-3.example.com"];
  const workers = await Promise.all(hosts.map((hostname, n) => server.client({ wid: `app-${"abc"[n]}-7f31`, hostname, pid: 2100 + n, labels: ["ruby-3.4"] })));
  for (const worker of workers) {
    for (let n = 0; n < 2; n += 1) await worker.fetch("imports", "mailers", "reports");
  }
  const bid = await tree(client, workers[0]);
  const unique = { custom: { unique_for: 3600 } };
  await client.pushAll(Array.from({ length: 5 }, (_, n) => job("imports", "SyncAccount", { ...unique, args: [{ account: 4200 + n }] })));
  await server.api("POST", "/marks", { text: "deploy 2026.11" });
  const beat = () => Promise.all(workers.map((worker, n) => worker.beat(`app-${"abc"[n]}-7f31`)));
  const fail = async () => {
    for (let n = 0; n < 24; n += 1) {
      const { jid } = await workers[2].fetch("mailers");
      await workers[2].fail(jid, ...TIMEOUT, TRACE);
    }
  };
  return { beat, fail, bid };
}

/** A batch with two below it, half done. Gives its id. */
async function tree(client, worker) {
  const made = async (description, parent_bid) => {
    const success = { jobtype: "Announce", queue: "reports" };
    const bid = await client.send(`BATCH NEW ${JSON.stringify({ description, success, parent_bid })}`);
    await client.pushAll(Array.from({ length: 8 }, () => job("exports", "Export::Part", { custom: { bid } })));
    return bid;
  };
  const bid = await made("Month end: all regions");
  for (const region of ["Month end: Europe", "Month end: Americas"]) await client.send(`BATCH COMMIT ${await made(region, bid)}`);
  await client.send(`BATCH COMMIT ${bid}`);
  for (let n = 0; n < 13; n += 1) {
    const { jid } = await worker.fetch("exports");
    await worker.ack(jid);
  }
  return bid;
}

async function shoot(page, name, size) {
  await page.setViewportSize(size);
  await page.waitForTimeout(1500);
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
}

const dir = await past();
const server = await Server.start(THROTTLES + CRON, { environment: "production", env: OPEN, dir });
const { beat, fail, bid } = await now(server);
await until("all is told that needs attention", async () => {
  await beat();
  const { attention } = await server.api("GET", "/attention");
  return ["queue_unfetched", "throttle_full"].every((key) => attention.some((concern) => concern.key === key));
}, 150000, 2000);

mkdirSync(IMAGES, { recursive: true });
const browser = await launch();
const { page, go } = await visit(browser, server, { colorScheme: "light", locale: "en", timezoneId: "Europe/Berlin" });
await go("/");
await shoot(page, "overview", { width: 1280, height: 860 });
await go("/queues/thumbnails");
await shoot(page, "queue", { width: 1280, height: 760 });
await fail();
await go("/failures");
await shoot(page, "failures", { width: 1280, height: 420 });
const { jobs } = await server.api("GET", `/jobs?limit=1&query=${encodeURIComponent("state:retries type:SendInvoice")}`);
await go(`/jobs/${jobs[0].jid}`);
await shoot(page, "job", { width: 1280, height: 760 });
await go("/operations/new?action=retry&query=state:retries+error:timeout");
await shoot(page, "operation", { width: 1280, height: 620 });
const deleted = await server.api("POST", "/operations", { action: "delete", query: "state:scheduled type:SendReminder" });
await until("they are deleted", async () => (await server.api("GET", `/operations/${deleted.id}`)).state === "done", 30000, 100);
await server.api("POST", "/queues/reports/pause");
await server.api("POST", "/queues/reports/resume");
for (const [name, path, height] of [
  ["cron", "/cron", 420], ["batch", `/batches/${bid}`, 560], ["throttles", "/throttles", 300], ["locks", "/locks", 420],
  ["search", `/search?query=${encodeURIComponent("state:retries error:timeout arg.0.account:>=4200")}`, 640],
  ["workers", "/workers", 460], ["audit", "/audit", 460], ["server", "/server", 760], ["operations", `/operations/${deleted.id}`, 420],
]) {
  await go(path);
  await shoot(page, name, { width: 1280, height });
}
await go("/jobtypes");
await shoot(page, "jobtypes", { width: 1280, height: 420 });
await go("/?theme=dark");
await shoot(page, "phone", { width: 390, height: 844 });
await browser.close();
await server.stop();

for (const file of readdirSync(IMAGES)) {
  const { size } = statSync(join(IMAGES, file));
  console.log(`${file}: ${(size / 1024).toFixed(0)} KB`);
  if (size >= BYTES_MAX) throw new Error(`${file} is too large`);
}
process.exit(0);
