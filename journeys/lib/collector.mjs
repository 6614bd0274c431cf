// A real OpenTelemetry collector (PyPI `rotel`) on this machine. It has no TLS of its own: a relay before it has.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { papers } from "./papers.mjs";
import { freePorts } from "./ports.mjs";
import { end } from "./processes.mjs";
import { pythonOf } from "./python.mjs";
import { until } from "./wait.mjs";

/** A collector that prints each record that it took; `stop` and `start` as often as wanted, on the same port. */
export class Collector {
  static async create(folder) {
    mkdirSync(folder);
    const [port, inner, other] = await freePorts(3);
    const { authority, cert, key } = papers();
    const relay = createServer({ cert, key }, (outside) => {
      const inside = connect(inner, "127.0.0.1");
      outside.pipe(inside).pipe(outside);
      for (const socket of [outside, inside]) socket.on("error", () => (outside.destroy(), inside.destroy()));
    });
    await new Promise((listening) => relay.listen(port, "127.0.0.1", listening));
    return Object.assign(new Collector(), { folder, port, inner, other, authority, relay, output: "" });
  }

  /** Starts it and waits until it answers. */
  async start() {
    const python = pythonOf("siem");
    const where = ["-c", "import rotel, pathlib; print(pathlib.Path(rotel.__file__).parent / 'rotel-agent')"];
    const asked = spawn(python, where, { stdio: ["ignore", "pipe", "inherit"] });
    let agent = "";
    for await (const text of asked.stdout) agent += text;
    const at = (port) => `127.0.0.1:${port}`;
    const words = ["start", "--otlp-http-endpoint", at(this.inner), "--otlp-grpc-endpoint", at(this.other), "--exporter", "blackhole", "--debug-log", "logs", "--debug-log-verbosity", "detailed", "--pid-file", join(this.folder, "pid")];
    this.process = spawn(agent.trim(), words, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
    await until("the collector answers", () => answers(this.inner), 20_000);
  }

  async stop() {
    if (this.process) await end(this.process.pid, "SIGTERM", 20_000);
    this.process = undefined;
  }

  async dispose() {
    await this.stop();
    this.relay.close();
  }

  /** What it took, in its order: the event's name and the attributes of each record. */
  records() {
    return this.output.split(/^LogRecord #\d+$/m).slice(1).map((text) => ({
      event: /^EventName: (.*)$/m.exec(text)?.[1],
      severity: /^SeverityText: (.*)$/m.exec(text)?.[1],
      attributes: Object.fromEntries([...text.matchAll(/^ +-> ([\w.]+): Str\((.*)\)$/gm)].map(([, name, value]) => [name, value])),
    }));
  }

  /** The first record of an event, once it is there. */
  async took(event, limit = 60_000) {
    return until(`the collector took ${event}`, () => this.records().find((record) => record.event === event), limit);
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
    socket.on("error", () => resolve(false));
  });
}
