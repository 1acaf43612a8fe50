// Finds jobs in the sets and moves, kills and drops them.
import assert from "node:assert/strict";
import faktory from "faktory-worker";

const client = await faktory.connect();
const tomorrow = new Date(Date.now() + 86_400_000).toISOString();

async function schedule(jobtype, ...args) {
  const job = client.job(jobtype, ...args);
  job.at = tomorrow;
  return job.push();
}

async function sizes() {
  const { queues, tasks } = (await client.info()).faktory;
  return [queues.default ?? 0, tasks.Scheduled.size, tasks.Retries.size, tasks.Dead.size];
}

const first = await schedule("Mail", "to:1");
await schedule("Mail", "to:2");
await schedule("Mail", `not ${first}`);
await schedule("Invoice", 7);
assert.deepEqual(await sizes(), [0, 4, 0, 0]);

await client.scheduled.withJids(first).requeue();
assert.deepEqual(await sizes(), [1, 3, 0, 0]);
assert.equal((await client.fetch("default")).jid, first);
await client.ack(first);

await client.scheduled.matching('*"to:2"*').kill();
assert.deepEqual(await sizes(), [0, 2, 0, 1]);

await client.scheduled.ofType("Invoice").discard();
assert.deepEqual(await sizes(), [0, 1, 0, 1]);

await client.dead.requeue();
assert.deepEqual(await sizes(), [1, 1, 0, 0]);
assert.deepEqual((await client.fetch("default")).args, ["to:2"]);

await client.scheduled.clear();
assert.deepEqual(await sizes(), [0, 0, 0, 0]);

await client.flush();
assert.equal((await client.info()).faktory.total_enqueued, 0);
await client.close();
