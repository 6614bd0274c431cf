// `make bench`: all measurements of one run on one machine. Environment: BENCH_REPEATS (3), BENCH_GROUPS
// (stream,launch,gateway,activity), BENCH_WORKLOADS (all). A group whose measurement fails is reported and leaves its file.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchTrustingBrowser } from "../../journeys/lib/browser.mjs";
import { Demo } from "../../journeys/lib/demo.mjs";
import { onePerCustomer } from "../../journeys/lib/portal.mjs";
import { startNagaya } from "../peers/nagaya.mjs";
import { startNovnc } from "../peers/novnc.mjs";
import { activityFigures } from "./activity.mjs";
import { Figures, streamFigures } from "./figures.mjs";
import { gatewayFigures } from "./gateway.mjs";
import { measureLaunch } from "./launch.mjs";
import { measureClient, SIZE, WORKLOADS } from "./stream.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const RESULTS = join(ROOT, "bench/results");
const PROGRAM = join(ROOT, "target/debug/bench");
const repeats = Number(process.env.BENCH_REPEATS ?? 3);
const groups = (process.env.BENCH_GROUPS ?? "stream,launch,gateway,activity").split(",");
const workloads = process.env.BENCH_WORKLOADS?.split(",") ?? WORKLOADS;

async function stream() {
  const measured = [];
  let peerName;
  // While one is worked on, measuring the other again would only cost time.
  const only = process.env.BENCH_ONLY_NAGAYA ? [startNagaya] : [startNovnc, startNagaya];
  for (const start of only) {
    const client = await start(SIZE);
    try {
      measured.unshift(await measureClient(client, { program: PROGRAM, repeats, workloads }));
      peerName ??= client.name;
    } finally {
      await client.stop();
    }
  }
  if (measured.length < 2) return;
  const figures = new Figures(peerName);
  streamFigures(figures, ...measured);
  figures.save(RESULTS, "stream");
}

async function launch() {
  const demo = await (await Demo.create()).start();
  const browser = await launchTrustingBrowser(demo.report().authority_pem_path);
  try {
    const all = { cold: [], reconnect: [], warm: [] };
    for (const account of onePerCustomer(demo.report())) {
      const times = await measureLaunch({ browser, account, repeats, size: SIZE });
      for (const kind of Object.keys(all)) all[kind].push(...times[kind]);
    }
    console.log("  click to first frame, ms:", JSON.stringify(all));
    const figures = new Figures();
    const middle = (values) => values.sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
    figures.add("click to first frame: reconnect", middle(all.reconnect), "ms", { aim: ["<=", 300] });
    figures.add("click to first frame: warm", middle(all.warm), "ms");
    figures.add("click to first frame: cold", middle(all.cold), "ms", { aim: ["<=", 3000] });
    figures.save(RESULTS, "launch");
  } finally {
    await browser.close();
    await demo.dispose();
  }
}

function gateway() {
  const figures = new Figures();
  gatewayFigures(figures, ROOT);
  figures.save(RESULTS, "gateway");
}

function activity() {
  const figures = new Figures();
  activityFigures(figures, ROOT);
  figures.save(RESULTS, "activity");
}

const steps = { stream, launch, gateway, activity };
const failed = [];
for (const group of groups) {
  console.log(`== ${group}`);
  try {
    await steps[group]();
  } catch (error) {
    console.error(error);
    failed.push(group);
  }
}
if (failed.length) {
  console.error(`not measured: ${failed.join(", ")}`);
  process.exitCode = 1;
}
