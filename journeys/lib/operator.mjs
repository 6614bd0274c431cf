// An operator of the demo, as the management console meets them: a certificate, an authenticator, a browser.
import { newPerson } from "./browser.mjs";
import { totp } from "./totp.mjs";

/** A browser that shows one of the demo's operators' certificates; the first is the owner, the second security. */
export function newOperator(browser, report, which, options = {}) {
  const certPath = report.operators[which].pem_path;
  const keyPath = certPath.replace(/pem$/, "key");
  return withCertificate(browser, report, { certPath, keyPath }, options);
}

/** A browser that shows a certificate, given as Playwright takes it. */
export function withCertificate(browser, report, certificate, options = {}) {
  const clientCertificates = [{ origin: report.console_url, ...certificate }];
  return newPerson(browser, { bypassCSP: true, ...options, clientCertificates });
}

/** Enters for the first time by a link, in English; the page is left open on what the console shows then. */
export async function enterFirst(context, link) {
  const page = await context.newPage();
  await page.goto(link);
  const secret = (await page.locator("code").innerText()).replaceAll(" ", "");
  await page.getByLabel("Code of your authenticator app").fill(totp(secret));
  await page.getByRole("button", { name: "Enter" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  return page;
}

/** One operator asks for an elevation, for a customer or, without one, for the service base; another one approves it. */
export async function elevate(asking, deciding, consoleUrl, customer = "") {
  await asking.goto(`${consoleUrl}/console/elevations/ask`);
  await asking.getByLabel("Code of the customer").fill(customer);
  await asking.getByLabel("Purpose").fill("As agreed");
  await asking.getByRole("button", { name: "Ask", exact: true }).click();
  await asking.getByRole("heading", { name: "Elevation of" }).waitFor();
  await deciding.goto(asking.url());
  await deciding.getByLabel("Reason for approving or refusing").fill("As agreed");
  await deciding.getByRole("button", { name: "Approve" }).click();
  await deciding.getByText("In force", { exact: true }).waitFor();
}
