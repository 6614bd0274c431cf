// The console as an operator uses it.
import { newPerson } from "./browser.mjs";
import { totp } from "./totp.mjs";

/** A browser that shows the demo's operator's certificate. */
export function newOperator(browser, report, options) {
  const origin = report.console_url;
  const certPath = report.operator_pem_path;
  const keyPath = certPath.replace(/pem$/, "key");
  return newPerson(browser, { bypassCSP: true, ...options, clientCertificates: [{ origin, certPath, keyPath }] });
}

/** The first visit, by link and code. Ends at "Hosts and gateways". */
export async function enterConsole(page, report) {
  await page.goto(report.operator_link);
  const secret = (await page.locator("code").innerText()).replaceAll(" ", "");
  await page.getByLabel("Code of your authenticator app").fill(totp(secret));
  await page.getByRole("button", { name: "Enter" }).click();
  await page.getByRole("heading", { name: "Hosts and gateways" }).waitFor();
}
