// A new customer from the first form to the first desktop: an operator adds it, its administrator follows the link.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { checkLooks } from "../lib/looks.mjs";
import { enterByLink, makeToken, newPassword, offered, onePerCustomer, open } from "../lib/portal.mjs";
import { untilPicture } from "../lib/picture.mjs";
import { elevate, enterFirst, newOperator } from "../lib/operator.mjs";

const LOOKS = [
  { locale: "ja-JP", colorScheme: "light", width: 1280 },
  { locale: "en-GB", colorScheme: "dark", width: 360 },
  { locale: "en-GB", colorScheme: "light", width: 1280 },
  { locale: "ja-JP", colorScheme: "dark", width: 360 },
];
let demo, browser, report, console_;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  report = demo.report();
  console_ = report.console_url;
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
});

test("an operator adds a customer, whose administrator comes in and opens a desktop", { timeout: 120_000 }, async () => {
  const operator = await newOperator(browser, report, 0, { locale: "en-GB" });
  const page = await enterFirst(operator, report.operators[0].link);
  await page.getByRole("link", { name: "Customers" }).click();
  await page.getByRole("link", { name: "Add a customer" }).click();
  await page.getByRole("heading", { name: "Add a customer", level: 1 }).waitFor();
  const fields = {
    Code: "harbour",
    "Name (Japanese)": "青葉設計株式会社",
    "Name (English)": "Aoba Design Ltd.",
    Number: "N-AOBA",
    Accounts: "20",
    "Sessions at the same time": "10",
    "Service code": "AOBA-D1",
    "Administrator's name": "Aoi Aoki",
    "Administrator's email address": "aoi@aoba.example",
  };
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
  await page.getByLabel("East Japan (JP)").check();
  await page.getByLabel("Calculator").uncheck();
  await page.getByRole("button", { name: "Add and make the link" }).click();
  // The code is taken: it says so, and all the rest is still there.
  await page.getByText("Another customer has this code.").waitFor();
  await checkLooks(page, "console-new-wrong");
  for (const [label, value] of Object.entries(fields)) assert.equal(await page.getByLabel(label, { exact: true }).inputValue(), value);
  assert.equal(await page.getByLabel("Calculator").isChecked(), false);
  await page.getByLabel("Code", { exact: true }).fill("aoba");
  await page.getByRole("button", { name: "Add and make the link" }).click();
  await page.getByRole("heading", { name: "Aoba Design Ltd. was added" }).waitFor();
  await checkLooks(page, "console-added");
  const link = await page.getByLabel("One-time link").inputValue();
  await page.getByRole("link", { name: "See the contract" }).click();
  await page.getByText("N-AOBA").first().waitFor();
  await page.getByText("4 resources, 0 of them without a code").waitFor();
  await page.getByRole("link", { name: "Change names" }).click();
  await page.getByText("you need an elevation for this customer").waitFor();
  assert.equal(await page.getByLabel("Name (English)").count(), 0);
  const security = await newOperator(browser, report, 1, { locale: "en-GB" });
  const deciding = await enterFirst(security, report.operators[1].link);
  await elevate(page, deciding, console_, "aoba");
  await elevate(page, deciding, console_);
  await security.close();
  await page.goto(`${console_}/console/customers/aoba/names`);
  await page.getByLabel("Name (English)").fill("Aoba Architects Ltd.");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Aoba Architects Ltd." }).waitFor();

  const person = await newPerson(browser, { locale: "en-GB" });
  const own = await person.newPage();
  await enterByLink(own, { link }, newPassword());
  await own.goto(`${report.portal_url}/desktops`);
  assert.deepEqual(await offered(own), ["Work desktop", "Text editor", "Terminal", "Files"]);
  await open(own, "desktops");
  await untilPicture(own);

  const cookies = await operator.cookies();
  for (const look of LOOKS) {
    const viewer = await newOperator(browser, report, 0, { ...look, viewport: { width: look.width, height: 800 } });
    await viewer.addCookies(cookies.filter(({ name }) => name === "__Host-nagaya-console"));
    const one = await viewer.newPage();
    for (const path of ["customers", "customers/new", "customers/aoba", "customers/aoba/names", "inventory", "catalogue", "catalogue/offers/long-log", "catalogue/offers/long-log/remove", "catalogue/regions/us-west"]) {
      await one.goto(`${console_}/console/${path}`);
      await checkLooks(one, `console-${path.replaceAll("/", "-")}-${look.locale}-${look.width}`);
    }
    await viewer.close();
  }
  await listsAoba(own);
  await looksLikeAoba(own, page);
  await person.close();
  await operator.close();
});

