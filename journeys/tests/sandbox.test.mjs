// What a session's user can see and do from inside, with a second session beside, against the real executable.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { Desktop, sessionProcesses } from "../lib/desktop.mjs";
import { homeOf, runInside } from "../lib/inside.mjs";
import { untilPicture } from "../lib/picture.mjs";
import { enterByLink, newPassword, onePerCustomer, open } from "../lib/portal.mjs";
import { isAlive } from "../lib/processes.mjs";

let demo, browser;
const people = [];

before(async () => {
  demo = await Demo.create();
  await demo.start();
  browser = await launchBrowser();
  for (const account of onePerCustomer(demo.report())) {
    const page = await (await newPerson(browser)).newPage();
    await enterByLink(page, account, newPassword());
    const session = await open(page, "desktops");
    await untilPicture(page, { limit: 60_000 });
    people.push({ page, session, desktop: new Desktop(session) });
  }
  people[0].home = await homeOf(people[0].page, people[0].desktop, demo);
});

after(async () => {
  await browser?.close();
  await demo?.dispose({ keep: Boolean(process.env.KEEP) });
});

function inside(name, script, limit) {
  const [{ page, desktop, home }] = people;
  return runInside(page, desktop, home, name, script, limit);
}

function sandbox(name, body) {
  test(name, { timeout: 90_000 }, body);
}

sandbox("has no privileges and cannot gain any", async () => {
  const seen = await inside(
    "privileges",
    'id -u; grep -E "^(CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status; ' +
      'touch /usr/x /etc/x /root/x; mount -t tmpfs none /mnt && echo MOUNTED; su -c "echo BECAME" </dev/null; ' +
      "dd if=/dev/mem of=/dev/null count=1 && echo MEMORY; sysctl -w kernel.hostname=x && echo SYSCTL; true",
  );
  assert.notEqual(seen.split("\n")[0], "0");
  for (const set of ["CapEff", "CapPrm", "CapBnd"]) assert.match(seen, new RegExp(`^${set}:\\s+0+$`, "m"));
  assert.match(seen, /^NoNewPrivs:\s+1$/m);
  assert.match(seen, /^Seccomp:\s+2$/m);
  assert.doesNotMatch(seen, /MOUNTED|BECAME|MEMORY|SYSCTL/);
  assert.equal((seen.match(/Read-only file system|Permission denied|No such file/g) ?? []).length >= 3, true, seen);
});

sandbox("sees no other session, no part of the service, none of its state", async () => {
  const { stateDir, runDir, folder } = demo;
  const seen = await inside(
    "sight",
    `for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline; echo; done; cat /proc/net/unix /proc/mounts; ` +
      `for d in ${stateDir} ${runDir} ${folder}; do ls -A "$d/" && echo "LISTED $d"; done; ls /home /tmp /tmp/.X11-unix /run /root`,
  );
  assert.doesNotMatch(seen, /LISTED/);
  assert.ok(!seen.includes(people[1].session), "the other session's id");
  assert.doesNotMatch(seen, /nagaya (serve|gateway|agent|demo)|--config/);
  const otherUids = new Set(sessionProcesses(people[1].session).map(({ pid }) => String(pid)));
  assert.ok(otherUids.size > 0);
});

sandbox("reaches neither the service's ports nor anything else", async () => {
  const ports = [0, 1, 2, 3].map((offset) => demo.portBase + offset).join(" ");
  const seen = await inside(
    "network",
    `for p in ${ports} 22 80; do timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$p" && echo "REACHED $p"; done; ` +
      'timeout 2 bash -c "exec 3<>/dev/tcp/169.254.169.254/80" && echo REACHED metadata; ' +
      "tail -n +3 /proc/net/dev | cut -d: -f1",
  );
  assert.doesNotMatch(seen, /REACHED/);
  const interfaces = seen.split("\n").map((line) => line.trim()).filter((line) => /^[a-z]+\d*$/.test(line));
  assert.deepEqual(interfaces.filter((name) => !["lo", "sit0", "tunl0"].includes(name)), []);
});

sandbox("a memory hog and a fork bomb end only themselves", async () => {
  // Those that live as long as their session; some helpers of a desktop end by themselves.
  const lasting = /^(Xvnc|Xtigervnc|xfce4-session|xfwm4|xfce4-panel|xfdesktop|fcitx5|dbus-daemon|nagaya)$/;
  const others = sessionProcesses(people[1].session).filter(({ name }) => lasting.test(name));
  assert.ok(others.length >= 6, others.map(({ name }) => name).join());
  await inside("hog", "timeout 40 tail /dev/zero; true", 60_000);
  await inside(
    "bomb",
    'bomb() { bomb | bomb & }; ( ulimit -t 5; timeout 5 bash -c "$(declare -f bomb); bomb; wait" ); true',
    60_000,
  ).catch(() => "the bomb took its own script along");
  assert.deepEqual(others.filter(({ pid }) => !isAlive(pid)), [], "the other session's processes");
  for (const part of ["serve", "gateway", "agent"]) assert.ok(isAlive(demo.pid(part)), part);
  assert.equal(new Desktop(people[1].session).xServer() !== undefined, true);
});

sandbox("the agent and the displays listen on no port", () => {
  const own = new Set([demo.pid("agent"), ...people.flatMap(({ session }) => sessionProcesses(session).map(({ pid }) => pid))]);
  const listening = execFileSync("ss", ["-Hlntup"], { encoding: "utf8" }).split("\n");
  const found = listening.filter((line) => [...line.matchAll(/pid=(\d+)/g)].some(([, pid]) => own.has(Number(pid))));
  assert.deepEqual(found, []);
});
