// Without scripts, on a phone, and for those who may only look.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { visit } from "../lib/browser.js";
import { failAll, jobs, scenario } from "../lib/scenario.js";
import { BINARY } from "../lib/server.js";

const hash = execFileSync(BINARY, ["hash-password"], { input: "secret\n" }).toString().trim();
const user = (name) => `[[web_user]]\nname = "${name}"\nrole = "${name}"\nhash = "${hash}"\n`;

async function fill({ server, client }) {
  await client.pushAll(jobs(3, "poison", "Work", { retry: -1 }));
  await failAll(server, "poison", 3);
  await client.pushAll(jobs(3, "mailers"));
}

scenario("basic actions need no scripts", async ({ server, client, page, go }) => {
  await fill({ server, client });
  await go("/queues/mailers");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("status").waitFor();
  assert.equal((await server.api("GET", "/queues/mailers")).paused, true);
  await go("/jobs/poison-Work-0");
  await page.getByRole("button", { name: "Retry" }).click();
  await page.getByRole("status").waitFor();
  await go("/morgue");
  assert.equal(await page.locator("main tbody tr").count(), 2);
  await page.locator("main tbody input").first().check();
  await page.locator("main form footer").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete: 1 job" }).click();
  await page.waitForURL(/\/operations\//);
  await go("/morgue");
  await page.getByRole("group", { name: "All 1:" }).getByRole("button", { name: "Retry" }).click();
  await page.getByRole("button", { name: "Retry now: 1 job" }).click();
  await page.waitForURL(/\/operations\//);
  await page.reload();
  const counters = await server.api("GET", "/counters");
  assert.equal(counters.dead, 0);
  await page.locator(".menu summary").click();
  await page.getByRole("link", { name: "Deutsch" }).click();
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await page.getByRole("searchbox").fill("queue:mailers");
  await page.keyboard.press("Enter");
  await page.locator("main tbody tr").nth(2).waitFor();
}, { javaScriptEnabled: false });

scenario("who may only look is shown no action and refused every one", async ({ server, client, browser }) => {
  await fill({ server, client });
  const { page, go, faults, context } = await visit(browser, server, { httpCredentials: { username: "viewer", password: "secret" } });
  const paths = ["/", "/queues", "/queues/mailers", "/morgue", "/jobs/poison-Work-0", "/workers", "/cron", "/search?query=Work", "/operations"];
  for (const path of paths) {
    const answer = await go(path);
    assert.equal(answer.status(), 200, path);
    assert.equal(await page.locator("form[method=post], a[href$='/edit'], a[href*='/operations/new']").count(), 0, path);
  }
  assert.deepEqual(faults, []);
  for (const path of ["/operations/new?action=move&query=state:dead", "/operations/new?action=kill&query=state:dead", "/jobs/poison-Work-0/edit"]) {
    assert.equal((await go(path)).status(), 403, path);
  }
  const send = (method, path, body) => page.evaluate(async ([how, where, what]) => {
    const type = where.startsWith("/api") ? "application/json" : "application/x-www-form-urlencoded";
    const answer = await fetch(where, { method: how, headers: { "content-type": type }, body: what });
    return answer.status;
  }, [method, path, body]);
  for (const [method, path, body] of [
    ["POST", "/queues/mailers", "action=pause"], ["POST", "/morgue", "key=all&action=delete"], ["POST", "/cron", "name=nightly&action=run"],
    ["POST", "/workers", "wid=all&signal=quiet"], ["POST", "/operations", "action=kill&query="],
    ["POST", "/api/v1/queues/mailers/pause", "{}"], ["POST", "/api/v1/jobs/poison-Work-0/retry", "{}"], ["DELETE", "/api/v1/queues/mailers", undefined],
    ["POST", "/api/v1/jobs", '{"jobtype":"T","args":[]}'], ["POST", "/api/v1/operations", '{"action":"kill","query":""}'],
    ["POST", "/api/v1/cron/nightly/run", "{}"], ["POST", "/api/v1/flush", '{"everything":true}'],
  ]) assert.equal(await send(method, path, body), 403, `${method} ${path}`);
  await context.close();
}, { config: `${user("viewer")}${user("admin")}[[cron]]\nname = "nightly"\nschedule = "0 3 * * *"\njob = { type = "Report" }` });

scenario("actions are within reach of a thumb on a phone", async ({ server, client, page, go }) => {
  await fill({ server, client });
  const reachable = async (button) => {
    await button.scrollIntoViewIfNeeded();
    const box = await button.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 320, `${await button.textContent()} is at ${box.x}, ${box.width} wide`);
    assert.ok(box.height >= 34, `${await button.textContent()} is ${box.height} high`);
    await button.click({ trial: true });
  };
  await go("/queues/mailers");
  await reachable(page.getByRole("button", { name: "Pause" }));
  await reachable(page.getByText("Remove queue", { exact: true }).first());
  await go("/jobs/poison-Work-0");
  for (const name of ["Retry", "Delete"]) await reachable(page.getByRole("button", { name }));
  await go("/morgue");
  for (const button of await page.locator("main form button").all()) await reachable(button);
  await go("/workers");
  for (const button of await page.locator("main form button").all()) await reachable(button);
  await go("/cron");
  await reachable(page.getByRole("button", { name: "Run now" }));
  await page.locator(".menu summary").click();
  await page.getByRole("link", { name: "Deutsch" }).click();
}, { viewport: { width: 320, height: 640 }, hasTouch: true, config: '[[cron]]\nname = "nightly"\nschedule = "0 3 * * *"\njob = { type = "Report" }' });
