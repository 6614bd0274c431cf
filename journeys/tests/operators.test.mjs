// Operators among themselves: one asks, another approves, the customer reads it; one comes with a file, and is out when suspended.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { checkLooks } from "../lib/looks.mjs";
import { elevate, enterFirst, newOperator, withCertificate } from "../lib/operator.mjs";
import { enterByLink, newPassword } from "../lib/portal.mjs";

const LOOKS = [
  { locale: "ja-JP", colorScheme: "light", width: 1280 },
  { locale: "en-GB", colorScheme: "dark", width: 360 },
  { locale: "ja-JP", colorScheme: "dark", width: 360 },
  { locale: "en-GB", colorScheme: "light", width: 1280 },
];
let demo, browser, report, console_, owner, security, ownersPage, securitysPage, folder;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  report = demo.report();
  console_ = report.console_url;
  folder = mkdtempSync(join(tmpdir(), "nagaya-operators-"));
  browser = await launchBrowser();
  owner = await newOperator(browser, report, 0, { acceptDownloads: true });
  ownersPage = await enterFirst(owner, report.operators[0].link);
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test("alone, an owner is told to add a second person; with one, they ask and the other approves", { timeout: 120_000 }, async () => {
  // The demo's other operator has not entered yet.
  await ownersPage.goto(`${console_}/console/elevations`);
  await ownersPage.getByText("There is nobody else who could approve.").waitFor();
  await look("elevations-alone", owner, ["elevations", "elevations/ask"]);
  security = await newOperator(browser, report, 1);
  securitysPage = await enterFirst(security, report.operators[1].link);

  await ownersPage.goto(`${console_}/console/customers/harbour`);
  await ownersPage.getByText("you need an elevation for this customer").waitFor();
  assert.equal(await ownersPage.getByText("Write the next version").count(), 0);
  await ownersPage.getByRole("link", { name: "Ask for an elevation" }).click();
  assert.equal(await ownersPage.getByLabel("Code of the customer").inputValue(), "harbour");
  await ownersPage.getByLabel("Purpose").fill("Add twenty people");
  await ownersPage.getByLabel("Number of the ticket or change").fill("T-1042");
  await ownersPage.getByLabel("Duration").selectOption("120");
  await ownersPage.getByRole("button", { name: "Ask" }).click();
  await ownersPage.getByRole("heading", { name: "Elevation of 中村 誠: Harbour & Co." }).waitFor();
  assert.equal(await ownersPage.getByRole("button", { name: "Approve" }).count(), 0);
  const request = ownersPage.url();

  await securitysPage.goto(`${console_}/console/machines`);
  await securitysPage.getByRole("link", { name: /Elevations 1/ }).click();
  await securitysPage.getByRole("link", { name: "Harbour & Co." }).click();
  await look("elevation-waits", security, [new URL(request).pathname.replace("/console/", "")]);
  await securitysPage.getByLabel("Reason for approving or refusing").fill("As ordered");
  await securitysPage.getByRole("button", { name: "Approve" }).click();
  await securitysPage.getByText("In force", { exact: true }).waitFor();
});

