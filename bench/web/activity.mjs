// The activity log's own benchmark (crates/server/benches/activity.rs) prints one JSON object a line; this collects them.
import { execFileSync } from "node:child_process";

const AIMS = {
  "SQLite: records appended": [">=", 5000],
  "PostgreSQL: records appended": [">=", 10000],
  "SQLite: portal search in 10 million records, p95": ["<", 200],
  "PostgreSQL: portal search in 10 million records, p95": ["<", 200],
  "nagaya verify of 1 million records": ["<", 3],
};

/** Runs it beside a PostgreSQL that keeps what it acknowledges, and adds its figures: lines of `{"name", "value", "unit"}`. */
export function activityFigures(figures, root) {
  const bench = ["cargo", "bench", "--quiet", "--locked", "--profile", "dev", "--config", "profile.dev.package.server.opt-level=2", "--package", "server", "--bench", "activity"];
  const text = execFileSync("scripts/with-postgres", bench, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, WITH_POSTGRES_DURABLE: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for (const line of text.split("\n").filter((line) => line.startsWith("{"))) {
    const { name, value, unit } = JSON.parse(line);
    figures.add(name, value, unit, { aim: AIMS[name] });
  }
}
