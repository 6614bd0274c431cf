// Processes as the kernel shows them: which run, what they cost, and their end.
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { until } from "./wait.mjs";

const TICKS_PER_SECOND = 100;

/** Every process that can be read: id, parent, name, command line. */
export function processes() {
  const found = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = statFields(`/proc/${name}/stat`);
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").filter(Boolean);
      found.push({ pid: Number(name), parent: Number(stat.rest[1]), name: stat.name, state: stat.rest[0], command });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** The process and all below it. */
export function family(root, all = processes()) {
  const members = [root];
  for (const member of members) {
    members.push(...all.filter(({ parent }) => parent === member).map(({ pid }) => pid));
  }
  return members;
}

/** Seconds of processor time that the processes took so far; ended ones count as nothing. */
export function cpuSeconds(pids) {
  return sum(pids, (pid) => ticks(`/proc/${pid}/stat`) / TICKS_PER_SECOND);
}

/** The same for a process's first thread. */
export function mainThreadSeconds(pid) {
  return ticks(`/proc/${pid}/task/${pid}/stat`) / TICKS_PER_SECOND;
}

/** Proportional set size in MiB. */
export function memoryMiB(pids) {
  return sum(pids, (pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return Number(/^Pss:\s+(\d+)/m.exec(rollup)[1]) / 1024;
  });
}

/** Whether the process runs (a zombie does not). */
export function isAlive(pid) {
  try {
    return statFields(`/proc/${pid}/stat`).rest[0] !== "Z";
  } catch {
    return false;
  }
}

/** The programme that a process runs, or "" when it cannot be read. */
export function programme(pid) {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}

/** Sends a signal and waits for the end. */
export async function end(pid, signal = "SIGTERM", limit = 30_000) {
  if (!isAlive(pid)) return;
  process.kill(pid, signal);
  await until(`process ${pid} ends`, () => !isAlive(pid), limit);
}

function ticks(path) {
  const { rest } = statFields(path);
  return Number(rest[11]) + Number(rest[12]);
}

// The name stands in brackets and may hold spaces; what follows it is regular.
function statFields(path) {
  const text = readFileSync(path, "utf8");
  const close = text.lastIndexOf(")");
  return { name: text.slice(text.indexOf("(") + 1, close), rest: text.slice(close + 2).trim().split(" ") };
}

function sum(pids, value) {
  let total = 0;
  for (const pid of pids) {
    try {
      total += value(pid);
    } catch {
      // It ended.
    }
  }
  return total;
}
