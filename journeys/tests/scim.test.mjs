// A directory meets the real executable: the suite scim2-tester, with a token that an administrator made in the portal.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { enterByLink, makeToken, newPassword, onePerCustomer } from "../lib/portal.mjs";
import { runPython } from "../lib/python.mjs";

let demo, browser, portal, page;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  portal = demo.report().portal_url;
  browser = await launchBrowser();
  page = await (await newPerson(browser)).newPage();
  await enterByLink(page, onePerCustomer(demo.report(), "administrator")[1], newPassword());
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
});

test("scim2-tester finds nothing that the standard forbids", { timeout: 300_000 }, async () => {
  const token = await makeToken(page, portal, "directory", ["Let a directory look after users and roles (SCIM)"]);
  const { status, output } = runPython("scim", "check.py", {
    SCIM_URL: `${portal}/scim/v2`,
    SCIM_TOKEN: token,
    SCIM_AUTHORITY: demo.report().authority_pem_path,
  });
  assert.equal(status, 0, output);
  console.log(output.split("\n").slice(-3).join("\n"));

  // What it did is in the log, by both names.
  await page.goto(`${portal}/activity`);
  await page.getByText("(API: directory)").first().waitFor();
});
