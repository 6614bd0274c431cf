// Runs one workload on one client and tells what reached the eye, and what it cost.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cpuSeconds, mainThreadSeconds, memoryMiB } from "../../journeys/lib/processes.mjs";
import { until } from "../../journeys/lib/wait.mjs";
import { installProbe } from "./probe.js";
import { browserBytes } from "./traffic.mjs";

/** Before the figures are taken: fonts, caches, codecs and congestion windows have settled. */
const WARM_UP_MS = 3_000;
/** How long figures are taken. */
export const MEASURE_MS = 10_000;
const KEY_PAUSE_MS = { typing: 90, idle: 0 };
const OTHER_KEY_PAUSE_MS = 230;

/** One run. `client` has `socket`, `authority`, `streamPort`, `hostProcesses()`; `page` shows it already. */
export async function measure({ client, page, rendererPid, workload, program, folder }) {
  const log = join(folder, `${workload}.log`);
  const seconds = Math.ceil((WARM_UP_MS + MEASURE_MS) / 1000) + 3;
  const child = spawn(
    program,
    [workload, "--socket", client.socket, "--log", log, "--seconds", String(seconds)].concat(
      client.authority ? ["--authority", client.authority] : [],
    ),
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    const eye = await eyeOf(page);
    await until(`${workload} is on the screen`, () => eye.evaluate(() => globalThis.nagayaProbe.read()), 20_000);
    await pause(WARM_UP_MS);
    const figures = await observe({ client, page, eye, rendererPid, workload });
    const code = await ended;
    if (code !== 0) throw new Error(`the workload ${workload} ended with ${code}`);
    return summarise(figures, readLog(log));
  } finally {
    child.kill("SIGKILL");
  }
}

/** Where the client paints: a Worker, or the page. */
async function eyeOf(page) {
  const [eye = page] = page.workers();
  await eye.evaluate(`globalThis.nagayaProbe ?? (${installProbe})()`);
  return eye;
}

async function observe({ client, page, eye, rendererPid, workload }) {
  const host = client.hostProcesses();
  for (const one of new Set([page, eye])) await one.evaluate((reads) => globalThis.nagayaProbe.start(reads), one === eye);
  const before = { at: performance.now(), wall: Date.now(), ...counters(client, host, rendererPid) };
  await typeFor(page, MEASURE_MS, KEY_PAUSE_MS[workload] ?? OTHER_KEY_PAUSE_MS);
  const after = { at: performance.now(), wall: Date.now(), ...counters(client, host, rendererPid) };
  // What was produced last may still be on its way.
  await pause(500);
  const seen = await eye.evaluate(() => globalThis.nagayaProbe.stop());
  seen.keysSent = (await page.evaluate(() => globalThis.nagayaProbe.stop())).keysSent;
  const memory = { all: memoryMiB(host), besideX: memoryMiB(host.filter((pid) => pid !== client.xServer)) };
  return { before, after, seen, memory };
}

function counters(client, host, rendererPid) {
  return {
    bytes: browserBytes(client.streamPort),
    host: cpuSeconds(host),
    renderer: mainThreadSeconds(rendererPid),
  };
}

async function typeFor(page, length, keyPause) {
  const end = performance.now() + length;
  if (keyPause === 0) return pause(length);
  while (performance.now() < end) {
    await page.keyboard.press("a");
    // Uneven, so that keys do not fall into step with frames.
    await pause(keyPause + Math.random() * 40);
  }
}

function readLog(path) {
  const drawn = { frame: new Map(), key: new Map() };
  for (const line of readFileSync(path, "utf8").trim().split("\n")) {
    const [kind, number, micros] = line.split(" ");
    drawn[kind].set(Number(number), Number(micros) / 1000);
  }
  return drawn;
}

function summarise({ before, after, seen, memory }, drawn) {
  const seconds = (after.at - before.at) / 1000;
  const within = seen.frames.filter(([, at]) => at >= before.wall && at <= after.wall);
  const produced = within.filter(([frame]) => drawn.frame.has(frame)).map(([frame, at]) => at - drawn.frame.get(frame));
  const producedCount = [...drawn.frame.values()].filter((at) => at >= before.wall && at <= after.wall).length;
  return {
    framesPerSecond: new Set(within.map(([frame]) => frame)).size / seconds,
    framesProducedPerSecond: producedCount / seconds,
    producedToPaint: quantiles(produced),
    inputToPaint: quantiles(inputLatencies(seen)),
    keysSent: seen.keysSent.length,
    changesPainted: Math.max(0, new Set(seen.keys.map(([count]) => count)).size - 1),
    megabitsPerSecond: ((after.bytes - before.bytes) * 8) / 1e6 / seconds,
    hostCpuPercent: ((after.host - before.host) / seconds) * 100,
    mainThreadPercent: ((after.renderer - before.renderer) / seconds) * 100,
    memoryMiB: memory.all,
    besideXMiB: memory.besideX,
  };
}

/** The first reading holds the count at the start; key n is painted when the count is at least n higher. */
function inputLatencies({ keys, keysSent }) {
  if (keys.length === 0) return [];
  const base = keys[0][0];
  const painted = keys.map(([count, at]) => [(count - base + 256) % 256, at]);
  return keysSent.flatMap((sent, index) => {
    const first = painted.find(([count, at]) => at >= sent && count >= index + 1);
    return first ? [first[1] - sent] : [];
  });
}

/** Median and 95th percentile, null when there is nothing. */
export function quantiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => (sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] : null);
  return { p50: at(0.5), p95: at(0.95), count: sorted.length };
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
