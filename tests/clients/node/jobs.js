// Pushes jobs one by one and in bulk; a worker runs them all and acknowledges them.
import assert from "node:assert/strict";
import { once } from "node:events";
import faktory from "faktory-worker";
import { connectOptions } from "./connect_options.js";

const ran = [];
const client = await faktory.connect(connectOptions());
faktory.use(async (context, next) => {
  await next();
  ran.push(context.job);
});
faktory.register("Add", (...numbers) => numbers.reduce((sum, number) => sum + number, 0));

const jid = await client.job("Add", 1, 2, { deep: [null, true, "ü"] }).push();
const refused = await client.pushBulk([
  client.job("Add", 3),
  client.job("Add", 4),
  { ...client.job("Add", 5).toJSON(), jid: "short" },
]);
assert.deepEqual(Object.keys(refused), ["short"]);
assert.equal(refused.short.reason, "jobs must have a reasonable jid parameter");

const before = await client.info();
assert.equal(before.faktory.queues.default, 3);
assert.equal(before.faktory.total_enqueued, 3);
assert.match(before.server.description, /^Faktory/);

const worker = await faktory.work({ ...connectOptions(), concurrency: 2, labels: ["node"] });
const failed = once(worker, "fail").then(([{ error }]) => {
  throw error;
});
const done = (async () => {
  for (;;) {
    const info = await client.info();
    if (info.faktory.total_processed === 3) return info;
  }
})();
const after = await Promise.race([done, failed]);
assert.equal(after.faktory.total_failures, 0);
assert.equal(after.faktory.queues.default, 0);
assert.equal(after.faktory.tasks.Workers.size, 1);

const first = ran.find((job) => job.jid === jid);
assert.deepEqual(first.args, [1, 2, { deep: [null, true, "ü"] }]);
assert.equal(first.queue, "default");
assert.equal(first.retry, 25);
assert.ok(Date.parse(first.created_at) <= Date.parse(first.enqueued_at));
assert.deepEqual(ran.map((job) => job.args[0]).sort(), [1, 3, 4]);

await faktory.stop();
await client.close();
