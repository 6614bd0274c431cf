// A real mail server on the loopback address, with certificates of an authority of this run.
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "./ports.mjs";
import { end } from "./processes.mjs";
import { pythonOf } from "./python.mjs";
import { until } from "./wait.mjs";

const SERVER = join(dirname(fileURLToPath(import.meta.url)), "../mail/server.py");

/** A mail server that can be stopped and started again, and what it took so far. */
export class Mailbox {
  static async create(folder) {
    const [port] = await freePorts(1);
    mkdirSync(folder, { recursive: true });
    return new Mailbox(folder, port);
  }

  constructor(folder, port) {
    this.folder = folder;
    this.port = port;
    this.user = "nagaya";
    this.password = randomBytes(18).toString("base64url");
    this.messages = [];
    this.errors = "";
    this.authority("good");
    this.authority("other");
    this.passwordFile = join(folder, "password");
    writeFileSync(this.passwordFile, `${this.password}\n`);
    chmodSync(this.passwordFile, 0o600);
  }

  /** The section [mail] of a configuration, as a file of its own. */
  config(from = "Nagaya <no-reply@desk.example.jp>") {
    const file = join(this.folder, "mail.toml");
    const lines = [
      `host = "localhost"`,
      `port = ${this.port}`,
      `from = "${from}"`,
      `user = "${this.user}"`,
      `password_file = "${this.passwordFile}"`,
      `authority_file = "${join(this.folder, "good.pem")}"`,
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    return file;
  }

  /** An authority, and a certificate of it for `localhost`. */
  authority(name) {
    const file = (rest) => join(this.folder, `${name}${rest}`);
    const openssl = (...args) => execFileSync("openssl", args, { stdio: "ignore" });
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl("req", "-x509", ...key, "-keyout", file("-authority.key"), "-out", file(".pem"), "-days", "2", "-subj", `/CN=${name} authority`);
    openssl("req", ...key, "-keyout", file("-server.key"), "-out", file("-server.csr"), "-subj", "/CN=localhost");
    writeFileSync(file(".ext"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n");
    openssl("x509", "-req", "-in", file("-server.csr"), "-CA", file(".pem"), "-CAkey", file("-authority.key"), "-CAcreateserial", "-days", "2", "-extfile", file(".ext"), "-out", file("-server.pem"));
  }

  /** Starts the server with the certificate of an authority, and waits until it answers. */
  async start(authority = "good") {
    const file = (rest) => join(this.folder, `${authority}${rest}`);
    const env = {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: "1",
      SMTP_PORT: String(this.port),
      SMTP_CERTIFICATE: file("-server.pem"),
      SMTP_KEY: file("-server.key"),
      SMTP_USER: this.user,
      SMTP_PASSWORD: this.password,
    };
    this.process = spawn(pythonOf("mail"), [SERVER], { env, stdio: ["ignore", "pipe", "pipe"] });
    let rest = "";
    this.process.stdout.setEncoding("utf8").on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      this.messages.push(...lines.filter(Boolean).map((line) => JSON.parse(line)));
    });
    this.process.stderr.setEncoding("utf8").on("data", (text) => (this.errors += text));
    await until("the mail server answers", () => greets(this.port), 20_000);
  }

  async stop() {
    if (this.process) await end(this.process.pid, "SIGTERM", 10_000);
    this.process = undefined;
  }

  /** The newest message to an address, once there are `count` of them. */
  async arrived(address, count = 1, limit = 60_000) {
    const to = () => this.messages.filter((message) => message.to.includes(address));
    await until(`${count} messages to ${address}`, () => to().length >= count, limit);
    return to().at(-1);
  }
}

/** The one-time link in a message. */
export function linkIn(message) {
  return /https:\/\/\S+\/welcome\/[\w-]+/.exec(message.plain)?.[0];
}

function greets(port) {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("data", (text) => resolve(text.toString().startsWith("220")) || socket.destroy());
    socket.once("error", () => resolve(false));
    socket.setTimeout(5000, () => resolve(false) || socket.destroy());
  });
}
