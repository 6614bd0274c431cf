// An organisation's records go to its own collector: a real one, over TLS; it is away for a while, and nothing is lost.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Collector } from "../lib/collector.mjs";
import { Demo } from "../lib/demo.mjs";
import { checkLooks } from "../lib/looks.mjs";
import { enterByLink, makeToken, newPassword, onePerCustomer } from "../lib/portal.mjs";
import { until } from "../lib/wait.mjs";

let demo, collector, browser, portal, page;

before(async () => {
  demo = await Demo.create();
  collector = await Collector.create(join(demo.folder, "collector"));
  await collector.start();
  await demo.start();
  portal = demo.report().portal_url;
  browser = await launchBrowser();
  page = await (await newPerson(browser, { bypassCSP: true })).newPage();
  await enterByLink(page, onePerCustomer(demo.report(), "administrator")[1], newPassword());
});

after(async () => {
  await browser?.close();
  await collector?.dispose();
  await demo?.dispose();
});

const save = () => page.getByRole("button", { name: "Save", exact: true }).click();

test("a collector is set up, and what is wrong is said beside the field", { timeout: 120_000 }, async () => {
  await page.goto(`${portal}/activity/stream`);
  await page.getByLabel("Format").selectOption("otlp");
  await page.getByLabel("Host").fill("localhost");
  await page.getByLabel("Port").fill("99999");
  await page.getByLabel("Certificates of the authority").fill(collector.authority);
  await save();
  const port = page.getByLabel("Port");
  assert.equal(await port.getAttribute("aria-invalid"), "true");
  const said = await port.getAttribute("aria-describedby");
  assert.match(await page.locator(`#${said}`).textContent(), /1 to 65535/);
  await checkLooks(page, "siem-wrong");
  await port.fill(String(collector.port));
  await save();
  await page.getByText("Saved.").waitFor();
  await page.getByRole("button", { name: "Send a test message" }).click();
  await page.getByText("The test message was sent.").waitFor();
  const message = await collector.took("activity.stream_test");
  assert.ok(message.attributes["user.full_name"]);
});

test("what happens arrives with who, from where and on what", { timeout: 120_000 }, async () => {
  await makeToken(page, portal, "siem journey 1", ["Read the activity log"]);
  const record = await collector.took("api.token_created");
  assert.equal(record.severity, "INFO");
  assert.equal(record.attributes["client.address"], "127.0.0.1");
  assert.equal(record.attributes["nagaya.outcome"], "success");
  assert.match(record.attributes["nagaya.detail"], /siem journey 1/);
  assert.ok(record.attributes["log.record.uid"]);
});

test("while the collector is away records wait, and then all arrive in their order", { timeout: 240_000 }, async () => {
  await collector.stop();
  for (const n of [2, 3, 4]) await makeToken(page, portal, `siem journey ${n}`, ["Read the activity log"]);
  await until("the page says what is wrong", async () => {
    await page.goto(`${portal}/activity/stream`);
    return (await page.locator("section.state").textContent()).includes("Cannot connect");
  }, 60_000);
  await checkLooks(page, "siem-failing");
  await collector.start();
  const details = () => collector.records().filter(({ event }) => event === "api.token_created").map(({ attributes }) => attributes["nagaya.detail"]);
  await until("the last one arrived", () => details().some((detail) => detail.includes("siem journey 4")), 120_000);
  for (const n of [1, 2, 3, 4]) assert.ok(details().some((detail) => detail.includes(`siem journey ${n}`)), `record ${n}`);
  // At least once, in the log's order, none left out.
  const places = collector.records().filter(({ event }) => event !== "activity.stream_test").map(({ attributes }) => Number(attributes["nagaya.index"]));
  const first = [...new Set(places)];
  assert.deepEqual(first, [...first].sort((a, b) => a - b));
  assert.equal(first.at(-1) - first[0] + 1, first.length);
});

test("sending ends when it is asked for, and asks first", { timeout: 60_000 }, async () => {
  await page.goto(`${portal}/activity/stream`);
  await page.getByRole("link", { name: "Stop sending" }).click();
  await page.getByRole("heading", { name: "Stop sending records to localhost?" }).waitFor();
  await checkLooks(page, "siem-remove");
  await page.getByRole("button", { name: "Stop sending" }).click();
  await page.getByText("Nothing is sent any more.").waitFor();
});
