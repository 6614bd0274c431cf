// The portal as a person uses it: by what is written on buttons and fields.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

/** A password of this run; never a fixed one. */
export function newPassword() {
  return randomBytes(15).toString("base64url");
}

/** Where people begin: users with their desktops, those who look after the organisation with how things stand. */
const FIRST_PAGE = /\/(desktops|overview)$/;

/** Follows the one-time link and chooses a password. Ends at the first page. */
export async function enterByLink(page, account, password) {
  await page.goto(account.link);
  await page.getByLabel("New password", { exact: true }).fill(password);
  await page.getByLabel("New password again").fill(password);
  await page.getByRole("button", { name: "Save and start" }).click();
  await page.waitForURL(FIRST_PAGE);
}

/** Signs in with a password. Ends at the first page. */
export async function signIn(page, portalUrl, account, password) {
  await page.goto(`${portalUrl}/sign-in`);
  await page.getByLabel("Email address").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL(FIRST_PAGE);
}

/** Makes an API token and returns its secret; `scopes` are what the page calls them. */
export async function makeToken(page, portalUrl, name, scopes) {
  await page.goto(`${portalUrl}/tokens`);
  await page.getByLabel("Name").fill(name);
  for (const scope of scopes) await page.getByLabel(scope, { exact: true }).check();
  await page.getByRole("button", { name: "Create the token" }).click();
  return page.getByLabel("Token", { exact: true }).inputValue();
}

/** Signs out by the account menu. */
export async function signOut(page, portalUrl) {
  await page.goto(`${portalUrl}/desktops`);
  await page.locator("details.menu summary").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/sign-in**");
}

/** The names of what can be opened, desktops first. */
export async function offered(page) {
  return page.locator(".card h3").allTextContents();
}

/** Clicks "Open" (or "Resume") on a card; `kind` is `desktops` or `applications`, `at` counts from 0. */
export async function open(page, kind, at = 0) {
  if (!page.url().endsWith("/desktops")) await page.goto(new URL("/desktops", page.url()).href);
  const section = page.locator(`section[aria-labelledby="${kind}"]`);
  await section.locator(".card .button.primary").nth(at).click();
  await page.waitForURL("**/sessions/*");
  return sessionOf(page);
}

/** The id of the session that the page shows. */
export function sessionOf(page) {
  const id = /\/sessions\/([0-9a-f-]+)/.exec(page.url())?.[1];
  assert.ok(id, `no session in ${page.url()}`);
  return id;
}

/** Everyone of a role, one for each customer. */
export function onePerCustomer(report, role = "user") {
  const seen = new Map();
  for (const account of report.accounts) {
    if (account.role === role && !seen.has(account.tenant)) seen.set(account.tenant, account);
  }
  return [...seen.values()];
}

/** Whether the first desktop has a session, on the page "My desktops". */
export async function isLive(page) {
  return (await page.locator("section[aria-labelledby=desktops] .card").first().locator(".button.danger").count()) > 0;
}

/** Ends the first desktop's session from "My desktops", and says yes when asked. */
export async function endSession(page) {
  await page.locator("section[aria-labelledby=desktops] .button.danger").first().click();
  await Promise.all([
    page.waitForResponse((answer) => answer.request().method() === "POST" && answer.url().endsWith("/end")),
    page.getByRole("dialog").getByRole("button", { name: "End" }).click(),
  ]);
}
