// The text editor inside a desktop, used through the browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { until } from "./wait.mjs";

/** Starts the editor on a new file by the desktop's own "run" box, as a person would. */
export async function startEditor(page, desktop, file) {
  await desktop.untilWindow(/xfce4-panel|Desktop/);
  await page.keyboard.press("Alt+F2");
  await desktop.untilWindow(/Application Finder|アプリケーションファインダー/);
  await page.keyboard.type(`mousepad ${file}`);
  await page.keyboard.press("Enter");
  await desktop.untilWindow(new RegExp(file.replace(".", "\\.")));
}

/** Saves in the editor until the file on the host holds the text: what was pasted may take a moment to appear. */
export async function saveAndFind(page, demo, file, text, limit = 15_000) {
  return until(
    `${file} holds ${text}`,
    async () => {
      await page.keyboard.press("Control+s");
      const path = demo.findFile(file);
      return path && readFileSync(path, "utf8").includes(text) && path;
    },
    limit,
    200,
  );
}

/** Text typed by an input method of the browser's machine: composed letter by letter, then committed. */
export async function compose(page, steps, committed) {
  const session = await page.context().newCDPSession(page);
  for (const step of steps) {
    await session.send("Input.imeSetComposition", { text: step, selectionStart: step.length, selectionEnd: step.length });
  }
  await session.send("Input.insertText", { text: committed });
  await session.detach();
}

/** A file's text, without the newline that editors add. */
export function fileText(path) {
  const text = readFileSync(path, "utf8");
  assert.equal(typeof text, "string");
  return text.replace(/\n$/, "");
}
