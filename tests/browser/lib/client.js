// A connection to the command port that sends what it is told to, so that it can also say what client libraries would not.
import { once } from "node:events";
import { connect } from "node:net";

export class Client {
  #socket;
  #buffer = Buffer.alloc(0);
  #waiting = [];

  static async open(port, hello) {
    const client = new Client();
    client.#socket = connect(port, "127.0.0.1");
    await once(client.#socket, "connect");
    client.#socket.on("data", (data) => client.#take(data));
    client.#socket.on("close", () => client.#fail(new Error("the server closed the connection")));
    client.#socket.on("error", (error) => client.#fail(error));
    await client.#reply();
    await client.send(`HELLO ${JSON.stringify({ v: 2, hostname: "host", pid: 1, labels: [], ...hello })}`);
    return client;
  }

  /** Sends a command and gives its reply: text, null, or an error thrown. */
  async send(line) {
    this.#socket.write(`${line}\r\n`);
    return this.#reply();
  }

  async push(job) {
    const reply = await this.send(`PUSH ${JSON.stringify(job)}`);
    if (reply !== "OK") throw new Error(reply);
  }

  async pushAll(jobs) {
    for (let at = 0; at < jobs.length; at += 500) {
      const refused = await this.send(`PUSHB ${JSON.stringify(jobs.slice(at, at + 500))}`);
      if (refused !== "{}") throw new Error(refused);
    }
  }

  async fetch(...queues) {
    const job = await this.send(`FETCH ${queues.join(" ")}`);
    return job === null ? null : JSON.parse(job);
  }

  ack(jid) {
    return this.send(`ACK ${JSON.stringify({ jid })}`);
  }

  fail(jid, errtype, message, backtrace = []) {
    return this.send(`FAIL ${JSON.stringify({ jid, errtype, message, backtrace })}`);
  }

  beat(wid) {
    return this.send(`BEAT ${JSON.stringify({ wid, rss_kb: 51200 })}`);
  }

  close() {
    this.#socket.destroy();
  }

  #reply() {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#answer();
    });
  }

  #take(data) {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    this.#answer();
  }

  #answer() {
    while (this.#waiting.length) {
      const end = this.#buffer.indexOf("\r\n");
      if (end < 0) return;
      const line = this.#buffer.toString("utf8", 1, end);
      const kind = String.fromCharCode(this.#buffer[0]);
      let used = end + 2;
      let value = line;
      if (kind === "$") {
        const length = Number(line);
        if (length >= 0 && this.#buffer.length < used + length + 2) return;
        value = length < 0 ? null : this.#buffer.toString("utf8", used, used + length);
        used += length < 0 ? 0 : length + 2;
      }
      this.#buffer = this.#buffer.subarray(used);
      const { resolve, reject } = this.#waiting.shift();
      if (kind === "-") reject(new Error(value));
      else resolve(value);
    }
  }

  #fail(error) {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
