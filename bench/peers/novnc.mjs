// The peer: a desktop on TigerVNC's Xvnc, websockify and noVNC from Debian, as its documentation sets them up.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../journeys/lib/ports.mjs";
import { end, family } from "../../journeys/lib/processes.mjs";
import { until } from "../../journeys/lib/wait.mjs";

const WEB_ROOT = "/usr/share/novnc";

/** Starts the peer with a desktop of this size. */
export async function startNovnc({ width, height }) {
  const home = mkdtempSync(join(tmpdir(), "bench-novnc-"));
  const [rfbPort, webPort] = await freePorts(2);
  const number = freeDisplay();
  const socket = `/tmp/.X11-unix/X${number}`;
  const started = [];
  const run = (command, ...args) => {
    const child = spawn(command, args, {
      stdio: "ignore",
      env: { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home, DISPLAY: `:${number}`, LANG: "C.UTF-8" },
    });
    started.push(child);
    return child;
  };
  const server = run(
    "Xvnc", `:${number}`, "-geometry", `${width}x${height}`, "-depth", "24",
    "-SecurityTypes", "None", "-localhost", "-rfbport", String(rfbPort), "-nolisten", "tcp",
  );
  await until("Xvnc listens", () => existsSync(socket));
  // A process namespace, so that ending its first process ends the whole desktop.
  run("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "dbus-run-session", "--", "xfce4-session");
  const proxy = run("websockify", "--web", WEB_ROOT, `127.0.0.1:${webPort}`, `127.0.0.1:${rfbPort}`);
  const origin = `http://127.0.0.1:${webPort}`;
  await until("websockify answers", async () => (await fetch(`${origin}/vnc.html`)).ok);
  return {
    name: "TigerVNC + websockify + noVNC",
    socket,
    streamPort: webPort,
    hostProcesses: () => [server.pid, ...family(proxy.pid)],
    async open(page) {
      await page.goto(`${origin}/vnc.html?autoconnect=true&resize=off`);
      await page.waitForFunction((w) => document.querySelector("canvas")?.width === w, width);
    },
    async stop() {
      for (const child of started.reverse()) await end(child.pid, "SIGKILL");
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function freeDisplay() {
  let number = 60;
  while (existsSync(`/tmp/.X11-unix/X${number}`) || existsSync(`/tmp/.X${number}-lock`)) number += 1;
  return number;
}
