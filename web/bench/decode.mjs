// Measures the choices of docs/adr/0004-web-client-decode.md in this machine's Chromium, inside a Worker:
//   node bench/decode.mjs [H.264 file, Annex B, 1920×1080, with access unit delimiters]
// Needs the `zstd` command. Prints one line per figure: milliseconds, middle of the runs.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { deflateRawSync } from "node:zlib";
import { chromium } from "playwright-core";

const page = await text();
const tile = crop(page, 256, 256);
const files = {
  "/": ["text/html", "<!doctype html>"],
  "/fzstd.js": ["text/javascript", readFileSync(new URL("../node_modules/fzstd/esm/index.mjs", import.meta.url))],
  "/worker.js": ["text/javascript", readFileSync(new URL("worker.js", import.meta.url))],
  "/video.h264": ["application/octet-stream", process.argv[2] ? readFileSync(process.argv[2]) : ""],
};
for (const [name, data] of Object.entries({ tile, page: page.data })) {
  files[`/${name}.zst`] = ["application/octet-stream", execFileSync("zstd", ["-1", "-c"], { input: data, maxBuffer: 1e9 })];
  files[`/${name}.deflate`] = ["application/octet-stream", deflateRawSync(data, { level: 1 })];
  console.log(name, "bytes", data.length, "zstd -1", files[`/${name}.zst`][1].length, "deflate 1", files[`/${name}.deflate`][1].length);
}
const server = createServer((request, answer) => {
  const [type, body] = files[request.url] ?? ["text/plain", ""];
  answer.writeHead(200, { "content-type": type }).end(body);
}).listen(0, "127.0.0.1");
const browser = await launch();
const tab = await browser.newPage();
tab.on("console", (message) => console.log(message.text()));
await tab.goto(`http://127.0.0.1:${server.address().port}/`);
await tab.evaluate(
  () =>
    new Promise((done) => {
      const worker = new Worker("/worker.js", { type: "module" });
      worker.onerror = (event) => console.log("error", event.message);
      worker.onmessage = ({ data }) => {
        if (data.canvas) {
          const canvas = Object.assign(document.createElement("canvas"), { width: 1920, height: 1080 });
          document.body.replaceChildren(canvas);
          const offscreen = canvas.transferControlToOffscreen();
          worker.postMessage(offscreen, [offscreen]);
        } else if (data.done) done();
        else console.log(data.line);
      };
    }),
);
await browser.close();
server.close();

function launch() {
  const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
}

/** A page of text as RGBA, drawn by the browser itself. */
async function text() {
  const browser = await launch();
  const tab = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
  await tab.setContent(`<p style="columns:4;font:14px sans-serif">${"The quick brown fox jumps 日本語の文章。".repeat(900)}</p>`);
  const png = (await tab.screenshot()).toString("base64");
  const rgba = await tab.evaluate(async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let binary = "";
    for (let at = 0; at < data.length; at += 0x8000) binary += String.fromCharCode(...data.subarray(at, at + 0x8000));
    return btoa(binary);
  }, png);
  await browser.close();
  return { width: 1920, height: 1080, data: Buffer.from(rgba, "base64") };
}

function crop({ width, data }, w, h) {
  const rows = Array.from({ length: h }, (_, y) => data.subarray(y * width * 4, (y * width + w) * 4));
  return Buffer.concat(rows);
}
