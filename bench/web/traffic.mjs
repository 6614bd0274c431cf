// Bytes that the browser received and sent over its connections to a port, as the kernel counts them: what really went
// over the wire, TLS included, without asking the browser to copy each message.
import { execFileSync } from "node:child_process";

/** Bytes in both directions on Chromium's open connections to the port. */
export function browserBytes(port) {
  const text = execFileSync("ss", ["-Htinp", "state", "established", `( dport = :${port} )`], { encoding: "utf8" });
  let total = 0;
  // Two lines a connection: the addresses with the owner, then the counters.
  const lines = text.split("\n");
  for (let at = 0; at + 1 < lines.length; at += 2) {
    if (!/chrom/.test(lines[at])) continue;
    for (const counter of ["bytes_received", "bytes_acked"]) {
      total += Number(new RegExp(`\\b${counter}:(\\d+)`).exec(lines[at + 1])?.[1] ?? 0);
    }
  }
  return total;
}
