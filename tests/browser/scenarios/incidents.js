// Eight incidents on one server: who is woken finds the cause of each in three clicks from the overview.
import assert from "node:assert/strict";
import { visit } from "../lib/browser.js";
import { test, until } from "../lib/runner.js";
import { failAll, jobs } from "../lib/scenario.js";
import { Server } from "../lib/server.js";

const CONFIG = `
[throttles]
imports = { concurrency = 1 }
[[cron]]
name = "close the year"
schedule = "0 0 0 1 1 * 2020"
job = { type = "CloseYear", queue = "cron" }
`;

const CLICKS_MAX = 3;

/** What the overview must tell by itself. The others are found by what it shows anyway. */
const TOLD = ["jobtype_fails", "queue_unfetched", "queue_paused", "throttle_full", "worker_silent", "cron_never"];

/** Makes everything go wrong. Gives what keeps the workers that are well alive, and what ends the jobs that take long. */
async function stage(server) {
  const client = await server.client();
  await client.pushAll(jobs(30, "poison", "ImportProduct", { retry: -1 }));
  await failAll(server, "poison", 30, "no product with the key sku-17");
  await client.pushAll(jobs(3, "orphans", "Thumbnail"));
  await client.pushAll(jobs(3, "frozen", "Newsletter"));
  await server.api("POST", "/queues/frozen/pause");
  await client.pushAll(jobs(6, "imports", "Import"));
  const importer = await server.client({ wid: "importer-1" });
  await importer.fetch("imports");
  await client.push({ jid: "sync-account-42", jobtype: "SyncAccount", queue: "sync", args: [42], reserve_for: 3600, custom: { unique_for: 3600 } });
  const syncer = await server.client({ wid: "syncer-1" });
  await syncer.fetch("sync");
  await assert.rejects(client.push({ jid: "sync-account-43", jobtype: "SyncAccount", queue: "sync", args: [42], custom: { unique_for: 3600 } }), /NOTUNIQUE/);
  await client.pushAll([...jobs(3, "reports", "QuickReport"), ...jobs(2, "slow", "YearReport")]);
  const reporter = await server.client({ wid: "reporter-1" });
  for (let n = 0; n < 3; n += 1) await reporter.ack((await reporter.fetch("reports")).jid);
  const slow = [await reporter.fetch("slow"), await reporter.fetch("slow")];
  const stuck = await server.client({ wid: "stuck-1" });
  await client.push({ jid: "stuck-job-1", jobtype: "Render", queue: "render", args: [] });
  await stuck.fetch("render");
  return {
    keepAlive: () => Promise.all([importer.beat("importer-1"), syncer.beat("syncer-1"), reporter.beat("reporter-1")]),
    endSlow: () => Promise.all(slow.map((job) => reporter.ack(job.jid))),
  };
}

/** The way to each cause: what is clicked, from the overview on, and what is to be read then. */
const WAYS = {
  "a jobtype that always fails": [
    [(page) => page.getByRole("listitem").filter({ hasText: "30 of 30 executions of ImportProduct failed" }).getByRole("link", { name: "See its jobs" }),
      (page) => page.locator("main tbody th a").first()],
    /Net::Unreachable.*no product with the key sku-17/s],
  "a queue without a worker": [
    [(page) => page.getByRole("listitem").filter({ hasText: "No worker fetches from orphans" }).getByRole("link", { name: "See the queue" })],
    /no worker/i],
  "a queue that somebody paused": [
    [(page) => page.getByRole("listitem").filter({ hasText: "frozen is paused" }).getByRole("link", { name: "See the queue" })],
    /frozen is paused.*127\.0\.0\.1 paused it/s],
  "a throttle that is full": [
    [(page) => page.getByRole("listitem").filter({ hasText: "The throttle of imports" }).getByRole("link", { name: "See the throttles" })],
    /imports.*full/s],
  "a lock that is held": [
    [(page) => page.getByRole("navigation").getByRole("link", { name: "Locks" }), (page) => page.getByRole("link", { name: "SyncAccount" })],
    /syncer-1.*(lock|equal)/s],
  "a type that is slow": [
    [(page) => page.getByRole("navigation").getByRole("link", { name: "Job types" })],
    /YearReport.*ImportProduct/s],
  "a worker that hangs": [
    [(page) => page.getByRole("listitem").filter({ hasText: "stuck-1" }).getByRole("link", { name: "See its jobs" }), (page) => page.getByRole("link", { name: "Render" })],
    /stuck-1.*(sent nothing|is not connected)/s],
  "a recurring job that never comes": [
    [(page) => page.getByRole("listitem").filter({ hasText: "close the year never fires" }).getByRole("link", { name: "See cron" })],
    /close the year.*never/s],
};

test("eight incidents: from the overview to the cause of each in three clicks", async ({ browser }) => {
  const server = await Server.start(CONFIG);
  const { keepAlive, endSlow } = await stage(server);
  // What lasts is told only when somebody looks again and again.
  await until("all are told of", async () => {
    await keepAlive();
    const { attention } = await server.api("GET", "/attention");
    return TOLD.every((key) => attention.some((concern) => concern.key === key));
  }, 150000, 1000);
  await endSlow();
  await until("it is in the history how long they took", async () => {
    const { jobtypes } = await server.api("GET", "/jobtypes");
    return jobtypes.some((one) => one.jobtype === "YearReport" && one.run.count === 2);
  }, 30000, 1000);
  const { page, go, faults, context } = await visit(browser, server);
  for (const [incident, [clicks, cause]] of Object.entries(WAYS)) {
    let clicked = 0;
    await go("/");
    for (const find of clicks) {
      const link = find(page).first();
      // The worst is shown, the rest is folded up.
      if (!(await link.isVisible())) {
        await page.locator("details.more > summary").click();
        clicked += 1;
      }
      await link.click();
      clicked += 1;
      await page.waitForLoadState();
    }
    assert.ok(clicked <= CLICKS_MAX, incident);
    const text = await page.locator("main").innerText();
    assert.ok(cause.test(text), `${incident}: ${page.url()}: ${text}`);
    await keepAlive();
  }
  assert.deepEqual(faults, []);
  await context.close();
  await server.stop();
});
