// Device certificates as people meet them: issued by an administrator, imported into a browser, asked for at one name alone.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { checkLooks } from "../lib/looks.mjs";
import { enterByLink, newPassword, onePerCustomer } from "../lib/portal.mjs";

const password = newPassword();
let demo, browser, portal, device, folder, boss, hana, admin, file, filePassword;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  browser = await launchBrowser();
  portal = demo.report().portal_url;
  device = portal.replace("https://", "https://device.");
  folder = mkdtempSync(join(tmpdir(), "nagaya-device-"));
  [, boss] = onePerCustomer(demo.report(), "administrator");
  hana = demo.report().accounts.find(({ role, tenant }) => role === "user" && tenant === boss.tenant);
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Somebody's browser with English pages, with the certificate or without. */
async function person(certificate) {
  const own = { origin: device, pfxPath: file, passphrase: filePassword };
  const context = await newPerson(browser, { bypassCSP: true, clientCertificates: certificate ? [own] : undefined });
  return context.newPage();
}

/** Chooses a password by the one-time link, as far as that leads where a certificate is asked for. */
async function enter(page) {
  await page.goto(hana.link);
  await page.getByLabel("New password", { exact: true }).fill(password);
  await page.getByLabel("New password again").fill(password);
  await page.getByRole("button", { name: "Save and start" }).click();
  await page.waitForURL("**/sign-in/device?**");
}

/** The same by password. */
async function signIn(page) {
  await page.goto(`${portal}/sign-in`);
  await page.getByLabel("Email address").fill(hana.email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL("**/sign-in/device?**");
}

test("an administrator issues a certificate that browsers and tools can import", { timeout: 90_000 }, async () => {
  admin = await person(false);
  await enterByLink(admin, boss, password);
  await admin.goto(`${portal}/devices`);
  await admin.getByRole("link", { name: "Issue a certificate" }).click();
  await admin.getByLabel("Email address of the person").fill("nobody@harbour.example");
  await admin.getByLabel("Device name").fill("Sales laptop 12");
  await admin.getByRole("button", { name: "Issue" }).click();
  await admin.getByText("Nobody in your organisation has this email address.").waitFor();
  assert.equal(await admin.getByLabel("Device name").inputValue(), "Sales laptop 12");
  await admin.getByLabel("Email address of the person").fill(hana.email);
  await admin.getByRole("button", { name: "Issue" }).click();
  await admin.getByRole("heading", { name: "Certificate for “Sales laptop 12”" }).waitFor();
  await checkLooks(admin, "device-issued");
  filePassword = await admin.locator("#password").inputValue();
  const [download] = await Promise.all([admin.waitForEvent("download"), admin.getByRole("link", { name: /^Save / }).click()]);
  file = join(folder, download.suggestedFilename());
  await download.saveAs(file);
  assert.match(file, /device-[0-9a-f]{8}\.p12$/);

  const shown = execFileSync("openssl", ["pkcs12", "-in", file, "-nodes", "-passin", `pass:${filePassword}`], { encoding: "utf8" });
  assert.match(shown, /BEGIN PRIVATE KEY/);
  assert.equal(shown.match(/BEGIN CERTIFICATE/g).length, 2);
  const store = join(folder, "nssdb");
  mkdirSync(store);
  execFileSync("certutil", ["-d", `sql:${store}`, "-N", "--empty-password"]);
  execFileSync("pk12util", ["-d", `sql:${store}`, "-i", file, "-W", filePassword]);
  assert.match(execFileSync("certutil", ["-d", `sql:${store}`, "-K"], { encoding: "utf8" }), /(ec|rsa)\s/);
});

test("only the devices' own name asks for a certificate, and serves nothing else", { timeout: 30_000 }, async () => {
  const { port } = new URL(portal);
  for (const [name, asks] of [["localhost", false], ["device.localhost", true]]) {
    const told = spawnSync("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", name, "-msg"], { input: "", encoding: "utf8" });
    assert.equal(/CertificateRequest/.test(told.stdout), asks, name);
  }
  const status = (servername, host, path) =>
    new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, servername, path, rejectUnauthorized: false, headers: { host } };
      request(options, (answer) => resolve(answer.resume().statusCode)).on("error", reject).end();
    });
  assert.equal(await status("localhost", `localhost:${port}`, "/sign-in"), 200);
  assert.equal(await status("localhost", `device.localhost:${port}`, "/sign-in"), 421);
  assert.equal(await status("device.localhost", `localhost:${port}`, "/sign-in"), 421);
  assert.equal(await status("device.localhost", `device.localhost:${port}`, "/sign-in"), 404);
  assert.equal(await status("localhost", `localhost:${port}`, "/device/made-up"), 404);
});

