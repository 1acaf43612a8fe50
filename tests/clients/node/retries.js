// A job fails, waits among the retries, is sent back to its queue and succeeds.
import assert from "node:assert/strict";
import { once } from "node:events";
import faktory from "faktory-worker";

const client = await faktory.connect();
const attempts = [];
faktory.register("Flaky", (name) => async ({ job }) => {
  attempts.push(job);
  if (attempts.length === 1) {
    const error = new Error(`no luck with ${name}`);
    error.code = "EUNLUCKY";
    throw error;
  }
});
const worker = await faktory.work();
await client.job("Flaky", "this").push();
await once(worker, "fail");

const failed = await client.info();
assert.equal(failed.faktory.tasks.Retries.size, 1);
assert.equal(failed.faktory.total_failures, 1);
assert.equal(failed.faktory.total_processed, 1);

await client.retries.ofType("Flaky").requeue();
while ((await client.info()).faktory.total_processed < 2);
const succeeded = await client.info();
assert.equal(succeeded.faktory.total_failures, 1);
assert.equal(succeeded.faktory.tasks.Retries.size, 0);

assert.equal(attempts[0].failure, undefined);
const { failure } = attempts[1];
assert.equal(failure.retry_count, 0);
assert.equal(failure.remaining, 25);
assert.equal(failure.errtype, "EUNLUCKY");
assert.equal(failure.message, "no luck with this");
assert.match(failure.backtrace[0], /no luck with this/);
assert.ok(Date.parse(failure.failed_at) < Date.parse(failure.next_at));

await faktory.stop();
await client.close();
