// The gateway's own benchmark (crates/gateway/benches/relay.rs) prints one JSON object a line; this collects them.
import { execFileSync } from "node:child_process";

const AIMS = { "relay share of a bare TLS copy": [">=", 70], "memory per idle relayed session": ["<=", 64] };

/** Runs it and adds its figures: lines of `{"name", "value", "unit"}`. */
export function gatewayFigures(figures, root) {
  const text = execFileSync(
    "cargo",
    ["bench", "--quiet", "--locked", "--profile", "dev", "--package", "gateway", "--bench", "relay"],
    { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  for (const line of text.split("\n").filter((line) => line.startsWith("{"))) {
    const { name, value, unit } = JSON.parse(line);
    figures.add(name, value, unit, { aim: AIMS[name] });
  }
}