/** The administrator finds every asset with its service code, by page, file and API alike; another customer finds none. */
async function listsAoba(own) {
  const portal = report.portal_url;
  const token = await makeToken(own, portal, "assets", ["See users", "See which commitments hold"]);
  await own.goto(`${portal}/inventory`);
  const rows = own.locator("tbody tr");
  for (const kind of ["Desktop", "Application", "Session"]) {
    const ofKind = rows.filter({ has: own.getByRole("rowheader", { name: kind, exact: true }) });
    assert.ok((await ofKind.count()) > 0, kind);
    assert.equal(await ofKind.filter({ hasText: "AOBA-D1" }).count(), await ofKind.count(), kind);
  }
  await rows.filter({ hasText: "Home folder" }).filter({ hasText: "Aoi Aoki" }).waitFor();
  await own.getByLabel("Kind").selectOption("Desktop");
  await own.getByRole("button", { name: "Search" }).click();
  await own.waitForURL("**kind=desktop**");
  assert.equal(await rows.count(), 1);
  await own.getByRole("link", { name: "Clear" }).click();
  const [download] = await Promise.all([own.waitForEvent("download"), own.getByRole("link", { name: "Take out as CSV" }).click()]);
  const sheet = readFileSync(await download.path(), "utf8").trim().split("\r\n");

  const headers = { Authorization: `Bearer ${token}` };
  const answer = await own.request.get(`${portal}/api/v1/assets`, { headers });
  assert.equal(answer.status(), 200);
  const { items, total } = await answer.json();
  assert.equal(sheet.length - 1, total);
  for (const { id, service_code } of items) {
    assert.ok(sheet.some((line) => line.includes(id) && line.includes(service_code ?? "")), id);
  }

  const other = await newPerson(browser, { locale: "en-GB" });
  const elsewhere = await other.newPage();
  await enterByLink(elsewhere, onePerCustomer(report, "administrator")[0], newPassword());
  await elsewhere.goto(`${portal}/inventory?q=AOBA`);
  await elsewhere.getByText("No such asset").waitFor();
  for (const { id } of items) {
    const sees = await (await other.request.get(`${portal}/inventory/assets.csv?q=${id}`)).text();
    assert.ok(!sees.includes(id), id);
  }
  await other.close();
}

/** The administrator gives the portal a look, under the page's real policy; everybody at `/at/aoba` sees it. */
async function looksLikeAoba(own, anyPage) {
  const portal = report.portal_url;
  const logo = { name: "logo.png", mimeType: "image/png", buffer: await anyPage.locator("h1").first().screenshot() };
  await own.goto(`${portal}/branding`);
  const plain = await colourOf(own.getByRole("button", { name: "Save" }));
  await own.getByLabel("Name in the head (English)").fill("Aoba workspace");
  await own.getByLabel("Logo", { exact: true }).setInputFiles(logo);
  await own.getByLabel("Colour").fill("#ffee00");
  await own.getByRole("button", { name: "Preview" }).click();
  await own.getByText("This is a preview.").waitFor();
  await own.getByText("text in this colour cannot be read").first().waitFor();
  assert.notEqual(await colourOf(own.getByRole("button", { name: "Save" })), plain);
  await shot(own, "branding-preview");
  await own.getByRole("button", { name: "Save" }).click();
  await own.getByText("Saved.").waitFor();
  await own.goto(`${portal}/desktops`);
  await own.getByRole("link", { name: "Aoba workspace" }).waitFor();
  await shot(own, "branding-desktops");
  const width = await own.locator(".brand-logo").evaluate((picture) => picture.naturalWidth);
  assert.ok(width > 0, "the logo is shown");

  const guest = await newPerson(browser, { locale: "en-GB" });
  const door = await guest.newPage();
  await door.goto(`${portal}/at/aoba`);
  await door.getByText("Aoba workspace").waitFor();
  await shot(door, "branding-sign-in");
  assert.notEqual(await colourOf(door.getByRole("button", { name: "Sign in", exact: true })), plain);
  await door.goto(`${portal}/at/nobody`);
  assert.equal(await door.getByText("Aoba workspace").count(), 0);
  assert.equal(await colourOf(door.getByRole("button", { name: "Sign in", exact: true })), plain);
  await guest.close();
}

function colourOf(button) {
  return button.first().evaluate((element) => getComputedStyle(element).backgroundColor);
}

async function shot(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png`, fullPage: true });
}
