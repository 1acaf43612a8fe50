// Unique, expiring and tracked jobs, batches and REQUEUE, as far as the library lets them through.
import assert from "node:assert/strict";
import faktory from "faktory-worker";

const client = await faktory.connect();

function make(jobtype, custom, ...args) {
  const job = client.job(jobtype, ...args);
  job.custom = custom;
  return job;
}

async function fetchAndAck() {
  const job = await client.fetch("default");
  await client.ack(job.jid);
  return job;
}

// Unique jobs: a duplicate rejects the promise, in bulk it is named.
const unique = { unique_for: 600 };
await make("Sync", unique, "eu").push();
await assert.rejects(make("Sync", unique, "eu").push(), { message: "NOTUNIQUE Job not unique" });
const again = make("Sync", unique, "eu");
const rejected = await client.pushBulk([again, make("Sync", unique, "us")]);
assert.deepEqual(Object.keys(rejected), [again.jid]);
assert.equal(rejected[again.jid].reason, "NOTUNIQUE Job not unique");
await fetchAndAck();
await make("Sync", unique, "eu").push();
await fetchAndAck();
await fetchAndAck();

// Expiring jobs: the one whose time is over is passed over.
await make("Code", { expires_at: new Date(Date.now() - 1000).toISOString() }, 1).push();
const fresh = await make("Code", { expires_in: 600 }, 2).push();
const code = await client.fetch("default");
assert.equal(code.jid, fresh);
assert.deepEqual(Object.keys(code.custom), ["expires_at"]);
assert.equal((await client.info()).faktory.total_expired, 1);
await client.ack(fresh);

// Tracking, and giving a job back: the library has no calls, but sends any line.
const status = async (jid) => JSON.parse(await client.send(["TRACK", "GET", jid]));
const tracked = await make("Encode", { track: 1 }).push();
await client.fetch("default");
await client.sendWithAssert(["TRACK", "SET", JSON.stringify({ jid: tracked, percent: 7, desc: "ü" })], "OK");
const { state, percent, desc } = await status(tracked);
assert.deepEqual({ state, percent, desc }, { state: "working", percent: 7, desc: "ü" });
await client.sendWithAssert(["REQUEUE", JSON.stringify({ jid: tracked })], "OK");
assert.equal((await status(tracked)).state, "enqueued");
assert.equal((await fetchAndAck()).jid, tracked);
assert.equal((await status(tracked)).state, "success");

// Batches: both callbacks, one after the other, worked off by the library's own worker.
const callback = (jobtype) => ({ jobtype, args: [], queue: "default" });
const batch = { description: "d", complete: callback("Complete"), success: callback("Success") };
const bid = await client.send(["BATCH", "NEW", JSON.stringify(batch)]);
await client.pushBulk([make("Part", { bid }, 1), make("Part", { bid }, 2)]);
await client.sendWithAssert(["BATCH", "COMMIT", bid], "OK");
const ran = [];
const finished = new Promise((resolve) => {
  faktory.register("Part", (number) => ran.push(number));
  faktory.register("Complete", () => async ({ job }) => ran.push(job.custom));
  faktory.register("Success", () => async ({ job }) => {
    ran.push(job.custom);
    resolve();
  });
});
await faktory.work({ concurrency: 1 });
await finished;
await faktory.stop();
assert.deepEqual(ran, [1, 2, { _bid: bid, _cb: "complete" }, { _bid: bid, _cb: "success" }]);
const { total, pending, failed, complete_st, success_st } = JSON.parse(
  await client.send(["BATCH", "STATUS", bid]),
);
assert.deepEqual([total, pending, failed, complete_st, success_st], [2, 0, 0, "2", "2"]);
await client.close();
