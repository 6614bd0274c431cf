// Passkeys as people use them: real Chromium with an authenticator in software, against the real executable.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchTrustingBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { checkLooks } from "../lib/looks.mjs";
import { enterByLink, newPassword, onePerCustomer, signOut } from "../lib/portal.mjs";

const password = newPassword();
let demo, browser, portal, user, page, authenticator, codes;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  // A browser offers passkeys only where it trusts the certificate.
  browser = await launchTrustingBrowser(demo.report().authority_pem_path);
  portal = demo.report().portal_url;
  [, user] = onePerCustomer(demo.report(), "user");
  const context = await newPerson(browser, { ignoreHTTPSErrors: false, bypassCSP: true });
  page = await context.newPage();
  authenticator = await plugIn(page);
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
});

/** An authenticator of this page that keeps passkeys and verifies its person; with what it is told to do. */
async function plugIn(of) {
  const cdp = await of.context().newCDPSession(of);
  await cdp.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options });
  return {
    verifies: (isUserVerified) => cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    passkeys: async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    forget: () => cdp.send("WebAuthn.clearCredentials", { authenticatorId }),
  };
}

async function upToTheSecondStep() {
  await page.goto(`${portal}/sign-in`);
  await page.getByLabel("Email address").fill(user.email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL("**/sign-in/code**");
}

test("a person adds a passkey by keyboard and gets recovery codes once", { timeout: 60_000 }, async () => {
  await enterByLink(page, user, password);
  await page.goto(`${portal}/account`);
  await page.locator('a[href="/account/passkeys/add"]').click();
  await page.waitForURL("**/account/passkeys/add");
  await checkLooks(page, "account-passkeys-add");
  // Nobody is at the device: the page says so, and what was typed stays.
  await authenticator.verifies(false);
  await page.getByLabel("Name").fill("Office PC");
  await page.keyboard.press("Enter");
  await page.getByText("Nothing was confirmed. Please try again.").waitFor();
  assert.equal(await page.getByLabel("Name").inputValue(), "Office PC");
  assert.deepEqual(await authenticator.passkeys(), []);
  await authenticator.verifies(true);
  await page.getByLabel("Name").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Recovery codes" }).waitFor();
  codes = (await page.locator("#codes").inputValue()).split("\n").filter((line) => line !== "");
  assert.equal(codes.length, 10);
  const [kept] = await authenticator.passkeys();
  assert.equal(kept.rpId, "localhost");
  assert.ok(kept.isResidentCredential);
  // What the authenticator knows the person by says nothing of them.
  assert.ok(!Buffer.from(kept.userHandle, "base64").toString().includes(user.email.split("@")[0]));
  await page.goto(`${portal}/account`);
  await page.getByRole("row").filter({ hasText: "Office PC" }).getByText("Not yet").waitFor();
  await checkLooks(page, "account-passkeys");
  // One device, one passkey.
  await page.goto(`${portal}/account/passkeys/add`);
  await page.getByLabel("Name").fill("Once more");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByText("This device or security key is registered already. Choose another.").waitFor();
  await signOut(page, portal);
});

test("the passkey signs in without a password", { timeout: 60_000 }, async () => {
  await page.goto(`${portal}/sign-in`);
  await checkLooks(page, "sign-in-passkey");
  await authenticator.verifies(false);
  const button = page.getByRole("button", { name: "Sign in with a passkey" });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByText("Nothing was confirmed. Please try again.").waitFor();
  await authenticator.verifies(true);
  await button.focus();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/desktops");
  await page.goto(`${portal}/account`);
  const row = page.getByRole("row").filter({ hasText: "Office PC" });
  assert.equal(await row.getByText("Not yet").count(), 0);
  await signOut(page, portal);
});

test("after the password, the passkey or a recovery code is asked for", { timeout: 60_000 }, async () => {
  await upToTheSecondStep();
  await checkLooks(page, "sign-in-code-passkey");
  await page.goto(`${portal}/desktops`);
  await page.waitForURL("**/sign-in**");
  await upToTheSecondStep();
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.waitForURL("**/desktops");
  await signOut(page, portal);
  await upToTheSecondStep();
  await page.getByLabel("Recovery code").fill(codes[0]);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL("**/desktops");
});

test("it proves again who one is", { timeout: 60_000 }, async () => {
  await page.goto(`${portal}/prove?next=/account`);
  await checkLooks(page, "prove-passkey");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  // Not a pattern: the address before it ends in the same words.
  await page.waitForURL((url) => url.pathname === "/account");
});

test("it gets another name, is removed, and opens nothing any more", { timeout: 60_000 }, async () => {
  const [kept] = await authenticator.passkeys();
  await page.goto(`${portal}/account`);
  await page.getByRole("link", { name: "Change – Office PC" }).click();
  await checkLooks(page, "account-passkey");
  await page.getByLabel("Name").fill("Old PC");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The passkey has a new name.").waitFor();
  await page.getByRole("link", { name: "Change – Old PC" }).click();
  await page.getByRole("link", { name: "Remove" }).click();
  await page.waitForURL("**/remove");
  await page.getByText("It is your last one").waitFor();
  await checkLooks(page, "account-passkey-remove");
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByText("The passkey is removed.").waitFor();
  await signOut(page, portal);
  // The device has it still.
  assert.deepEqual((await authenticator.passkeys()).map(({ credentialId }) => credentialId), [kept.credentialId]);
  await page.goto(`${portal}/sign-in`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByText("Sign-in with this passkey was not possible").waitFor();
  await page.goto(`${portal}/desktops`);
  await page.waitForURL("**/sign-in**");
});

test("where a browser has no passkeys the page says so, and the password does", { timeout: 60_000 }, async () => {
  const context = await newPerson(browser, { ignoreHTTPSErrors: false });
  await context.addInitScript(() => delete globalThis.PublicKeyCredential);
  const old = await context.newPage();
  await old.goto(`${portal}/sign-in`);
  assert.equal(await old.getByRole("button", { name: "Sign in with a passkey" }).isVisible(), false);
  await old.getByLabel("Email address").fill(user.email);
  await old.getByLabel("Password", { exact: true }).fill(password);
  await old.getByRole("button", { name: "Sign in", exact: true }).click();
  await old.waitForURL("**/desktops");
  await old.goto(`${portal}/account/passkeys/add`);
  await old.getByText("Passkeys cannot be used in this browser.").waitFor();
  assert.equal(await old.getByRole("button", { name: "Add" }).isVisible(), false);
  await context.close();
});
