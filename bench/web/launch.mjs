// Click to first frame: from the click on a card to the animation frame in which the desktop is in the canvas.
import { newPerson } from "../../journeys/lib/browser.mjs";
import { endSession, enterByLink, isLive, newPassword, open } from "../../journeys/lib/portal.mjs";
import { until } from "../../journeys/lib/wait.mjs";

/** Notes the last click before the session's page, and the first frame with a picture on it. Runs in the page. */
export function installStopwatch() {
  const now = () => performance.timeOrigin + performance.now();
  addEventListener("click", () => sessionStorage.setItem("clicked", String(now())), true);
  if (!/\/sessions\//.test(location.pathname)) return;
  const small = new OffscreenCanvas(32, 18);
  const context = small.getContext("2d", { willReadFrequently: true });
  requestAnimationFrame(function look() {
    const canvas = [...document.querySelectorAll("canvas")].sort((a, b) => b.width * b.height - a.width * a.height)[0];
    if (canvas?.width) {
      context.drawImage(canvas, 0, 0, small.width, small.height);
      const words = new Uint32Array(context.getImageData(0, 0, small.width, small.height).data.buffer);
      if (new Set(words).size >= 8) {
        globalThis.nagayaFirstFrame = now() - Number(sessionStorage.getItem("clicked"));
        return;
      }
    }
    requestAnimationFrame(look);
  });
}

/**
 * Milliseconds for one account, in order: `cold` (the first session ever: home and profile are made), then `repeats`
 * times `reconnect` (the desktop runs; the page was left), then `warm` (a new session with the profile that is there).
 */
export async function measureLaunch({ browser, account, repeats, size }) {
  const person = await newPerson(browser, { viewport: size, ignoreHTTPSErrors: false });
  const page = await person.newPage();
  await page.addInitScript(installStopwatch);
  await enterByLink(page, account, newPassword());
  const times = { cold: [await click(page)], reconnect: [], warm: [] };
  for (let run = 0; run < repeats; run++) {
    await page.goto(new URL("/desktops", page.url()).href);
    times.reconnect.push(await click(page));
  }
  for (let run = 0; run < repeats; run++) {
    await endAndWait(page);
    times.warm.push(await click(page));
  }
  await endAndWait(page);
  await person.close();
  return times;
}

async function click(page) {
  await open(page, "desktops");
  // Asked seldom: the answer must not be slowed down by the question.
  return until("the stopwatch stops", () => page.evaluate(() => globalThis.nagayaFirstFrame), 60_000, 500);
}

async function endAndWait(page) {
  await page.goto(new URL("/desktops", page.url()).href);
  await endSession(page);
  await until("the desktop has ended", async () => {
    await page.reload();
    return !(await isLive(page));
  });
}
