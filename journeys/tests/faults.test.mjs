// kill -9 of each part in each state of a session: the desktop survives where it can, the user gets back in, and
// nothing is left behind.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { Desktop, sessionProcesses } from "../lib/desktop.mjs";
import { untilPicture } from "../lib/picture.mjs";
import { endSession, enterByLink, isLive, newPassword, onePerCustomer, open, signIn } from "../lib/portal.mjs";
import { until } from "../lib/wait.mjs";

const PARTS = ["agent", "gateway", "serve"];
let demo, browser, portal, account, page;
const password = newPassword();

before(async () => {
  demo = await Demo.create();
  await demo.start();
  browser = await launchBrowser();
  portal = demo.report().portal_url;
  [account] = onePerCustomer(demo.report());
  page = await (await newPerson(browser)).newPage();
  await enterByLink(page, account, password);
});

after(async () => {
  await browser?.close();
  await demo?.dispose({ keep: Boolean(process.env.KEEP) });
});

function fault(name, body) {
  test(name, { timeout: 120_000 }, async () => {
    try {
      await body();
    } catch (error) {
      const shown = await page.locator("body").innerText().catch(() => "");
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name.replaceAll(/\W+/g, "-")}.png` });
      error.message += `\n${page.url()}\n${shown}\n${demo.logs()}`;
      throw error;
    }
  });
}

for (const part of PARTS) {
  fault(`${part} dies while a session starts: the user gets in`, async () => {
    const session = await openFromList();
    await demo.killPart(part);
    await getBackIn();
    await onlySession(page, session);
  });

  fault(`${part} dies while nobody looks: the desktop lives on`, async () => {
    const session = await openFromList();
    await untilPicture(page, { limit: 60_000 });
    const server = new Desktop(session).xServer().pid;
    await goHome();
    await demo.killPart(part);
    await getBackIn();
    assert.equal(new Desktop(session).xServer()?.pid, server, "the same X server");
  });

  fault(`${part} dies while somebody works: the page comes back by itself`, async () => {
    const session = await openFromList();
    await untilPicture(page, { limit: 60_000 });
    const desktop = new Desktop(session);
    const server = desktop.xServer().pid;
    await desktop.untilWindow(/xfce4-panel|Desktop/);
    await demo.killPart(part);
    await until(
      "a key reaches the desktop",
      async () => {
        await page.keyboard.press("Alt+F2");
        return desktop.untilWindow(/Application Finder|アプリケーションファインダー/, 1500).catch(() => false);
      },
      60_000,
    );
    await page.keyboard.press("Escape");
    assert.equal(desktop.xServer()?.pid, server, "the same X server");
  });

  fault(`${part} dies while a session ends: it is gone, wholly, and a new one opens`, async () => {
    const session = await openFromList();
    await untilPicture(page, { limit: 60_000 });
    await goHome();
    await endSession(page);
    await demo.killPart(part);
    await until("no process of the session is left", () => sessionProcesses(session).length === 0, 60_000, 200);
    await until("the portal knows", async () => {
      await goHome();
      return !(await isLive(page));
    });
  });
}

fault("the demo is killed, and the next start picks everything up", async () => {
  const session = await openFromList();
  await untilPicture(page, { limit: 60_000 });
  await demo.kill();
  await demo.start();
  await signIn(page, portal, account, password).catch(goHome);
  const again = await open(page, "desktops");
  await untilPicture(page, { limit: 60_000 });
  const running = sessionProcesses(session).length > 0;
  assert.ok(again === session || !running, "the earlier desktop is either resumed or gone, never orphaned");
});

fault("Ctrl-C leaves nothing behind", async () => {
  await demo.stop();
  assert.deepEqual(demo.leftovers(), { running: [], mounts: [], sockets: [], groups: [], uids: [] });
});

async function openFromList() {
  await goHome();
  return open(page, "desktops");
}

async function goHome() {
  // While the control plane is down the portal does not answer.
  await until("the portal answers", async () => (await page.goto(`${portal}/desktops`))?.ok(), 30_000, 200);
}

/** As a person would: look at the page, and when it does not come, start again from the list. */
async function getBackIn() {
  await until(
    "the user is back in",
    async () => {
      if (!page.url().includes("/sessions/")) await openFromList();
      if (await untilPicture(page, { limit: 15_000 }).catch(() => false)) return true;
      await goHome();
      return false;
    },
    90_000,
  );
}

async function onlySession(page, first) {
  const current = /\/sessions\/([0-9a-f-]+)/.exec(page.url())[1];
  if (current === first) return;
  await until("no process of the first try is left", () => sessionProcesses(first).length === 0, 30_000, 200);
}
