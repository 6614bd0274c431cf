// Mail over TLS to a real mail server: invitations, forgotten passwords, a server that is down, and one that is not who it says.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { checkLooks } from "../lib/looks.mjs";
import { Mailbox, linkIn } from "../lib/mailbox.mjs";
import { enterByLink, newPassword, onePerCustomer, signIn } from "../lib/portal.mjs";
import { until } from "../lib/wait.mjs";

const NORA = "nora@harbour.example";
const password = newPassword();
let demo, mailbox, browser, portal, page, boss;

before(async () => {
  demo = await Demo.create();
  mailbox = await Mailbox.create(join(demo.folder, "mail"));
  await mailbox.start();
  demo.mailConfig = mailbox.config();
  await demo.start();
  portal = demo.report().portal_url;
  browser = await launchBrowser();
  page = await (await newPerson(browser, { bypassCSP: true })).newPage();
  boss = onePerCustomer(demo.report(), "administrator")[1];
  assert.ok(boss.link, "the demonstration goes on showing links");
  await enterByLink(page, boss, password);
});

after(async () => {
  await browser?.close();
  await mailbox?.stop();
  await demo?.dispose();
});

/** Opens a person's page. */
async function personOf(name) {
  await page.goto(`${portal}/users`);
  await page.getByRole("link", { name }).click();
}

/** Fills in the invitation; it is sent by mail unless told otherwise. */
async function invite(name, address) {
  await page.goto(`${portal}/users/invite`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Email address").fill(address);
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("An invitation is on its way").waitFor();
}

/** What the person's page says of the newest message, once it says that. */
async function shows(name, text) {
  await until(`${name}'s page says ${text}`, async () => {
    await personOf(name);
    return (await page.locator(".delivered li").first().textContent()).includes(text);
  }, 60_000);
}

test("an invitation arrives over TLS, and its link works once", { timeout: 120_000 }, async () => {
  await page.goto(`${portal}/users/invite`);
  await checkLooks(page, "mail-invite");
  await invite("Nora Field", NORA);
  const message = await mailbox.arrived(NORA);
  assert.equal(message.tls, true);
  assert.match(message.headers.To, /Nora Field/);
  assert.equal(message.headers["Auto-Submitted"], "auto-generated");
  // Whose language nobody knows gets both, the organisation's first.
  assert.match(message.plain, /^Dear Nora Field,[\s\S]*Nora Field 様/);
  assert.ok(message.html.includes(linkIn(message)));
  await shows("Nora Field", "Sent");
  await checkLooks(page, "mail-person");
  const content = await page.content();
  assert.ok(!content.includes("/welcome/"), "the administrator sees no link");

  const nora = await newPerson(browser);
  await enterByLink(await nora.newPage(), { link: linkIn(message) }, password);
  await nora.close();
  const again = await (await newPerson(browser)).newPage();
  await again.goto(linkIn(message));
  await again.getByRole("heading", { name: "This link" }).or(again.getByText("Get a new link")).first().waitFor();
  await again.context().close();
});

test("who forgot their password gets a link, and everybody else the same answer", { timeout: 120_000 }, async () => {
  const guest = await newPerson(browser, { bypassCSP: true });
  const own = await guest.newPage();
  const ask = async (address) => {
    await own.goto(`${portal}/sign-in`);
    await own.getByRole("link", { name: "Forgot your password?" }).click();
    await checkLooks(own, "forgot");
    await own.getByLabel("Email address").fill(address);
    await own.getByRole("button", { name: "Send the link" }).click();
    await own.getByRole("heading", { name: "Your request was received" }).waitFor();
    return own.locator("main").textContent();
  };
  const unknown = await ask("nobody@harbour.example");
  assert.equal(await ask(NORA), unknown);
  await checkLooks(own, "forgot-asked");
  const message = await mailbox.arrived(NORA, 2);
  assert.match(message.headers.Subject, /Choose a new Nagaya password/);
  // She has signed in in English, so that she is written to in English alone.
  assert.ok(!message.plain.includes("様"));
  const renewed = newPassword();
  await enterByLink(own, { link: linkIn(message) }, renewed);
  await guest.close();
  const told = await mailbox.arrived(NORA, 3);
  assert.match(told.headers.Subject, /password was changed/);
  assert.ok(!linkIn(told));

  const other = await (await newPerson(browser)).newPage();
  await signIn(other, portal, { email: NORA }, renewed);
  await other.context().close();
  assert.deepEqual(mailbox.messages.filter(({ to }) => to.includes("nobody@harbour.example")), []);
});

test("what cannot be sent while the server is down is delivered when it is back", { timeout: 180_000 }, async () => {
  await mailbox.stop();
  await invite("Omar Reed", "omar@harbour.example");
  await shows("Omar Reed", "cannot be reached");
  await page.goto(`${portal}/users`);
  await page.getByText("Email: Failed, trying again").waitFor();
  await checkLooks(page, "mail-users");
  await mailbox.start();
  const message = await mailbox.arrived("omar@harbour.example", 1, 120_000);
  assert.ok(linkIn(message));
  await shows("Omar Reed", "Sent");
});

test("a server with another authority's certificate gets nothing, and the page says why", { timeout: 180_000 }, async () => {
  await mailbox.stop();
  await mailbox.start("other");
  const before = mailbox.messages.length;
  await invite("Ruth Gray", "ruth@harbour.example");
  await shows("Ruth Gray", "certificate could not be verified");
  await checkLooks(page, "mail-failed");
  assert.equal(mailbox.messages.length, before);
  // The administrator hands a link over instead; the one that waits is called off.
  await page.getByRole("button", { name: "Show it here" }).click();
  const link = await page.getByLabel("One-time link").inputValue();
  const ruth = await newPerson(browser);
  await enterByLink(await ruth.newPage(), { link }, newPassword());
  await ruth.close();
  await shows("Ruth Gray", "Called off");
});

test("no log of any part holds a link or the password", () => {
  const folder = join(demo.stateDir, "logs");
  for (const name of readdirSync(folder)) {
    const log = readFileSync(join(folder, name), "utf8");
    for (const message of mailbox.messages) {
      const secret = linkIn(message)?.split("/").at(-1);
      assert.ok(!secret || !log.includes(secret), name);
    }
    assert.ok(!log.includes(mailbox.password), name);
  }
});
