// Failed jobs by what they have in common.
import assert from "node:assert/strict";
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
  await page.getByRole("button", { name: "Retry now" }).click();
  await page.getByRole("button", { name: "Retry now: 12 jobs" }).click();
  await page.waitForURL(/\/operations\/[0-9a-f]+/);
  await ended(server, page.url().split("/").pop());
  const { dead, retries, enqueued } = await server.api("GET", "/counters");
  assert.deepEqual([dead, retries, enqueued], [0, 2, 12]);
  await go("/failures");
  await page.getByRole("row", { name: /Import/ }).waitFor();
});
