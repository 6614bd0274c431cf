// What users come for, from the sign-in link to signing out, in a real browser against the real executable, while a
// second customer works beside.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { Desktop } from "../lib/desktop.mjs";
import { compose, saveAndFind, startEditor } from "../lib/editor.mjs";
import { pictureSize, sample, untilPicture } from "../lib/picture.mjs";
import { enterByLink, newPassword, offered, onePerCustomer, open, signIn, signOut } from "../lib/portal.mjs";
import { until } from "../lib/wait.mjs";

const NOTE = "journey-note.txt";
let demo, browser, portal, first, second;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  browser = await launchBrowser();
  portal = demo.report().portal_url;
  const [a, b] = onePerCustomer(demo.report());
  first = { account: a, password: newPassword() };
  second = { account: b, password: newPassword() };
  for (const person of [first, second]) {
    person.context = await newPerson(browser);
    person.page = await person.context.newPage();
  }
});

after(async () => {
  await browser?.close();
  await demo?.dispose({ keep: Boolean(process.env.KEEP) });
});

/** A step of the journey; when it fails, the parts' logs and a picture of the page say more. */
function step(name, body) {
  test(name, { timeout: 90_000 }, async () => {
    try {
      await body();
    } catch (error) {
      if (process.env.KEEP) await first?.page?.screenshot({ path: `/tmp/journey-${name.replaceAll(/\W+/g, "-")}.png` });
      error.message += `\n${demo.logs()}`;
      throw error;
    }
  });
}

step("sign in by the one-time link, which then is used up", async () => {
  await enterByLink(first.page, first.account, first.password);
  assert.ok((await offered(first.page)).length >= 5);
  const other = await newPerson(browser);
  const page = await other.newPage();
  await page.goto(first.account.link);
  assert.equal(await page.locator("#password").count(), 0);
  await other.close();
});

step("sign out, and in again with the password", async () => {
  await signOut(first.page, portal);
  await first.page.goto(`${portal}/desktops`);
  await first.page.waitForURL("**/sign-in**");
  await signIn(first.page, portal, first.account, first.password);
});

step("the desktop's first frame", async () => {
  first.session = await open(first.page, "desktops");
  await untilPicture(first.page);
  first.desktop = new Desktop(first.session);
  assert.deepEqual(await first.desktop.screenSize(), await pictureSize(first.page));
});

step("a second customer works beside and sees nothing of the first", async () => {
  await enterByLink(second.page, second.account, second.password);
  const answer = await second.page.goto(`${portal}/sessions/${first.session}`);
  const unknown = await second.page.goto(`${portal}/sessions/${crypto.randomUUID()}`);
  assert.equal(answer.status(), 404);
  assert.equal(unknown.status(), 404);
  await second.page.goto(`${portal}/desktops`);
  second.session = await open(second.page, "desktops");
  await untilPicture(second.page);
  second.desktop = new Desktop(second.session);
  await startEditor(second.page, second.desktop, "second-note.txt");
  await second.page.keyboard.type("the second household");
  await saveAndFind(second.page, demo, "second-note.txt", "the second household");
});

step("type into an editor and find the text in its file", async () => {
  await startEditor(first.page, first.desktop, NOTE);
  await first.page.keyboard.type("Hello, row house! {[(~@#)]}");
  const path = await saveAndFind(first.page, demo, NOTE, "Hello, row house! {[(~@#)]}");
  assert.ok(!path.includes(second.session));
});

step("the screen takes the window's size", async () => {
  await first.page.setViewportSize({ width: 1440, height: 900 });
  await until("the picture has the new size", async () => (await pictureSize(first.page))?.width === 1440);
  assert.deepEqual(await first.desktop.screenSize(), await pictureSize(first.page));
  await untilPicture(first.page);
});

