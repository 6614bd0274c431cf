// Programmes run inside a session by its user: started through the browser, their output read from the user's home.
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { saveAndFind, startEditor } from "./editor.mjs";
import { until } from "./wait.mjs";

/** The user's home on the host, found by saving a file in it from inside. */
export async function homeOf(page, desktop, demo) {
  const file = `home-of-${desktop.session}.txt`;
  await startEditor(page, desktop, file);
  await page.keyboard.type("here");
  const path = await saveAndFind(page, demo, file, "here");
  await page.keyboard.press("Control+q");
  await desktop.untilNoWindow(/home-of-/);
  return dirname(path);
}

/** Puts a bash script into the home and starts it from the desktop's "run" box; its output, when it has ended. */
export async function runInside(page, desktop, home, name, script, limit = 30_000) {
  const output = join(home, `${name}.out`);
  const file = join(home, `${name}.sh`);
  writeFileSync(file, `export LC_ALL=C\nexec >"$HOME/${name}.part" 2>&1\n${script}\nmv "$HOME/${name}.part" "$HOME/${name}.out"\n`);
  chmodSync(file, 0o755);
  await page.keyboard.press("Alt+F2");
  await desktop.untilWindow(/Application Finder|アプリケーションファインダー/);
  await page.keyboard.type(`bash ${name}.sh`);
  await page.keyboard.press("Enter");
  await until(`${name} ends`, () => existsSync(output), limit);
  return readFileSync(output, "utf8");
}
