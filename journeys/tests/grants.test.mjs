// Rights for one service code: given, used, taken back. The screen goes at once, and the log has both.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { checkLooks } from "../lib/looks.mjs";
import { untilPicture } from "../lib/picture.mjs";
import { enterByLink, newPassword, offered, onePerCustomer, open } from "../lib/portal.mjs";

const LOOKS = [
  { locale: "ja-JP", colorScheme: "light", width: 1280 },
  { locale: "en-GB", colorScheme: "dark", width: 1280 },
  { locale: "ja-JP", colorScheme: "dark", width: 360 },
  { locale: "en-GB", colorScheme: "light", width: 360 },
];
const [DESKTOPS, APPLICATIONS] = ["HARBOUR-D1", "HARBOUR-A1"];
let demo, browser, portal, administrator, page, own, user, name;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  portal = demo.report().portal_url;
  browser = await launchBrowser();
  administrator = await newPerson(browser);
  page = await administrator.newPage();
  await enterByLink(page, onePerCustomer(demo.report(), "administrator")[1], newPassword());
  user = onePerCustomer(demo.report())[1];
  own = await (await newPerson(browser)).newPage();
  await enterByLink(own, user, newPassword());
  name = await own.locator(".menu-who strong").textContent();
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
});

/** The page of a service code, found from the account menu. */
async function codePage(on, code) {
  await on.goto(`${portal}/desktops`);
  await on.locator("details.menu summary").click();
  await on.getByRole("link", { name: "Rights per service code" }).click();
  await on.getByRole("link", { name: code }).click();
  await on.getByRole("heading", { name: code, level: 1 }).waitFor();
}

async function give(on, code, email, role) {
  await codePage(on, code);
  await on.getByLabel("Email address", { exact: true }).fill(email);
  await on.getByRole("radio", { name: role }).check();
  await on.getByRole("button", { name: "Give the right" }).click();
}

/** Asks for a desktop or application as its card's button does, with the form token of another page. */
function launch(on, path) {
  return on.evaluate(async (path) => {
    const csrf = document.querySelector("input[name=csrf]").value;
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams({ csrf }) });
    return answer.status;
  }, path);
}

test("what is kept for people with a right is opened by nobody else, administrators included", { timeout: 60_000 }, async () => {
  await own.goto(`${portal}/desktops`);
  const application = await own.locator('section[aria-labelledby="applications"] form').first().getAttribute("action");
  for (const code of [DESKTOPS, APPLICATIONS]) {
    await codePage(page, code);
    await page.getByRole("link", { name: "Keep it for people with a right" }).click();
    await page.getByRole("heading", { name: `Keep ${code} for people with a right?` }).waitFor();
    await page.getByRole("button", { name: "Keep it for people with a right" }).click();
    await page.getByText("Who opens it was changed.").waitFor();
  }
  for (const someone of [own, page]) {
    await someone.goto(`${portal}/desktops`);
    assert.deepEqual(await offered(someone), []);
    assert.equal(await launch(someone, application), 404);
  }

  await give(page, DESKTOPS, "nobody@harbour.example", "User");
  await page.getByText("Nobody in the organisation has this address.").waitFor();
  assert.equal(await page.getByLabel("Email address", { exact: true }).inputValue(), "nobody@harbour.example");
  await give(page, DESKTOPS, user.email, "User");
  await page.getByText("The right was given.").waitFor();
  await own.goto(`${portal}/desktops`);
  assert.equal((await offered(own)).length, 1);
  // The other code is as closed as before.
  assert.equal(await launch(own, application), 404);
});

test("a right that is taken away ends at once what it opened, and both are in the log", { timeout: 120_000 }, async () => {
  const session = await open(own, "desktops");
  await untilPicture(own);
  await page.goto(`${portal}/users`);
  await page.getByRole("link", { name }).click();
  const rights = page.locator('section[aria-labelledby="grants"]');
  await rights.getByText(DESKTOPS).first().waitFor();
  await look("grants-person", [new URL(page.url()).pathname]);
  // It says what that does before it does it.
  await rights.locator("summary").filter({ hasText: "Take it away" }).click();
  await rights.getByText("disconnected at once").waitFor();
  await rights.getByRole("button", { name: /^Take it away/ }).click();
  await page.getByText("The right was taken away.").waitFor();
  // Without a reload: the page says it by itself.
  await own.getByRole("heading", { name: /^You may not open/ }).waitFor();
  await own.goto(`${portal}/desktops`);
  assert.deepEqual(await offered(own), []);
  await own.goto(`${portal}/sessions/${session}`);
  await own.getByRole("button", { name: "End it" }).click();
  await own.waitForURL("**/desktops");

  await page.goto(`${portal}/activity`);
  for (const what of ["Gave a right in a service code", "Took a right in a service code away"]) {
    await page.getByRole("row").filter({ hasText: what }).filter({ hasText: DESKTOPS }).filter({ hasText: name }).waitFor();
  }
});

test("who administers one service code gives rights in it, and nowhere else", { timeout: 90_000 }, async () => {
  await give(page, DESKTOPS, user.email, "Administrator");
  await page.getByText("The right was given.").waitFor();
  await codePage(page, APPLICATIONS);
  const other = page.url();

  await own.goto(`${portal}/service-codes`);
  assert.equal(await own.getByRole("link", { name: APPLICATIONS }).count(), 0);
  assert.equal((await own.goto(other)).status(), 404);
  assert.equal((await own.goto(`${portal}/users`)).status(), 403);
  const boss = onePerCustomer(demo.report(), "administrator")[1];
  await give(own, DESKTOPS, boss.email, "User");
  await own.getByText("The right was given.").waitFor();
  await page.goto(`${portal}/desktops`);
  assert.equal((await offered(page)).length, 1);
  await codePage(page, DESKTOPS);
  const path = new URL(page.url()).pathname;
  await look("grants", ["/service-codes", path, `${path}/access`, "/access"]);
});

/** Every look of some pages, as the administrator sees them. */
async function look(title, paths) {
  const cookies = await administrator.cookies();
  for (const shape of LOOKS) {
    const viewer = await newPerson(browser, { ...shape, bypassCSP: true, viewport: { width: shape.width, height: 800 } });
    await viewer.addCookies(cookies.filter(({ name }) => name === "__Host-nagaya"));
    const view = await viewer.newPage();
    for (const [at, path] of paths.entries()) {
      await view.goto(portal + path);
      await checkLooks(view, `${title}-${at}-${shape.locale}-${shape.width}`);
    }
    await viewer.close();
  }
}
