// Tools from PyPI, in the versions that a folder's requirements.txt names, each folder in an environment of its own.
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const JOURNEYS = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The interpreter of a folder's environment, which is made when it is missing or its list has changed. */
export function pythonOf(folder) {
  const wanted = join(JOURNEYS, folder, "requirements.txt");
  const home = join(JOURNEYS, folder, ".venv");
  const made = join(home, "requirements.txt");
  const read = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  if (read(made) !== read(wanted)) {
    rmSync(home, { recursive: true, force: true });
    execFileSync("python3", ["-m", "venv", home], { stdio: "inherit" });
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement", wanted];
    execFileSync(join(home, "bin/python"), pip, { stdio: "inherit" });
    copyFileSync(wanted, made);
  }
  return join(home, "bin/python");
}

/** Runs a folder's script; its arguments are in the environment, so that secrets are on no command line. */
export function runPython(folder, script, environment) {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...environment };
  const done = spawnSync(pythonOf(folder), [join(JOURNEYS, folder, script)], { env, encoding: "utf8" });
  return { status: done.status, output: `${done.stdout}${done.stderr}` };
}