test("the contract is changed while it is in force, and the customer reads who asked, who approved and what was done", { timeout: 60_000 }, async () => {
  await ownersPage.goto(`${console_}/console/customers/harbour`);
  await ownersPage.getByText("You may change this customer's contract and names until").waitFor();
  await ownersPage.getByText("Write the next version").click();
  await ownersPage.getByLabel("Sessions at the same time").fill("999999");
  await ownersPage.getByLabel("Reason").fill("More people");
  await ownersPage.getByRole("button", { name: "Make this the new version" }).click();
  await ownersPage.getByText("Enter a number from 0 to 100000.").waitFor();
  assert.equal(await ownersPage.getByLabel("Reason").inputValue(), "More people");
  await ownersPage.getByLabel("Sessions at the same time").fill("80");
  await ownersPage.getByRole("button", { name: "Make this the new version" }).click();
  await ownersPage.getByText("0 of 80").waitFor();
  await ownersPage.getByRole("cell", { name: "More people" }).waitFor();
  await comesAndIsWithdrawn();
  // The other customer is not meant.
  await ownersPage.goto(`${console_}/console/customers/nagaya-shoji`);
  assert.equal(await ownersPage.getByText("Write the next version").count(), 0);
  await look("customer", owner, ["customers/harbour", "customers/nagaya-shoji"]);
  // What the customer does not name is not confirmed, and what was typed stays.
  await ownersPage.goto(`${console_}/console/customers/harbour`);
  await ownersPage.getByRole("link", { name: "Email domains" }).click();
  await ownersPage.getByLabel("Email domain", { exact: true }).first().fill("harbour.example");
  await ownersPage.getByRole("button", { name: "Confirm the domain" }).click();
  await ownersPage.getByText("The customer does not name this domain").waitFor();
  assert.equal(await ownersPage.getByLabel("Email domain", { exact: true }).first().inputValue(), "harbour.example");
  await checkLooks(ownersPage, "console-domains-wrong-en-GB-1280");
  await look("domains", owner, ["customers/harbour/domains", "customers/nagaya-shoji/domains", ""]);

  await securitysPage.goto(`${console_}/console/elevations`);
  await securitysPage.getByRole("link", { name: "Harbour & Co." }).click();
  await look("elevation-in-force", security, [new URL(securitysPage.url()).pathname.replace("/console/", ""), "elevations"]);
  await securitysPage.getByRole("button", { name: "End it now" }).click();
  await securitysPage.getByText("Ended", { exact: true }).first().waitFor();
  await ownersPage.goto(`${console_}/console/customers/harbour`);
  assert.equal(await ownersPage.getByText("Write the next version").count(), 0);

  const account = report.accounts.find(({ email }) => email === "grace@harbour.example");
  const customer = await newPerson(browser, { locale: "en-GB" });
  const page = await customer.newPage();
  await enterByLink(page, account, newPassword());
  await page.goto(`${report.portal_url}/activity`);
  for (const what of ["asked for leave to act", "given leave to act", "leave to act ended"]) {
    await page.getByRole("row").filter({ hasText: what }).filter({ hasText: "T-1042 Add twenty people" }).first().waitFor();
  }
  await page.getByRole("row").filter({ hasText: "小川 直美" }).first().waitFor();
  await customer.close();
});

/** A version for a day that comes changes nothing yet, is seen, and is withdrawn after a question. */
async function comesAndIsWithdrawn() {
  await ownersPage.getByText("Write the next version").click();
  await ownersPage.getByLabel("Sessions at the same time").fill("12");
  await ownersPage.getByLabel("Reason").fill("Fewer people from spring");
  await ownersPage.getByLabel("Day from which this version counts").fill("2020-04-01");
  await ownersPage.getByRole("button", { name: "Make this the new version" }).click();
  await ownersPage.getByText("Enter a real day from today on").waitFor();
  await ownersPage.getByLabel("Day from which this version counts").fill("2099-04-01");
  await ownersPage.getByRole("button", { name: "Make this the new version" }).click();
  await ownersPage.getByText("will count from 1 Apr 2099").waitFor();
  await ownersPage.getByText("0 of 80").waitFor();
  const row = ownersPage.getByRole("row").filter({ hasText: "Fewer people from spring" });
  await row.getByText("What it says").click();
  await row.getByText("12", { exact: true }).waitFor();
  await checkLooks(ownersPage, "console-customer-coming-en-GB-1280");
  const path = new URL(await row.getByRole("link", { name: "Withdraw" }).getAttribute("href"), console_).pathname;
  await look("withdraw", owner, [path.replace("/console/", ""), "customers/harbour"]);
  await row.getByRole("link", { name: "Withdraw" }).click();
  await ownersPage.getByRole("link", { name: "Cancel" }).waitFor();
  await ownersPage.getByRole("button", { name: "Withdraw" }).click();
  await ownersPage.getByText("Withdrawn by").waitFor();
  assert.equal(await ownersPage.getByText("will count from").count(), 0);
}

test("the service base is changed, and operators get power, only while another person has approved it", { timeout: 120_000 }, async () => {
  const needed = "To change this you need an elevation for the service base.";
  for (const path of ["provider", "catalogue", "operators/add"]) {
    await ownersPage.goto(`${console_}/console/${path}`);
    await ownersPage.getByText(needed).waitFor();
    assert.equal(await ownersPage.locator("main form input[type=text]").count(), 0, path);
  }
  const pages = ["provider", "catalogue", "catalogue/offers/desktop", "operators/add", "elevations/ask"];
  await look("base-missing", owner, pages);
  await elevate(ownersPage, securitysPage, console_);
  await look("base-elevated", owner, pages);
  await ownersPage.goto(`${console_}/console/provider`);
  await ownersPage.getByText("You may change the service base until").waitFor();
  await ownersPage.getByLabel("Telephone").fill("03-0000-0001");
  await ownersPage.getByRole("button", { name: "Save" }).click();
  await ownersPage.goto(`${console_}/console/work-log`);
  await ownersPage.getByRole("row").filter({ hasText: "中村 誠" }).first().waitFor();
});

