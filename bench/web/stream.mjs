// All workloads on one client, repeated; the medians of what was measured.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchBrowser, newPerson } from "../../journeys/lib/browser.mjs";
import { mainThreadSeconds } from "../../journeys/lib/processes.mjs";
import { measure } from "./measure.mjs";
import { installProbe } from "./probe.js";

export const SIZE = { width: 1920, height: 1080 };
export const WORKLOADS = ["typing", "scroll30", "scroll60", "drag", "video", "idle"];

/** Figures by workload: an object of medians. */
export async function measureClient(client, { program, repeats, workloads = WORKLOADS }) {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const browser = await launchBrowser();
  try {
    const person = await newPerson(browser, { viewport: SIZE, deviceScaleFactor: 1 });
    const page = await person.newPage();
    await page.addInitScript(installProbe);
    await client.open(page);
    await page.mouse.click(SIZE.width / 2, SIZE.height / 2);
    const rendererPid = await rendererOf(browser, page);
    const result = {};
    for (const workload of workloads) {
      const runs = [];
      for (let run = 0; run < repeats; run++) {
        runs.push(await measure({ client, page, rendererPid, workload, program, folder }));
        console.log(`  ${client.name}: ${workload} ${run + 1}/${repeats} ${brief(runs.at(-1))}`);
      }
      result[workload] = medians(runs);
    }
    return result;
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The renderer whose first thread works when the page does. */
async function rendererOf(browser, page) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  const before = renderers.map(mainThreadSeconds);
  await page.evaluate(() => {
    const end = performance.now() + 200;
    while (performance.now() < end);
  });
  const spent = renderers.map((pid, at) => mainThreadSeconds(pid) - before[at]);
  return renderers[spent.indexOf(Math.max(...spent))];
}

function medians(runs) {
  const middle = (values) => {
    const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
    return sorted.length ? sorted[Math.floor((sorted.length - 1) / 2)] : null;
  };
  const merged = {};
  for (const [name, value] of Object.entries(runs[0])) {
    merged[name] =
      typeof value === "object"
        ? Object.fromEntries(Object.keys(value).map((key) => [key, middle(runs.map((run) => run[name][key]))]))
        : middle(runs.map((run) => run[name]));
  }
  return merged;
}

function brief(run) {
  const round = (value) => (value === null ? "-" : value.toFixed(1));
  return (
    `${round(run.framesPerSecond)}/${round(run.framesProducedPerSecond)} fps, ` +
    `produced→paint ${round(run.producedToPaint.p50)}/${round(run.producedToPaint.p95)} ms, ` +
    `input→paint ${round(run.inputToPaint.p50)}/${round(run.inputToPaint.p95)} ms (${run.changesPainted}/${run.keysSent}), ` +
    `${run.megabitsPerSecond.toFixed(4)} Mbit/s, host ${round(run.hostCpuPercent)} %, ` +
    `main thread ${round(run.mainThreadPercent)} %, ${round(run.memoryMiB)} MiB`
  );
}