test("where the rule asks for it, nothing opens without the certificate, and everything with it", { timeout: 90_000 }, async () => {
  await admin.goto(`${portal}/sign-in-rules/user`);
  await admin.getByLabel("Require a device certificate").check();
  await admin.getByRole("button", { name: "Save" }).click();
  await admin.waitForURL("**/sign-in-rules?done=saved");

  const without = await person(false);
  await enter(without);
  await without.getByRole("heading", { name: "Certificate of this device" }).waitFor();
  await checkLooks(without, "device-check");
  await without.getByRole("link", { name: "Show the certificate" }).click();
  await without.getByText("Your browser showed no certificate.").waitFor();
  await without.getByText("ask your organisation's administrator").first().waitFor();
  await checkLooks(without, "device-check-refused");
  await without.goto(`${portal}/account`);
  await without.waitForURL("**/sign-in/device?**");
  await without.context().close();

  const page = await person(true);
  await signIn(page);
  await page.getByRole("link", { name: "Show the certificate" }).click();
  await page.waitForURL("**/desktops");
  await page.goto(`${portal}/sign-in/device`);
  await page.getByText("Signed in with “Sales laptop 12”.").waitFor();

  // The administrator revokes it: the next click is out.
  await admin.goto(`${portal}/devices?q=Sales`);
  await admin.getByRole("link", { name: "Revoke Sales laptop 12" }).click();
  await admin.getByRole("heading", { name: "Revoke this certificate?" }).waitFor();
  await admin.getByRole("button", { name: "Revoke" }).click();
  await admin.getByText("The certificate was revoked.").waitFor();
  await page.goto(`${portal}/desktops`);
  await page.waitForURL("**/sign-in?**");
  await signIn(page);
  await page.getByRole("link", { name: "Show the certificate" }).click();
  await page.getByText("This certificate was revoked.").waitFor();
  await page.context().close();

  await admin.goto(`${portal}/activity`);
  for (const what of ["Device certificate issued", "Device certificate shown", "Device certificate refused", "Device certificate revoked"]) {
    await admin.getByRole("rowheader", { name: what }).first().waitFor();
  }
});

test("an organisation's own authority is added, shown and checked", { timeout: 90_000 }, async () => {
  const [key, pem] = [join(folder, "ca.key"), join(folder, "ca.pem")];
  const make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-subj", "/CN=Harbour devices", "-days", "30"];
  execFileSync("openssl", make, { stdio: "ignore" });
  const text = execFileSync("openssl", ["x509", "-in", pem], { encoding: "utf8" });
  await admin.goto(`${portal}/device-authorities`);
  await admin.getByLabel("Certificate of the authority (PEM)").fill("hello");
  await admin.getByRole("button", { name: "Add" }).click();
  await admin.getByText("This is not a certificate in PEM.").waitFor();
  await admin.getByLabel("Certificate of the authority (PEM)").fill(text);
  await admin.getByRole("button", { name: "Add" }).click();
  await admin.getByText("The authority was added.").waitFor();
  const fingerprint = execFileSync("openssl", ["x509", "-in", pem, "-noout", "-fingerprint", "-sha256"], { encoding: "utf8" });
  await admin.getByText(fingerprint.trim().split("=")[1]).waitFor();
  await admin.getByRole("link", { name: /Revocations/ }).click();
  await admin.getByLabel("Serial number or fingerprint (SHA-256)").fill("laptop");
  await admin.getByRole("button", { name: "Revoke" }).click();
  await admin.getByText("Enter a serial number or a fingerprint").waitFor();
  await admin.getByLabel("Serial number or fingerprint (SHA-256)").fill("0x1F");
  await admin.getByRole("button", { name: "Revoke" }).click();
  await admin.getByText("The certificate was revoked.").waitFor();
  assert.ok(existsSync(file));

  const cookies = await admin.context().cookies();
  const own = new URL(admin.url()).pathname;
  for (const [locale, width, colorScheme] of [["ja-JP", 1280, "light"], ["ja-JP", 360, "dark"], ["en-GB", 360, "light"], ["en-GB", 1280, "dark"]]) {
    const viewer = await newPerson(browser, { locale, colorScheme, bypassCSP: true, viewport: { width, height: 800 } });
    await viewer.addCookies(cookies.filter(({ name }) => name === "__Host-nagaya"));
    const page = await viewer.newPage();
    for (const path of ["/devices", "/devices/issue", "/device-authorities", own, `${own}/remove`, "/sign-in/device", "/sign-in-rules/user"]) {
      await page.goto(portal + path);
      await checkLooks(page, `devices${path.replace(own, "/own")} ${locale} ${width}`);
    }
    await viewer.close();
  }
});
