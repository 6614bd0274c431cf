// The portal's pages: accessible by axe's rules in both languages and both appearances, with nothing that overflows.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { checkLooks } from "../lib/looks.mjs";
import { enterByLink, newPassword, onePerCustomer } from "../lib/portal.mjs";
import { until } from "../lib/wait.mjs";

const PAGES = ["/overview", "/desktops", "/access", "/evidence", "/evidence/5.7", "/users", "/users/invite", "/users/import", "/service-codes", "/sign-in-rules", "/sign-in-rules/user", "/federation", "/devices", "/devices/issue", "/device-authorities", "/sign-in/device", "/prove", "/activity", "/activity/stream", "/tokens", "/account", "/account/authenticator", "/account/passkeys/add", "/forgot", "/contract", "/boundary", "/terms", "/inventory", "/branding", "/branding/reset", "/at/nobody", "/help", "/help/administrators", "/no-such-page"];
const LOOKS = [
  { locale: "ja-JP", colorScheme: "light", width: 1280 },
  { locale: "en-GB", colorScheme: "dark", width: 1280 },
  { locale: "ja-JP", colorScheme: "dark", width: 360 },
  { locale: "en-GB", colorScheme: "light", width: 360 },
];
let demo, browser, portal, cookies, link;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  browser = await launchBrowser();
  portal = demo.report().portal_url;
  const [administrator, other] = onePerCustomer(demo.report(), "administrator");
  link = other.link;
  const person = await newPerson(browser);
  const page = await person.newPage();
  await enterByLink(page, administrator, newPassword());
  cookies = await person.cookies();
  await person.close();
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
});

test("the running service shows what holds, of its own listeners too", { timeout: 90_000 }, async () => {
  const member = await newPerson(browser, { locale: "en-GB" });
  await member.addCookies(cookies.filter(({ name }) => name === "__Host-nagaya"));
  const page = await member.newPage();
  // The checks run for the first time some seconds after the start.
  await until("the listeners are found apart", async () => {
    await page.goto(`${portal}/evidence?state=holds`);
    return (await page.getByRole("row").filter({ hasText: "CLD.9.5.1" }).count()) === 1;
  }, 60_000);
  for (const id of ["2.1", "2.2", "4.1", "4.2", "5.1", "5.6", "5.7", "6.1", "8.4", "8.5", "9.1", "13.2", "13.3"]) {
    await page.locator(`a[href="/evidence/${id}"]`).waitFor({ timeout: 5000 });
  }
  // Nobody has accepted the terms yet; an administrator does, by name.
  await page.goto(`${portal}/terms`);
  await page.getByRole("button", { name: "Accept for the organisation" }).click();
  await page.getByText("Accepted", { exact: true }).waitFor();
  await page.goto(`${portal}/evidence?state=falls_short`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  // The acceptance counts from the next run on. Whether something keeps this machine's clock right is the machine's affair; the page says it as it is.
  const short = await page.locator('a[href^="/evidence/"]').evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  assert.deepEqual(short.filter((href) => !["/evidence/2.3", "/evidence/8.6"].includes(href)), []);
  const nagaya = process.env.NAGAYA ?? new URL("../../target/debug/nagaya", import.meta.url).pathname;
  const controls = JSON.parse(execFileSync(nagaya, ["controls", "--json"], { encoding: "utf8" }));
  const tls = controls.find(({ id }) => id === "6.1");
  assert.equal(tls.clause, "10.1.1");
  assert.deepEqual(tls.checks.map(({ name }) => name), ["listener.tls", "listener.certificate"]);
  await member.close();
});

for (const look of LOOKS) {
  const name = `${look.locale} ${look.colorScheme} ${look.width}`;
  test(`pages in ${name}`, { timeout: 60_000 }, async () => {
    // axe is injected as a script, which the pages' own policy rightly forbids.
    const options = { ...look, bypassCSP: true, viewport: { width: look.width, height: 800 } };
    const guest = await newPerson(browser, options);
    const member = await newPerson(browser, options);
    // The choice of language and appearance stays with this look, the sign-in comes from the administrator.
    await member.addCookies(cookies.filter(({ name }) => name === "__Host-nagaya"));
    for (const url of [`${portal}/sign-in`, link]) await check(guest, url, name);
    for (const path of PAGES) await check(member, portal + path, name);
    await guest.close();
    await member.close();
  });
}

async function check(context, url, name) {
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  const path = new URL(url).pathname.replace(/^\/welcome\/.*/, "/welcome");
  assert.ok(path === "/welcome" || new URL(page.url()).pathname === path, `${url} led to ${page.url()}`);
  await checkLooks(page, `${path.slice(1)} ${name}`);
  assert.deepEqual(complaints, []);
  await page.close();
}
