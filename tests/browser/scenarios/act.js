// Doing things: what a button says is what happens, and the page says so.
import assert from "node:assert/strict";
import { until } from "../lib/runner.js";
import { failAll, jobs, scenario } from "../lib/scenario.js";
import { ended } from "../lib/scenes.js";
import { Worker } from "../lib/worker.js";

scenario("all matching jobs are retried: counted first, then with progress", async ({ server, client, page, go }) => {
  await client.pushAll(jobs(40, "mailers", "Invoice", { retry: -1 }));
  await client.pushAll(jobs(5, "other", "Letter", { retry: -1 }));
  await failAll(server, "mailers", 40);
  await failAll(server, "other", 5);
  await go("/search?query=state:dead+type:Invoice");
  await page.locator("form[action$='/operations/new']").getByRole("button", { name: "Retry now …" }).click();
  await page.getByRole("heading", { name: "40 jobs" }).waitFor();
  assert.match(await page.locator("#curl").textContent(), /curl .*\/api\/v1\/operations/s);
  assert.equal((await server.api("GET", "/counters")).dead, 45);
  await page.getByRole("button", { name: "Retry now: 40 jobs" }).click();
  await page.waitForURL(/\/operations\/[0-9a-f]+/);
  await page.getByRole("progressbar").waitFor();
  await page.locator("[data-live=state]", { hasText: "done" }).waitFor();
  assert.match(await page.locator("[data-live=operation]").textContent(), /40 jobs/);
  const left = await server.api("GET", "/counters");
  assert.deepEqual([left.dead, left.enqueued], [5, 40]);
  await go("/audit");
  await page.getByRole("rowheader", { name: /operation|job\.requeue/ }).first().waitFor();
});

scenario("operation that takes long shows its progress and can be stopped", async ({ server, client, page, go }) => {
  await client.pushAll(jobs(20000, "mailers"));
  await go("/operations/new?action=kill&query=state:enqueued+queue:mailers");
  await page.getByRole("button", { name: "Kill: 20,000 jobs" }).click();
  await page.waitForURL(/\/operations\/[0-9a-f]+/);
  const id = page.url().split("/").pop();
  const stop = page.getByRole("button", { name: "Stop" });
  // On a fast machine it may be over before the page is there.
  if (await stop.count()) {
    await stop.click();
    await page.waitForURL(/\/operations/);
  }
  const operation = await ended(server, id);
  const counters = await server.api("GET", "/counters");
  assert.equal(counters.enqueued + counters.dead, 20000);
  assert.equal(counters.dead, operation.changed);
  await go(`/operations/${id}`);
  await page.locator("[data-live=state]", { hasText: /cancelled|done/ }).waitFor();
});

scenario("queue is paused and resumed from its page", async ({ server, client, page, go }) => {
  await client.pushAll(jobs(3, "mailers"));
  await go("/queues/mailers");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("status").waitFor();
  assert.equal((await server.api("GET", "/queues/mailers")).paused, true);
  assert.equal(await client.fetch("mailers"), null);
  await go("/queues/mailers");
  await page.getByText(/paused/).first().waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("status").waitFor();
  assert.equal((await client.fetch("mailers")).jobtype, "Work");
});

scenario("real worker is made quiet from the page of workers, and is seen to take no more", async ({ server, client, page, go }) => {
  const worker = await Worker.start(server, "node-worker-1", "default");
  try {
    await client.push({ jid: "before-01", jobtype: "Work", queue: "default", args: [1] });
    await worker.says("runs 1");
    await go("/workers");
    const row = page.getByRole("row", { name: /node-worker-1/ });
    await row.locator("td .tag", { hasText: "running" }).waitFor();
    await row.getByRole("button", { name: "Quiet" }).click();
    await page.getByRole("status").waitFor();
    await worker.says("is quiet");
    await row.locator("td .tag", { hasText: "quiet" }).waitFor();
    // A FETCH that waits already may still be answered.
    const isIdle = (connections) => connections.items.every((one) => one.phase !== "fetching");
    await until("its last FETCH is over", async () => isIdle(await server.api("GET", "/connections")));
    await client.push({ jid: "after-001", jobtype: "Work", queue: "default", args: [2] });
    await go("/queues/default");
    await page.locator("[data-live=why]", { hasText: "quiet" }).waitFor();
    assert.ok(!worker.said.includes("runs 2"));
    await go("/workers");
    await page.locator("details.confirm summary", { hasText: "Stop all" }).click();
    await page.getByText("This cannot be taken back").waitFor();
    assert.equal(worker.process.exitCode, null, "nothing is done before it is confirmed");
    await page.getByRole("button", { name: "Stop all" }).click();
    await until("the worker has gone", () => worker.process.exitCode !== null);
  } finally {
    await worker.stop();
  }
});

