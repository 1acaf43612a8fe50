// A real worker: the client library for Node, in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../clients/node/steady.js", import.meta.url));

/** The workers that a test which failed has left behind end with the tests. */
const running = new Set();
process.once("exit", () => running.forEach((one) => one.kill("SIGKILL")));

export class Worker {
  /** Starts one and waits until it works. */
  static async start(server, wid, queue) {
    const worker = new Worker();
    const env = { ...process.env, FAKTORY_URL: `tcp://127.0.0.1:${server.port}`, WID: wid, QUEUE: queue };
    worker.process = spawn(process.execPath, [PROGRAM], { env, stdio: ["ignore", "pipe", "inherit"] });
    running.add(worker.process);
    worker.said = [];
    worker.waiting = new Set();
    createInterface({ input: worker.process.stdout }).on("line", (line) => {
      worker.said.push(line);
      for (const look of worker.waiting) look();
    });
    await worker.says("works");
    return worker;
  }

  /** Waits until it has said this. */
  async says(line) {
    if (this.said.includes(line)) return;
    await new Promise((resolve) => {
      const look = () => {
        if (!this.said.includes(line)) return;
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
    });
  }

  async stop() {
    running.delete(this.process);
    if (this.process.exitCode !== null) return;
    this.process.kill("SIGTERM");
    await once(this.process, "exit");
  }
}
