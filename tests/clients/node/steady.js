// A worker that goes on until it is told to stop, and says which job it begins and what it is told.
import faktory from "faktory-worker";

const { WID: wid, QUEUE: queue = "default" } = process.env;

faktory.register("Work", (n) => {
  console.log(`runs ${n}`);
});
const worker = await faktory.work({ wid, queues: [queue], concurrency: 1, beatInterval: 1 });
const quiet = worker.quiet.bind(worker);
worker.quiet = () => {
  quiet();
  console.log("is quiet");
};
console.log("works");