test("a new operator comes with a file that browsers import, and is out at once when suspended", { timeout: 120_000 }, async () => {
  await ownersPage.goto(`${console_}/console/operators`);
  await ownersPage.getByRole("link", { name: "Add an operator" }).click();
  await ownersPage.getByLabel("Name", { exact: true }).fill("Ada Lovell");
  await ownersPage.getByLabel("Login").fill("ada");
  await ownersPage.getByLabel("Network").check();
  await ownersPage.getByRole("button", { name: "Add and make the certificate" }).click();
  await ownersPage.getByRole("heading", { name: "To hand over to Ada Lovell" }).waitFor();
  await checkLooks(ownersPage, "console-papers-en-GB-1280");
  const [download] = await Promise.all([ownersPage.waitForEvent("download"), ownersPage.getByRole("link", { name: "Save ada.p12" }).click()]);
  assert.equal(download.suggestedFilename(), "ada.p12");
  const file = join(folder, "ada.p12");
  await download.saveAs(file);
  const password = await ownersPage.getByLabel("Password of the file").inputValue();
  const link = await ownersPage.getByLabel("Link for the first visit").inputValue();
  assert.match(password, /^([a-z2-9]{7}-){3}[a-z2-9]{5}$/);
  importsIntoBrowsers(file, password);

  const ada = await withCertificate(browser, report, { pfx: readFileSync(file), passphrase: password });
  const page = await enterFirst(ada, link);
  assert.equal(await page.getByRole("link", { name: "Customers" }).count(), 0);

  await ownersPage.goto(`${console_}/console/operators`);
  await ownersPage.getByRole("link", { name: "Ada Lovell" }).click();
  const path = new URL(ownersPage.url()).pathname.replace("/console/", "");
  await look("operator", owner, ["operators", "operators/add", path, `${path}/suspend`, `${path}/renew`, `${path}/remove`]);
  await ownersPage.getByRole("link", { name: "Suspend" }).click();
  await ownersPage.getByRole("heading", { name: "Suspend Ada Lovell?" }).waitFor();
  // Asking has changed nothing.
  assert.equal((await page.goto(`${console_}/console/machines`)).status(), 200);
  await ownersPage.getByRole("button", { name: "Suspend" }).click();
  await ownersPage.getByText("This operator is suspended.").waitFor();
  assert.equal((await page.goto(`${console_}/console/machines`)).status(), 403);
  await ownersPage.goto(`${console_}/console/work-log`);
  await ownersPage.getByRole("row").filter({ hasText: "Operator suspended" }).filter({ hasText: "Ada Lovell (ada): network" }).waitFor();
  await ada.close();
});

/** NSS, which Chromium on Linux and Firefox keep certificates in, and OpenSSL both take the file, with its password alone. */
function importsIntoBrowsers(file, password) {
  const store = `sql:${mkdtempSync(join(folder, "nss-"))}`;
  const [good, bad] = ["good", "bad"].map((name) => join(folder, name));
  writeFileSync(good, password);
  writeFileSync(bad, "something else");
  execFileSync("certutil", ["-d", store, "-N", "--empty-password"]);
  assert.throws(() => execFileSync("pk12util", ["-d", store, "-i", file, "-w", bad], { stdio: "pipe" }));
  execFileSync("pk12util", ["-d", store, "-i", file, "-w", good], { stdio: "pipe" });
  const keys = execFileSync("certutil", ["-d", store, "-K"], { encoding: "utf8" });
  assert.match(keys, /ada/);
  const shown = execFileSync("openssl", ["pkcs12", "-in", file, "-passin", `file:${good}`, "-nokeys", "-info"], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  assert.match(shown, /CN ?= ?ada/);
}

/** Every look of some pages, as the operator of a browser sees them. */
async function look(name, context, paths) {
  const cookies = await context.cookies();
  const which = context === owner ? 0 : 1;
  for (const shape of LOOKS) {
    const viewer = await newOperator(browser, report, which, { ...shape, viewport: { width: shape.width, height: 800 } });
    await viewer.addCookies(cookies.filter(({ name }) => name === "__Host-nagaya-console"));
    const page = await viewer.newPage();
    for (const [at, path] of paths.entries()) {
      await page.goto(`${console_}/console/${path}`);
      await checkLooks(page, `console-${name}-${at}-${shape.locale}-${shape.width}`);
    }
    await viewer.close();
  }
}