step("clipboard into the session and out of it", async () => {
  await first.page.evaluate(() => navigator.clipboard.writeText("外から中へ in"));
  await first.page.bringToFront();
  await first.page.keyboard.press("End");
  await first.page.keyboard.press("Control+v");
  await saveAndFind(first.page, demo, NOTE, "外から中へ in");
  await first.page.keyboard.type(" out-of-it");
  await first.page.keyboard.press("Control+a");
  await first.page.keyboard.press("Control+c");
  await until("the browser's clipboard holds it", () =>
    first.page.evaluate(async () => (await navigator.clipboard.readText()).includes("out-of-it")),
  );
  await first.page.keyboard.press("Control+End");
});

step("Japanese by the browser's input method", async () => {
  await compose(first.page, ["に", "にほ", "にほんご", "日本語"], "日本語入力");
  await saveAndFind(first.page, demo, NOTE, "日本語入力");
});

step("Japanese by the input method inside the desktop", async () => {
  await first.page.keyboard.press("Control+Space");
  await first.page.keyboard.type("nihongo");
  await first.page.keyboard.press("Space");
  await first.page.keyboard.press("Enter");
  await first.page.keyboard.press("Control+Space");
  await saveAndFind(first.page, demo, NOTE, "日本語入力日本語");
});

step("the link is cut, the picture stays, and it resumes by itself", async () => {
  const earlier = await sample(first.page);
  await demo.killPart("gateway");
  const during = await sample(first.page);
  assert.ok(during.colours >= earlier.colours / 2, "the picture is kept");
  await first.page.keyboard.press("Control+End");
  await until(
    "typing reaches the editor again",
    async () => {
      await first.page.keyboard.type("!");
      return saveAndFind(first.page, demo, NOTE, "日本語!", 1000).catch(() => false);
    },
    60_000,
  );
  await untilPicture(second.page);
});

step("coming back later finds the desktop as it was left", async () => {
  await first.page.goto(`${portal}/desktops`);
  const resumed = await open(first.page, "desktops");
  assert.equal(resumed, first.session);
  await untilPicture(first.page);
  await first.desktop.untilWindow(/journey-note/);
});

step("signing another device out disconnects what it shows, and nothing else", async () => {
  const elsewhere = await newPerson(browser);
  const page = await elsewhere.newPage();
  await signIn(page, portal, first.account, first.password);
  await open(page, "applications");
  await untilPicture(page, { colours: 2 });
  const account = await first.context.newPage();
  await account.goto(`${portal}/account`);
  await account.locator('form[action^="/account/sessions/"][action$="/end"] button').click();
  await account.waitForURL("**/account?done=ended");
  await account.close();
  await page.getByText("You are signed out").waitFor();
  await elsewhere.close();
  await first.page.bringToFront();
  await first.page.keyboard.press("Control+End");
  await first.page.keyboard.type(" still here");
  await saveAndFind(first.page, demo, NOTE, " still here");
});

step("a published application fills the view and ends with its last window", async () => {
  await first.page.goto(`${portal}/desktops`);
  const session = await open(first.page, "applications");
  await untilPicture(first.page, { colours: 2 });
  const application = new Desktop(session);
  await application.untilWindow(/Mousepad|Untitled/i);
  const size = await until("the window is active", () => application.activeWindowSize());
  const screen = await pictureSize(first.page);
  assert.ok(size.width >= screen.width - 4 && size.height >= screen.height * 0.9, `${JSON.stringify({ size, screen })}`);
  await first.page.keyboard.type("bye");
  await application.untilWindow(/^\*/);
  await first.page.keyboard.press("Control+q");
  await first.page.keyboard.press("Alt+d");
  await first.page.getByText(/has ended/).first().waitFor();
});

step("sign out; the sessions' pages are closed to this browser", async () => {
  await signOut(first.page, portal);
  await first.page.goto(`${portal}/sessions/${first.session}`);
  assert.match(first.page.url(), /sign-in/);
});

step("Ctrl-C leaves nothing behind", async () => {
  await demo.stop();
  const left = demo.leftovers();
  assert.deepEqual(left, { running: [], mounts: [], sockets: [], groups: [], uids: [] });
});
