// The real server, with directories of its own, which are removed with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "./client.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
export const BINARY = process.env.WORKMILL_BINARY ?? join(ROOT, "target/debug/workmill");

/** The servers that a test which failed has left behind end with the tests. */
const running = new Set();
process.once("exit", () => running.forEach((one) => one.kill("SIGKILL")));

export class Server {
  /** Starts one and waits until it listens. `config` is TOML; `dir` has what an earlier one left. */
  static async start(config = "", { environment = "development", env = {}, dir } = {}) {
    const server = new Server();
    server.dir = dir ?? mkdtempSync(join(tmpdir(), "workmill-browser-"));
    const conf = join(server.dir, "conf/conf.d");
    mkdirSync(conf, { recursive: true });
    writeFileSync(join(conf, "50-test.toml"), config);
    const args = ["-b", "127.0.0.1:0", "-w", "127.0.0.1:0", "-e", environment];
    args.push("-d", join(server.dir, "db"), "-c", join(server.dir, "conf"));
    const inherited = Object.entries(process.env).filter(([name]) => !/^(FAKTORY|DD)_/.test(name));
    server.process = spawn(BINARY, args, {
      env: { ...Object.fromEntries(inherited), HOME: server.dir, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(server.process);
    await server.#listens();
    return server;
  }

  async #listens() {
    this.log = [];
    await new Promise((resolve, reject) => {
      for (const stream of [this.process.stdout, this.process.stderr]) {
        createInterface({ input: stream }).on("line", (line) => {
          this.log.push(line);
          this.web ??= /web pages at (http:\/\/[^/]+)\//.exec(line)?.[1];
          this.port ??= /listening on tcp:\/\/[^:]+:(\d+)/.exec(line)?.[1];
          if (this.web && this.port) resolve();
        });
      }
      this.process.once("exit", () => reject(new Error(`the server ended:\n${this.log.join("\n")}`)));
    });
  }

  /** A connection to the command port. With a worker's id it is one of a worker. */
  async client(hello = {}) {
    return Client.open(Number(this.port), hello);
  }

  /** Asks the API and gives what it answers. */
  async api(method, path, body, headers = {}) {
    const answer = await fetch(`${this.web}/api/v1${path}`, {
      method,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  }

  /** Ends it. What it kept is removed, unless another one is to go on with it. */
  async stop({ keep = false } = {}) {
    if (this.process.exitCode === null) {
      this.process.kill("SIGTERM");
      await once(this.process, "exit");
    }
    running.delete(this.process);
    if (!keep) rmSync(this.dir, { recursive: true, force: true });
  }
}
