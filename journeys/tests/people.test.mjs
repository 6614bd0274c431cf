// What administrators do in the portal: they let people in and out, and check that their records are whole.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { checkLooks } from "../lib/looks.mjs";
import { enterByLink, newPassword, onePerCustomer } from "../lib/portal.mjs";

let demo, browser, portal, administrator, page;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  portal = demo.report().portal_url;
  browser = await launchBrowser();
  administrator = await newPerson(browser, { bypassCSP: true, acceptDownloads: true });
  page = await administrator.newPage();
  await enterByLink(page, onePerCustomer(demo.report(), "administrator")[1], newPassword());
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
});

test("an administrator invites a person, who gets in, and suspends them, who is out at once", { timeout: 60_000 }, async () => {
  await page.goto(`${portal}/users`);
  await page.getByRole("link", { name: "Invite a user" }).click();
  await page.getByLabel("Name").fill("Nora Field");
  await page.getByLabel("Email address").fill("nora@harbour.example");
  await page.getByRole("button", { name: "Register and make the link" }).click();
  const link = await page.getByLabel("One-time link").inputValue();
  await checkLooks(page, "link-issued");

  const nora = await newPerson(browser);
  const own = await nora.newPage();
  await enterByLink(own, { link }, newPassword());

  await page.goto(`${portal}/users`);
  await page.getByRole("link", { name: "Nora Field" }).click();
  await checkLooks(page, "person");
  await page.getByRole("button", { name: "Suspend", exact: true }).click();
  await page.getByText("This person is suspended and has been signed out.").waitFor();
  await own.goto(`${portal}/desktops`);
  assert.match(own.url(), /\/sign-in/);
  await nora.close();
});

/** Chooses a file of people and sends it to be looked at. */
async function look(on, text) {
  await on.goto(`${portal}/users`);
  await on.getByRole("link", { name: "Many at once (CSV)" }).click();
  const file = { name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(text) };
  await on.getByLabel("CSV file").setInputFiles(file);
  await on.getByRole("button", { name: "See what it would do" }).click();
}

/** The text of the file that a click downloads. */
async function downloaded(on, button) {
  const [download] = await Promise.all([on.waitForEvent("download"), button.click()]);
  const file = join(demo.folder, download.suggestedFilename());
  await download.saveAs(file);
  return readFileSync(file, "utf8");
}

test("many people at once: a file is looked at, confirmed, and its links work", { timeout: 60_000 }, async () => {
  await look(page, "Name,Email address,Role\nIda Stone,ida@harbour.example,Boss\n");
  await page.getByText('There is no role "Boss"').waitFor();
  await checkLooks(page, "import-wrong");
  const good = "Name,Email address,Role\nIda Stone,ida@harbour.example,User\nNora Field,nora@harbour.example,Auditor\n";
  await look(page, good);
  await page.getByRole("heading", { name: "What the file would do" }).waitFor();
  await checkLooks(page, "import-check");

  // Under the content security policy, which the looks do without.
  const strict = await newPerson(browser, { acceptDownloads: true });
  await strict.addCookies(await administrator.cookies());
  const own = await strict.newPage();
  await look(own, good);
  await own.getByRole("button", { name: "Do exactly this" }).click();
  await own.getByText("Everything was done as the file says.").waitFor();
  const links = await downloaded(own, own.getByRole("link", { name: "Download the links as CSV" }));
  const link = /https:[^"]+/.exec(links)[0];
  const everybody = await downloaded(own, (await own.goto(`${portal}/users`), own.getByRole("button", { name: "Download as CSV" })));
  assert.match(everybody, /"Ida Stone","ida@harbour.example","User","No password yet"/);
  assert.match(everybody, /"Nora Field","nora@harbour.example","Auditor","Locked"/);
  await look(own, everybody);
  await own.getByText("There is nothing to change.").waitFor();
  await strict.close();
  const ida = await newPerson(browser);
  await enterByLink(await ida.newPage(), { link }, newPassword());
  await ida.close();
});

test("the records that an administrator takes along are whole, and a changed one is found", { timeout: 60_000 }, async () => {
  await page.goto(`${portal}/activity`);
  await page.getByText("Nora Field").first().waitFor();
  const key = await page.locator("code.key").first().textContent();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("form.proof-actions button").click()]);
  const file = join(demo.folder, "activity-proof.jsonl");
  await download.saveAs(file);
  const nagaya = process.env.NAGAYA ?? new URL("../../target/debug/nagaya", import.meta.url).pathname;
  assert.match(execFileSync(nagaya, ["verify", file, "--key", key], { encoding: "utf8" }), /none missing or moved/);

  const changed = readFileSync(file, "utf8").replace("Nora Field", "Nora Fields");
  writeFileSync(file, changed);
  const { status, stdout } = spawnSync(nagaya, ["verify", file, "--key", key], { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stdout, /record|content/i);
});
