// Finding things: the search, and the keyboard.
import assert from "node:assert/strict";
import { jobs, scenario } from "../lib/scenario.js";

scenario("search finds jobs in every state, says where a query is wrong, and is an address to send on", async ({ client, page, go }) => {
  await client.pushAll([...jobs(3, "mailers", "Invoice"), ...jobs(2, "mailers", "Letter")]);
  await client.push({ jid: "later-001", jobtype: "Invoice", queue: "mailers", args: [{ to: "anna" }], at: new Date(Date.now() + 3.6e6).toISOString() });
  await go("/");
  await page.getByRole("searchbox").fill("type:Invoice");
  await page.keyboard.press("Enter");
  const rows = page.locator("main tbody tr");
  await rows.nth(3).waitFor();
  assert.equal(await rows.count(), 4);
  assert.match(page.url(), /\/search\?query=type%3AInvoice/);
  await page.getByRole("searchbox").fill("arg.to:anna state:scheduled");
  await page.keyboard.press("Enter");
  await page.waitForURL(/scheduled/);
  assert.equal(await rows.count(), 1);
  await rows.getByRole("link", { name: "Invoice" }).click();
  await page.waitForURL(/\/jobs\/later-001/);
  await page.getByRole("searchbox").fill("type:Invoice AND (state:");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  assert.ok(await page.getByRole("alert").locator("mark").count(), "the place is marked");
});

scenario("keyboard reaches search, help, rows, boxes and pages", async ({ server, client, page, go }) => {
  await client.pushAll(jobs(3, "q", "Work", { at: new Date(Date.now() + 3.6e6).toISOString() }));
  await go("/scheduled");
  await page.keyboard.press("/");
  assert.ok(await page.getByRole("searchbox").evaluate((box) => box === document.activeElement));
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  for (const key of ["j", "j", "x", "k", "x", "x"]) await page.keyboard.press(key);
  const boxes = page.locator("main tbody input[type=checkbox]");
  assert.deepEqual(await boxes.evaluateAll((all) => all.map((one) => one.checked)), [false, true, false]);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/jobs\//);
  await page.keyboard.press("g");
  await page.keyboard.press("q");
  await page.waitForURL(`${server.web}/queues`);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
});
