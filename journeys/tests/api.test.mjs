// Programs of two customers meet the real executable at the same time: schemathesis makes up calls from the API's own description.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { enterByLink, makeToken, newPassword, onePerCustomer, open } from "../lib/portal.mjs";
import { runPython } from "../lib/python.mjs";

// All but a directory's, whose tokens do nothing else.
const SCOPES = [
  "See users",
  "Invite, change, suspend and remove users",
  "Read the activity log",
  "See which commitments hold",
  "See and end one's own desktops",
];

let demo, browser, portal;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  portal = demo.report().portal_url;
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
});

/** The token of a customer's administrator, who has a desktop open. */
async function tokenOf(account) {
  const page = await (await newPerson(browser)).newPage();
  await enterByLink(page, account, newPassword());
  await open(page, "desktops");
  return makeToken(page, portal, "fuzz", SCOPES);
}

test("every answer is as described, and neither customer meets what is the other's", { timeout: 600_000 }, async () => {
  const [one, other] = onePerCustomer(demo.report(), "administrator");
  const environment = {
    API_URL: portal,
    API_AUTHORITY: demo.report().authority_pem_path,
    API_TOKEN_A: await tokenOf(one),
    API_TOKEN_B: await tokenOf(other),
  };
  const { status, output } = runPython("api", "check.py", environment);
  assert.equal(status, 0, output);
  console.log(output);
});
