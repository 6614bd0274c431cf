// What every page must be: accessible by axe's rules, with nothing that overflows. With SCREENSHOTS it is kept as a picture.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Checks the page that is shown. Its context must bypass the page's policy, which rightly forbids axe as a script. */
export async function checkLooks(page, name) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll("main *")].filter((part) => part.getBoundingClientRect().right > innerWidth).map((part) => part.outerHTML.slice(0, 100)),
  );
  assert.ok(overflow <= 0, `${name} is ${overflow} px too wide: ${wide.join("\n")}`);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
  assert.deepEqual(found, [], name);
  if (process.env.SCREENSHOTS) {
    mkdirSync(process.env.SCREENSHOTS, { recursive: true });
    const file = `${name.replaceAll(/[ /]/g, "-")}.png`;
    await page.screenshot({ path: join(process.env.SCREENSHOTS, file), fullPage: true });
  }
}
