// Starts Debian's Chromium for journeys and measurements. The only file that knows Playwright by name.
import { execFileSync } from "node:child_process";
import dns from "node:dns";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ARGUMENTS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

// A browser knows that *.localhost is its own machine (RFC 6761). For one with client certificates Playwright resolves names
// itself, by the system, which may not know.
const { lookup } = dns.promises;
dns.promises.lookup = (name, options) => lookup(name.endsWith(".localhost") ? "localhost" : name, options);

/** A browser with a fresh profile. Playwright makes the profile's folder and removes it again. */
export function launchBrowser() {
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

/**
 * The same for someone who trusts the demo's authority, in the way that the demo tells. A browser keeps nothing of a site
 * whose certificate it does not trust, so that only this one is as fast as a user's.
 */
export async function launchTrustingBrowser(authorityFile) {
  const home = mkdtempSync(join(tmpdir(), "nagaya-browser-"));
  const store = join(home, ".pki/nssdb");
  mkdirSync(store, { recursive: true });
  execFileSync("certutil", ["-d", `sql:${store}`, "-N", "--empty-password"]);
  execFileSync("certutil", ["-d", `sql:${store}`, "-A", "-t", "C,,", "-n", "nagaya-demo", "-i", authorityFile]);
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS, env: { ...process.env, HOME: home } });
  browser.on("disconnected", () => rmSync(home, { recursive: true, force: true }));
  return browser;
}

/** Someone's browser: cookies of its own, and the demo's authority accepted as a person would who compared it. */
export function newPerson(browser, options = {}) {
  return browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "Asia/Tokyo",
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
}
