// People of an organisation sign in at its own provider: npm `oidc-provider`, beside the real executable, in real Chromium.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { checkLooks } from "../lib/looks.mjs";
import { enterByLink, newPassword, onePerCustomer } from "../lib/portal.mjs";
import { signInThere, startProvider } from "../lib/provider.mjs";

const EXECUTABLE = process.env.NAGAYA ?? join(dirname(fileURLToPath(import.meta.url)), "../../target/debug/nagaya");
const NEWCOMER = "newcomer@harbour.example";
const password = newPassword();

let demo, provider, browser, portal, admin, grace, oliver;

before(async () => {
  demo = await Demo.create();
  const base = `https://localhost:${demo.portBase}`;
  provider = await startProvider(`${base}/federation/callback`, (address) => ({
    email: address,
    email_verified: !address.startsWith("doubtful"),
    name: "Nora Newcomer",
  }));
  // Whom the service trusts besides the public authorities is known when it starts.
  mkdirSync(demo.stateDir, { recursive: true, mode: 0o711 });
  writeFileSync(join(demo.stateDir, "identity-authorities.pem"), provider.authority);
  await demo.start();
  portal = demo.report().portal_url;
  browser = await launchBrowser();
  admin = await (await newPerson(browser, { bypassCSP: true })).newPage();
  const ofHarbour = (account) => account.email.endsWith("@harbour.example");
  [grace] = onePerCustomer(demo.report(), "administrator").filter(ofHarbour);
  [oliver] = onePerCustomer(demo.report()).filter(ofHarbour);
  await enterByLink(admin, grace, password);
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
  await provider?.stop();
});

/** Somebody with a browser of their own at the sign-in page. */
async function someone(address, options = {}) {
  const page = await (await newPerson(browser, options)).newPage();
  await page.goto(`${portal}/sign-in`);
  await page.getByLabel("Email address").fill(address);
  return page;
}

const chooseOwn = (page) => page.getByRole("button", { name: "Continue with your organisation's sign-in" }).click();

test("an administrator sets the provider up, and is told what it says", { timeout: 60_000 }, async () => {
  await admin.goto(`${portal}/sign-in-rules`);
  await admin.getByRole("link", { name: "your own identity provider" }).click();
  await checkLooks(admin, "federation empty");
  assert.equal(await admin.getByLabel("Redirect URI").inputValue(), `${portal}/federation/callback`);
  await admin.getByLabel("Issuer").fill("http://localhost");
  await admin.getByLabel("Client ID").fill(provider.client.client_id);
  await admin.getByLabel("Client secret").fill(provider.client.client_secret);
  await admin.getByLabel("Email domains").fill("harbour.example");
  await admin.getByLabel("People who are not in the list yet").selectOption({ label: "Are added at their first sign-in, as: User" });
  await admin.getByRole("button", { name: "Save" }).click();
  await admin.getByText("An issuer begins with https://").waitFor();
  await checkLooks(admin, "federation wrong");
  assert.equal(await admin.getByLabel("Client ID").inputValue(), provider.client.client_id);
  await admin.getByLabel("Issuer").fill(provider.issuer);
  await admin.getByLabel("Client secret").fill(provider.client.client_secret);
  await admin.getByRole("button", { name: "Save" }).click();
  await admin.getByText("Saved. Test the connection next.").waitFor();
  assert.ok(!(await admin.content()).includes(provider.client.client_secret));
  await admin.getByRole("button", { name: "Test the connection" }).click();
  await admin.getByText("The identity provider answered.").waitFor();
  assert.ok(await admin.getByText("ES256").isVisible());
  await checkLooks(admin, "federation tested");
});

