// A test with a server and a tab of its own, on which nothing may go wrong.
import assert from "node:assert/strict";
import { visit } from "./browser.js";
import { test } from "./runner.js";
import { Server } from "./server.js";

/** `run` gets the server, a connection to its command port, and the tab. */
export function scenario(name, run, { config = "", ...options } = {}) {
  test(name, async ({ browser }) => {
    const server = await Server.start(config);
    const client = await server.client();
    const tab = await visit(browser, server, options);
    try {
      await run({ server, client, browser, ...tab });
      assert.deepEqual(tab.faults, []);
    } finally {
      await tab.context.close();
      client.close();
      await server.stop();
    }
  });
}

/** So many jobs of a type in a queue. */
export function jobs(count, queue, jobtype = "Work", more = {}) {
  return Array.from({ length: count }, (_, n) => ({ jid: `${queue}-${jobtype}-${n}`, jobtype, queue, args: [n], ...more }));
}

/** Lets a worker take jobs of a queue and fail. */
export async function failAll(server, queue, count, message = "no route to host") {
  const worker = await server.client({ wid: `fails-${queue}` });
  for (let n = 0; n < count; n += 1) await worker.fail((await worker.fetch(queue)).jid, "Net::Unreachable", message);
  worker.close();
}
