// The real executable: `nagaya demo` in folders and on ports of its own.
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "./ports.mjs";
import { end, isAlive, processes } from "./processes.mjs";
import { until } from "./wait.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const EXECUTABLE = process.env.NAGAYA ?? join(ROOT, "target/debug/nagaya");
const READY_LIMIT = 90_000;

/** A demo with state of its own, which `start` can bring up again after a stop or a kill. */
export class Demo {
  static async create() {
    const folder = mkdtempSync(join(tmpdir(), "nagaya-journey-"));
    // Sessions pass through it to their homes, under user ids of their own.
    chmodSync(folder, 0o711);
    const [portBase] = await freePorts(4);
    return new Demo(folder, portBase);
  }

  constructor(folder, portBase) {
    this.folder = folder;
    this.portBase = portBase;
    this.stateDir = join(folder, "state");
    // UNIX socket paths are short.
    this.runDir = join(folder, "run");
    this.reportFile = join(folder, "report.json");
    this.output = "";
  }

  /** Starts the executable and waits for its report. */
  async start() {
    rmSync(this.reportFile, { force: true });
    const mail = this.mailConfig ? ["--mail-config", this.mailConfig] : [];
    this.process = spawn(
      EXECUTABLE,
      ["demo", "--state-dir", this.stateDir, "--run-dir", this.runDir, "--port-base", String(this.portBase), "--report", this.reportFile, ...mail],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
    await until(
      "the demo is ready",
      () => {
        if (!isAlive(this.process.pid)) throw new Error(`the demo ended:\n${this.output}`);
        return existsSync(this.reportFile) && this.report();
      },
      READY_LIMIT,
    );
    return this;
  }

  /** What the demo says about itself now. */
  report() {
    return JSON.parse(readFileSync(this.reportFile, "utf8"));
  }

  /** The process id of `serve`, `gateway` or `agent`. */
  pid(part) {
    return this.report().pids[part];
  }

  get gatewayPort() {
    return this.portBase + 1;
  }

  /** Kills a part the hard way and waits until the demo runs it again. */
  async killPart(part) {
    const before = this.pid(part);
    process.kill(before, "SIGKILL");
    await until(`${part} runs again`, () => this.pid(part) !== before && isAlive(this.pid(part)), 20_000);
  }

  /** As Ctrl-C does. */
  async stop() {
    if (this.process) await end(this.process.pid, "SIGINT", 60_000);
  }

  /** As a power cut does for this process. */
  async kill() {
    await end(this.process.pid, "SIGKILL");
  }

  /** Stops and removes everything; keeps the folder when asked to, for its logs. */
  async dispose({ keep = false } = {}) {
    await this.stop();
    if (keep) console.log(`# kept: ${this.folder}\n${this.output}`);
    else rmSync(this.folder, { recursive: true, force: true });
  }

  /** The last lines of every part's log, for a failed test. */
  logs(lines = 30) {
    const folder = join(this.stateDir, "logs");
    if (!existsSync(folder)) return this.output;
    return readdirSync(folder)
      .map((name) => `== ${name}\n${readFileSync(join(folder, name), "utf8").split("\n").slice(-lines).join("\n")}`)
      .join("\n");
  }

  /** Finds a file of this name in the homes that the demo keeps. */
  findFile(name) {
    return walk(this.stateDir, (path) => path.endsWith(`/${name}`));
  }

  /** What is left of the demo on this machine: processes, mounts, network namespaces, cgroups. */
  leftovers() {
    const names = [this.stateDir, this.runDir];
    const mentions = (text) => names.some((name) => text.includes(name));
    const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter(mentions);
    const running = processes()
      .filter(({ pid, command }) => pid !== process.pid && command.some(mentions))
      .map(({ pid, command }) => `${pid} ${command.join(" ")}`);
    const sockets = readFileSync("/proc/net/unix", "utf8").split("\n").filter(mentions);
    const groups = readdirSync("/sys/fs/cgroup")
      .flatMap((name) => [name, `${name}/nagaya-demo-${this.portBase}`])
      .filter((name) => name.endsWith(`nagaya-demo-${this.portBase}`) && existsSync(join("/sys/fs/cgroup", name)));
    return { running, mounts, sockets, groups, uids: this.sessionProcesses().map(({ pid, name }) => `${pid} ${name}`) };
  }

  /** Processes below this demo's children, wherever the sandbox has put them, by their uid's home being ours. */
  sessionProcesses() {
    const roots = new Set(
      processes()
        .filter(({ command }) => command.some((word) => word.startsWith(this.runDir) || word.startsWith(this.stateDir)))
        .map(({ pid }) => pid),
    );
    const all = processes();
    let grown = true;
    while (grown) {
      grown = false;
      for (const { pid, parent } of all) {
        if (!roots.has(pid) && roots.has(parent)) {
          roots.add(pid);
          grown = true;
        }
      }
    }
    roots.delete(process.pid);
    return all.filter(({ pid, state }) => roots.has(pid) && state !== "Z");
  }
}

function walk(folder, wanted) {
  let entries;
  try {
    entries = readdirSync(folder);
  } catch {
    return undefined;
  }
  for (const entry of entries) {
    const path = join(folder, entry);
    if (wanted(path)) return path;
    let isFolder;
    try {
      isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
    } catch {
      isFolder = false;
    }
    const found = isFolder && walk(path, wanted);
    if (found) return found;
  }
  return undefined;
}
