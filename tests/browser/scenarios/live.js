// Pages that keep themselves up to date.
import assert from "node:assert/strict";
import { until } from "../lib/runner.js";
import { jobs, scenario } from "../lib/scenario.js";

/** Chromium never hides the tabs of a test, so the page is told that it is. */
const hide = (page, hidden) => page.evaluate((is) => {
  Object.defineProperty(document, "hidden", { value: is, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}, hidden);

scenario("numbers move by themselves, by one stream, which is closed while the tab is hidden", async ({ client, page, go }) => {
  let [opened, closed] = [0, 0];
  const isStream = (request) => request.url().endsWith("/api/v1/events");
  page.on("request", (request) => { opened += isStream(request); });
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => { closed += isStream(request); });
  await go("/");
  const enqueued = page.locator("[data-number=enqueued]");
  await client.pushAll(jobs(1234, "mailers"));
  await until("the number moves", async () => (await enqueued.textContent()) === "1,234");
  assert.equal(opened, 1);
  await hide(page, true);
  await until("the stream is closed", () => closed === 1);
  await client.pushAll(jobs(6, "later", "Work"));
  await hide(page, false);
  await until("the number moves again", async () => (await enqueued.textContent()) === "1,240");
  assert.equal(opened, 2);
});

scenario("total of a queue follows soon, and new rows wait until they are asked for", async ({ client, page, go }) => {
  await client.pushAll(jobs(3, "mailers"));
  await go("/queues/mailers");
  await page.locator("[data-live=total]", { hasText: "3 jobs" }).waitFor();
  await client.pushAll(jobs(2, "mailers", "Other"));
  await page.locator("[data-live=total]", { hasText: "5 jobs" }).waitFor({ timeout: 10000 });
  const rows = page.locator("main tbody tr");
  assert.equal(await rows.count(), 3);
  await page.getByRole("button", { name: "2 new" }).click();
  await rows.nth(4).waitFor();
});

scenario("first rows of a page that was empty come by themselves", async ({ client, page, go }) => {
  await go("/scheduled");
  await page.locator("main .empty").waitFor();
  await client.pushAll(jobs(2, "q", "Work", { at: new Date(Date.now() + 3.6e6).toISOString() }));
  await page.locator("main tbody tr").nth(1).waitFor();
});

scenario("rows that are gone are marked and not acted on, and the rest stays where it was", async ({ server, client, page, go }) => {
  await client.pushAll(jobs(3, "q", "Work", { at: new Date(Date.now() + 3.6e6).toISOString() }));
  await go("/scheduled");
  const rows = page.locator("main tbody tr");
  await rows.nth(1).getByRole("checkbox").check();
  const { items } = await server.api("GET", "/sets/scheduled");
  await server.api("POST", `/jobs/${items[1].jid}/delete`, {});
  await page.getByRole("button", { name: "1 gone" }).waitFor({ timeout: 30000 });
  assert.equal(await rows.count(), 3);
  assert.match(await rows.nth(1).getAttribute("class"), /gone/);
  assert.ok(await rows.nth(1).getByRole("checkbox", { includeHidden: true }).isDisabled());
  for (const n of [0, 2]) await server.api("POST", `/jobs/${items[n].jid}/delete`, {});
  await page.getByRole("button", { name: "3 gone" }).click();
  await page.locator("main .empty").waitFor();
});

scenario("page of a busy server is kept up to date, too: numbers that change all the time do not put it off", async ({ server, client, page, go }) => {
  await client.pushAll(jobs(1, "mailers"));
  await go("/queues");
  const worker = await server.client({ wid: "busy" });
  let works = true;
  const busy = (async () => {
    for (let n = 0; works; n += 1) {
      await client.push({ jid: `busy-job-${n}`, jobtype: "Work", queue: "busy", args: [] });
      await worker.ack((await worker.fetch("busy")).jid);
      await new Promise((later) => setTimeout(later, 200));
    }
  })();
  await client.pushAll(jobs(2, "later"));
  await page.getByRole("button", { name: /new/ }).waitFor({ timeout: 12000 });
  works = false;
  await busy;
  worker.close();
});

scenario("page of a job follows it, and says so when it is done", async ({ client, page, go, server }) => {
  await client.push({ jid: "followed", jobtype: "Work", queue: "q", args: [] });
  await go("/queues/q");
  await page.getByRole("link", { name: "Work", exact: true }).click();
  await page.locator(".tag.enqueued").waitFor();
  const worker = await server.client({ wid: "follows" });
  await worker.fetch("q");
  await page.locator(".tag.working").waitFor({ timeout: 30000 });
  await page.locator("[data-live=why]", { hasText: "follows" }).waitFor();
  page.removeAllListeners("console");
  await worker.ack("followed");
  await page.getByText("There is no job with this id").waitFor({ timeout: 30000 });
  worker.close();
});

scenario("page of a job that has moved on is asked for by where the job is now", async ({ client, page, go, server }) => {
  await client.push({ jid: "moved-on", jobtype: "Work", queue: "q", args: [] });
  const { key } = await server.api("GET", "/jobs/moved-on");
  const worker = await server.client({ wid: "fails" });
  await worker.fetch("q");
  await worker.fail("moved-on", "Error", "no luck", []);
  await go(`/jobs/moved-on?key=${encodeURIComponent(key)}`);
  const again = page.waitForRequest((request) => new URL(request.url()).pathname === "/jobs/moved-on");
  await client.pushAll(jobs(1, "q"));
  const asked = new URL((await again).url()).searchParams.get("key");
  assert.notEqual(asked, key);
  assert.equal(asked, (await server.api("GET", "/jobs/moved-on")).key);
  worker.close();
});

scenario("page is kept up to date without a stream, too", async ({ client, page, go }) => {
  await page.route("**/api/v1/events", (route) => route.fulfill({ status: 503, body: "" }));
  page.removeAllListeners("console");
  await go("/");
  await client.pushAll(jobs(7, "mailers"));
  await page.locator("[data-number=enqueued]", { hasText: "7" }).waitFor();
});