test("somebody new comes in, and is a person from then on", { timeout: 60_000 }, async () => {
  // Until the operator has made sure of the domain, the organisation's own link is the way.
  let page = await someone(NEWCOMER, { bypassCSP: true });
  await chooseOwn(page);
  await page.getByText("No organisation has set up a sign-in").waitFor();
  await checkLooks(page, "sign-in no federation");
  await page.goto(`${portal}/federation/start/harbour`);
  await signInThere(page, NEWCOMER);
  await page.waitForURL("**/desktops");
  await page.locator("details.menu summary").click();
  await page.getByText("Nora Newcomer").first().waitFor();

  const config = join(demo.stateDir, "config/serve.toml");
  execFileSync(EXECUTABLE, ["confirm-domain", "--config", config, "harbour", "harbour.example"], { stdio: "pipe" });
  page = await someone(NEWCOMER);
  await chooseOwn(page);
  await signInThere(page, NEWCOMER);
  await page.waitForURL("**/desktops");

  await admin.goto(`${portal}/users?q=${NEWCOMER}`);
  assert.equal(await admin.getByRole("row", { name: "Nora Newcomer" }).count(), 1);
});

test("who is there already is found by a verified address, who is suspended is refused", { timeout: 60_000 }, async () => {
  let page = await someone("doubtful@harbour.example", { bypassCSP: true });
  await chooseOwn(page);
  await signInThere(page, "doubtful@harbour.example");
  await page.getByText("did not let you in here").waitFor();
  await checkLooks(page, "federation not in");

  page = await someone(oliver.email);
  await chooseOwn(page);
  await signInThere(page, oliver.email);
  await page.waitForURL("**/desktops");
  await page.locator("details.menu summary").click();
  await page.getByText("Oliver Bennett").first().waitFor();

  await admin.goto(`${portal}/users?q=${oliver.email}`);
  await admin.getByRole("link", { name: "Oliver Bennett" }).click();
  await admin.getByRole("button", { name: "Suspend" }).click();
  await admin.waitForLoadState();
  page = await someone(oliver.email);
  await chooseOwn(page);
  await signInThere(page, oliver.email);
  await page.getByText("did not let you in here").waitFor();
  await admin.goto(`${portal}/activity`);
  await admin.getByText("suspended", { exact: true }).first().waitFor();
});

test("closed passwords open nothing, and one administrator keeps theirs", { timeout: 60_000 }, async () => {
  await admin.goto(`${portal}/federation`);
  await admin.getByRole("checkbox", { name: "Administrator" }).check();
  await admin.getByRole("button", { name: "Save" }).click();
  await admin.getByText("Choose an active administrator who keeps a password").waitFor();
  await admin.getByLabel("Administrator who keeps a password").selectOption({ label: "Grace Miller" });
  await admin.getByRole("checkbox", { name: "User", exact: true }).check();
  await admin.getByRole("button", { name: "Save" }).click();
  await admin.getByText("Saved. Test the connection next.").waitFor();

  // A one-time link is no way around.
  const amelia = demo.report().accounts.find(({ email }) => email.startsWith("amelia@"));
  const page = await (await newPerson(browser)).newPage();
  await page.goto(amelia.link);
  const own = newPassword();
  await page.getByLabel("New password", { exact: true }).fill(own);
  await page.getByLabel("New password again").fill(own);
  await page.getByRole("button", { name: "Save and start" }).click();
  await page.getByText("Your organisation has you sign in on its own page").waitFor();

  const door = await someone(grace.email);
  await door.getByLabel("Password", { exact: true }).fill(password);
  await door.getByRole("button", { name: "Sign in", exact: true }).click();
  await door.waitForURL("**/overview");
});

test("who signed in there proves there who they are", { timeout: 60_000 }, async () => {
  await admin.goto(`${portal}/prove?next=/users`);
  await checkLooks(admin, "prove with provider");
  await admin.getByRole("link", { name: "Confirm at your organisation's sign-in" }).click();
  await signInThere(admin, grace.email);
  await admin.waitForURL("**/users");
});

test("its use ends on a page that says what that means", { timeout: 60_000 }, async () => {
  await admin.goto(`${portal}/federation`);
  await admin.getByRole("link", { name: "Stop using it" }).click();
  await checkLooks(admin, "federation remove");
  await admin.getByRole("button", { name: "Stop using it" }).click();
  await admin.getByText("Your own sign-in is not used any more.").waitFor();
  const page = await someone(NEWCOMER);
  await chooseOwn(page);
  await page.getByText("No organisation has set up a sign-in").waitFor();
});