scenario("recurring job is run now, paused and resumed", async ({ client, server, page, go }) => {
  await go("/cron");
  const row = page.getByRole("row", { name: /Report/ });
  await row.getByText("nightly").waitFor();
  await row.getByRole("button", { name: "Run now" }).click();
  await page.getByRole("status").waitFor();
  assert.equal((await client.fetch("reports")).jobtype, "Report");
  await row.getByRole("link", { name: "Report", exact: true }).click();
  await page.waitForURL(/\/cron\/nightly\/runs/);
  await page.getByRole("button", { name: "Run now" }).click();
  await page.getByRole("status").waitFor();
  assert.equal(await page.locator("main tbody tr").count(), 2);
  await go("/cron");
  const isPaused = async () => (await server.api("GET", "/cron/nightly")).paused_since !== null;
  await row.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("status").waitFor();
  assert.ok(await isPaused());
  await row.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("status").waitFor();
  assert.ok(!(await isPaused()));
}, { config: '[[cron]]\nname = "nightly"\nschedule = "0 3 * * *"\njob = { type = "Report", queue = "reports" }' });

scenario("recurring job is made by a form, after a look at its next runs, and deleted", async ({ server, page, go }) => {
  await go("/cron");
  await page.getByRole("link", { name: "New entry" }).click();
  await page.getByLabel("Name").fill("monthly");
  await page.getByLabel("Schedule").fill("0 6 32 * *");
  await page.getByLabel("type").fill("Invoice");
  // What is wrong is answered 400, of which the console tells.
  page.removeAllListeners("console");
  await page.getByRole("button", { name: "Show next runs" }).click();
  await page.getByRole("alert").filter({ hasText: "32" }).waitFor();
  await page.getByLabel("Schedule").fill("0 6 L * *");
  await page.getByRole("button", { name: "Show next runs" }).click();
  await page.getByRole("heading", { name: "Next runs" }).waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("row", { name: /Invoice/ }).getByRole("link", { name: "Edit" }).click();
  assert.equal((await server.api("GET", "/cron/monthly")).source, "api");
  await page.getByText("Delete", { exact: true }).first().click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("status").waitFor();
  assert.equal((await server.api("GET", "/cron")).items.length, 0);
});

scenario("job is edited and enqueued again, and a stale edit is refused", async ({ server, client, page, go, context }) => {
  await client.push({ jid: "broken-1", jobtype: "Invoise", queue: "mailers", args: [{ id: 9007199254740993 }], retry: -1 });
  await failAll(server, "mailers", 1, "no such class");
  await go("/jobs/broken-1");
  assert.ok(!(await page.getByText("-1", { exact: false }).filter({ hasText: /tries left/ }).count()), "no tries below none are left");
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("type").fill("Invoice");
  await page.getByLabel("Arguments").fill('[{"id": 12345678901234567890}]');
  const other = await context.newPage();
  await other.goto(`${server.web}/jobs/broken-1/edit`);
  await page.getByRole("button", { name: "Save and enqueue now" }).click();
  await page.waitForURL(/\/jobs\/broken-1$/);
  await page.getByRole("status").waitFor();
  await other.getByLabel("type").fill("Other");
  await other.getByRole("button", { name: "Save and enqueue now" }).click();
  await other.getByRole("alert").waitFor();
  assert.equal(await other.getByLabel("type").inputValue(), "Other", "what was typed is still there");
  const worker = await server.client({ wid: "w" });
  const raw = await worker.send("FETCH mailers");
  assert.match(raw, /"args":\s?\[\{"id":\s?12345678901234567890\}\]/);
  assert.match(raw, /"jobtype":"Invoice"/);
});

scenario("what was deleted is put back by one button", async ({ server, client, page, go }) => {
  await client.pushAll([...jobs(30, "mailers"), ...jobs(2, "other")]);
  const enqueued = async () => (await server.api("GET", "/counters")).enqueued;
  await go("/operations/new?action=delete&query=queue:mailers");
  await page.getByRole("button", { name: "Delete: 30 jobs" }).click();
  await page.waitForURL(/\/operations\/[0-9a-f]+/);
  await ended(server, page.url().split("/").pop());
  assert.equal(await enqueued(), 2);
  await page.getByRole("button", { name: "Undo" }).click();
  await until("all are back", async () => (await enqueued()) === 32);
  await go("/audit");
  await page.getByRole("rowheader", { name: /undo/ }).first().waitFor();
});

scenario("selected jobs of a set are deleted, and no others", async ({ client, server, page, go }) => {
  await client.pushAll(jobs(3, "q", "Work", { at: new Date(Date.now() + 3.6e6).toISOString() }));
  await go("/scheduled");
  await page.locator("main tbody input[type=checkbox]").nth(1).check();
  await page.getByRole("group", { name: "Selected:" }).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { name: "1 job" }).waitFor();
  assert.equal((await server.api("GET", "/counters")).scheduled, 3);
  await page.getByRole("button", { name: "Delete: 1 job" }).click();
  await page.waitForURL(/\/operations\/[0-9a-f]+/);
  assert.equal((await server.api("GET", "/counters")).scheduled, 2);
});
