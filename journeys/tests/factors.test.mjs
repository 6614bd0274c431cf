// Two-step sign-in and a person's own account, as people use them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { checkLooks } from "../lib/looks.mjs";
import { enterByLink, newPassword, onePerCustomer, signIn, signOut } from "../lib/portal.mjs";
import { totp } from "../lib/totp.mjs";

const password = newPassword();
let demo, browser, portal, user, secret, codes;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  browser = await launchBrowser();
  portal = demo.report().portal_url;
  [, user] = onePerCustomer(demo.report(), "user");
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
});

/** A person with English pages. */
async function person() {
  const context = await newPerson(browser, { locale: "en-GB", bypassCSP: true });
  return context.newPage();
}

/** Signs in as far as the password reaches. */
async function upToTheCode(page) {
  await page.goto(`${portal}/sign-in`);
  await page.getByLabel("Email address").fill(user.email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL("**/sign-in/code**");
}

async function typeCode(page, code) {
  await page.locator("#code").fill(code);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

test("a person turns two-step sign-in on and gets recovery codes once", { timeout: 60_000 }, async () => {
  const page = await person();
  await enterByLink(page, user, password);
  await page.goto(`${portal}/account`);
  await checkLooks(page, "account");
  await page.getByRole("link", { name: "Turn on" }).click();
  await page.waitForURL("**/account/authenticator");
  await checkLooks(page, "account-authenticator");
  secret = await page.locator(".enrol code").textContent();
  await page.locator("#code").fill("000000");
  await page.locator("#password").fill(password);
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByText("The code is not correct.").waitFor();
  assert.equal(await page.locator(".enrol code").textContent(), secret);
  await page.locator("#code").fill(totp(secret));
  await page.locator("#password").fill(password);
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByRole("heading", { name: "Recovery codes" }).waitFor();
  await checkLooks(page, "account-codes");
  codes = (await page.locator("#codes").inputValue()).split("\n").filter((line) => line !== "");
  assert.equal(codes.length, 10);
  await signOut(page, portal);
  await page.context().close();
});

test("the password alone opens nothing; a code or a recovery code does, once", { timeout: 60_000 }, async () => {
  const page = await person();
  await upToTheCode(page);
  await checkLooks(page, "sign-in-code");
  await page.goto(`${portal}/desktops`);
  await page.waitForURL("**/sign-in**");
  await upToTheCode(page);
  await typeCode(page, codes[0]);
  await page.waitForURL("**/desktops");
  await signOut(page, portal);
  await upToTheCode(page);
  await typeCode(page, codes[0]);
  await page.locator("#code-error").waitFor();
  // The enrolment has used the code of this moment up; the next one is good already.
  await typeCode(page, totp(secret, 1));
  await page.waitForURL("**/desktops");
  await page.goto(`${portal}/account`);
  await page.getByText("Unused recovery codes: 9").waitFor();
  await page.context().close();
});

test("a person ends a session elsewhere", { timeout: 60_000 }, async () => {
  const [here, there] = [await person(), await person()];
  await upToTheCode(here);
  await typeCode(here, codes[1]);
  await here.waitForURL("**/desktops");
  await upToTheCode(there);
  await typeCode(there, codes[2]);
  await there.waitForURL("**/desktops");
  await here.goto(`${portal}/account`);
  await here.locator('form[action="/account/sessions/end-others"] button').click();
  await here.waitForURL("**/account**");
  await there.goto(`${portal}/desktops`);
  await there.waitForURL("**/sign-in**");
  await here.goto(`${portal}/desktops`);
  await here.waitForURL("**/desktops");
});

test("without a second step, another person signs in by password alone", { timeout: 60_000 }, async () => {
  const [administrator] = onePerCustomer(demo.report(), "administrator");
  const own = newPassword();
  const page = await person();
  await enterByLink(page, administrator, own);
  await signOut(page, portal);
  await signIn(page, portal, administrator, own);
});
