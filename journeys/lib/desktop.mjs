// The inside of a session, for waiting and checking only: what a journey does, it does through the browser.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { processes } from "./processes.mjs";
import { until } from "./wait.mjs";

const run = promisify(execFile);
const X_SERVERS = /^(Xvnc|Xtigervnc|Xorg|Xvfb)$/;

/** Processes that belong to a session: all below one whose command line names it, whatever sandbox they are in. */
export function sessionProcesses(session) {
  const all = processes();
  const members = new Set(all.filter(({ command }) => command.join(" ").includes(session)).map(({ pid }) => pid));
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent } of all) {
      if (!members.has(pid) && members.has(parent)) grown = members.add(pid) && true;
    }
  }
  return all.filter(({ pid, state }) => members.has(pid) && state !== "Z");
}

/** A session's desktop as seen by a programme inside its sandbox. */
export class Desktop {
  constructor(session) {
    this.session = session;
  }

  xServer() {
    return sessionProcesses(this.session).find(({ name }) => X_SERVERS.test(name));
  }

  /** Runs a programme beside the desktop's own, in their file system and network, and returns what it prints. */
  async run(command, ...args) {
    const inside = await until(`session ${this.session} has programmes`, () => this.#inside());
    const environment = Object.entries(inside.environment).map(([name, value]) => `${name}=${value}`);
    const { stdout } = await run("nsenter", [
      "--target", String(inside.pid), "--mount", "--net", "env", "-i", ...environment, command, ...args,
    ]);
    return stdout;
  }

  /** The titles of the windows that can be seen. */
  async windows() {
    const ids = (await this.run("xdotool", "search", "--onlyvisible", "--name", ".")).trim().split("\n");
    const titles = await Promise.all(
      ids.map((id) => this.run("xdotool", "getwindowname", id).catch(() => "")),
    );
    return titles.map((title) => title.trim()).filter(Boolean);
  }

  untilWindow(title, limit = 20_000) {
    return until(`a window ${title}`, async () => (await this.windows()).find((found) => title.test(found)), limit, 150);
  }

  untilNoWindow(title, limit = 20_000) {
    return until(`no window ${title}`, async () => !(await this.windows()).some((found) => title.test(found)), limit, 150);
  }

  async screenSize() {
    const [width, height] = (await this.run("xdotool", "getdisplaygeometry")).trim().split(" ").map(Number);
    return { width, height };
  }

  async activeWindowSize() {
    const text = await this.run("xdotool", "getactivewindow", "getwindowgeometry", "--shell");
    const value = (name) => Number(new RegExp(`^${name}=(-?\\d+)`, "m").exec(text)[1]);
    return { width: value("WIDTH"), height: value("HEIGHT") };
  }

  // A programme of the desktop (not the X server, not the sandbox's own), for it has the display's environment.
  #inside() {
    for (const { pid, name } of sessionProcesses(this.session).reverse()) {
      if (X_SERVERS.test(name)) continue;
      try {
        const words = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").filter(Boolean);
        const environment = Object.fromEntries(words.map((word) => word.split(/=(.*)/s).slice(0, 2)));
        if (environment.DISPLAY && environment.HOME) return { pid, environment };
      } catch {
        // It ended.
      }
    }
    return null;
  }
}
