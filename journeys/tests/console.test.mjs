// The management console as an operator meets it: their certificate, their authenticator, and nothing without either.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { connect } from "node:tls";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { totp } from "../lib/totp.mjs";
import { checkLooks } from "../lib/looks.mjs";

const LOOKS = [
  { locale: "ja-JP", colorScheme: "light", width: 1280 },
  { locale: "en-GB", colorScheme: "dark", width: 360 },
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

test("without an operator's certificate there is no connection", async () => {
  const { hostname, port } = new URL(console_);
  const failure = await new Promise((resolve) => {
    const socket = connect({ host: hostname, port, rejectUnauthorized: false }, () => socket.write("GET / HTTP/1.0\r\n\r\n"));
    socket.on("error", (error) => resolve(error.code));
    socket.on("data", (data) => resolve(String(data)));
    socket.on("close", () => resolve("closed"));
  });
  assert.match(failure, /^(ERR_SSL_|ECONNRESET|closed)/);
});

test("a scanner finds TLS 1.3 with modern ciphers, and nothing older, on every listener", { timeout: 60_000 }, () => {
  for (const offset of [0, 1, 2, 3]) {
    const address = `localhost:${demo.portBase + offset}`;
    const found = execFileSync("sslscan", ["--no-colour", address], { encoding: "utf8" });
    const protocols = [...found.matchAll(/^((?:SSL|TLS)v[\d.]+) +(enabled|disabled)$/gm)].map(([, name, state]) => [name, state]);
    assert.deepEqual(protocols.filter(([, state]) => state === "enabled"), [["TLSv1.3", "enabled"]], address);
    assert.ok(protocols.length >= 6, found);
    const ciphers = [...found.matchAll(/^(?:Preferred|Accepted) +\S+ +(\d+) bits +(\S+)/gm)];
    assert.ok(ciphers.length > 0, found);
    for (const [line, bits, name] of ciphers) assert.ok(bits >= 128 && /GCM|CHACHA20/.test(name), line);
    assert.match(found, /not vulnerable to heartbleed/, address);
  }
});

test("an operator enters with certificate and code, drains a host and finds it in the work log", { timeout: 60_000 }, async () => {
  const operator = await newOperator({ locale: "en-GB" });
  const page = await operator.newPage();
  await page.goto(report.operator_link);
  const secret = (await page.locator("code").innerText()).replaceAll(" ", "");
  await checkLooks(page, "console-first");
  await page.getByLabel("Code of your authenticator app").fill(totp(secret));
  await page.getByRole("button", { name: "Enter" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.getByRole("link", { name: "Hosts and gateways" }).click();
  await page.getByRole("heading", { name: "Hosts and gateways" }).waitFor();
  assert.equal(await page.getByText("Linked", { exact: true }).count(), 2);

  await page.getByText("Drain", { exact: true }).first().click();
  await page.getByLabel("Reason").fill("New memory");
  await page.getByRole("button", { name: "Drain" }).click();
  await page.getByText("Draining", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Work log" }).click();
  await page.getByText("New memory").waitFor();
  await page.getByText("Session host drained").waitFor();
  await page.getByRole("link", { name: "Customers" }).click();
  await page.getByText("harbour", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Harbour & Co." }).click();
  // What touches a customer takes another person: see operators.test.mjs.
  await page.getByText("you need an elevation for this customer").waitFor();
  assert.equal(await page.getByText("Write the next version").count(), 0);
  // Of what customers store nothing is here.
  assert.ok(!(await page.content()).includes("@harbour.example"));

  const cookies = await operator.cookies();
  for (const look of LOOKS) {
    const viewer = await newOperator({ ...look, bypassCSP: true, viewport: { width: look.width, height: 800 } });
    await viewer.addCookies(cookies.filter(({ name }) => name === "__Host-nagaya-console"));
    const own = await viewer.newPage();
    for (const path of ["", "machines", "customers", "customers/harbour", "provider", "clock", "work-log"]) {
      await own.goto(`${console_}/console/${path}`);
      await checkLooks(own, `console-${path.replace("/", "-")}-${look.locale}-${look.width}`);
    }
    await viewer.close();
  }
  await page.goto(report.operator_link);
  assert.equal(await page.getByLabel("Code of your authenticator app").count(), 0);
  await operator.close();
});

/** A browser that shows the demo's operator's certificate. */
function newOperator(options) {
  const certPath = report.operator_pem_path;
  const keyPath = certPath.replace(/pem$/, "key");
  return newPerson(browser, { bypassCSP: true, ...options, clientCertificates: [{ origin: console_, certPath, keyPath }] });
}
