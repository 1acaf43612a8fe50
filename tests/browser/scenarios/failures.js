// Failed jobs by what they have in common.
import assert from "node:assert/strict";
import { until } from "../lib/runner.js";
import { failAll, jobs, scenario } from "../lib/scenario.js";
import { ended } from "../lib/scenes.js";

scenario("jobs that failed alike are one row, and are retried together and no others", async ({ server, client, page, go }) => {
  await client.pushAll(jobs(12, "mailers", "Invoice", { retry: -1 }));
  for (let n = 0; n < 12; n += 1) await failAll(server, "mailers", 1, `no answer in ${n} s`);
  await client.pushAll(jobs(2, "imports", "Import"));
  await failAll(server, "imports", 2, "no such file");
  await go("/");
  const row = page.getByRole("row", { name: /Invoice/ });
  await row.getByText("12", { exact: true }).waitFor();
  await row.getByRole("link", { name: "Invoice" }).click();
  await page.waitForURL(/\/failures\/[0-9a-f]+/);
  await page.getByText("no answer in 11 s").first().waitFor();
  assert.equal(await page.locator("main tbody tr").count(), 12);
  await page.locator("form[action$='/operations/new']").getByRole("button", { name: "Retry now …" }).click();
  await page.getByRole("button", { name: "Retry now: 12 jobs" }).click();
  await page.waitForURL(/\/operations\/[0-9a-f]+/);
  await ended(server, page.url().split("/").pop());
  const { dead, retries, enqueued } = await server.api("GET", "/counters");
  assert.deepEqual([dead, retries, enqueued], [0, 2, 12]);
  await go("/failures");
  await page.getByRole("row", { name: /Import/ }).waitFor();
});

scenario("careful retry stops by itself when the first jobs fail again, and leaves the others", async ({ server, client, page, go }) => {
  await client.pushAll(jobs(15, "mailers", "Invoice", { retry: -1 }));
  await failAll(server, "mailers", 15, "no answer");
  await go("/failures");
  await page.getByRole("link", { name: /Retry carefully/ }).click();
  await page.getByLabel("first").fill("2");
  await page.getByRole("button", { name: "Retry carefully" }).click();
  await page.waitForURL(/\/operations\/[0-9a-f]+/);
  await until("the first are tried", async () => (await server.api("GET", "/counters")).enqueued === 2);
  await failAll(server, "mailers", 2, "no answer");
  const operation = await ended(server, page.url().split("/").pop());
  assert.equal(operation.changed, 2);
  assert.equal((await server.api("GET", "/counters")).dead, 15);
  await page.locator("[data-live=operation]", { hasText: "2 jobs" }).waitFor();
});
