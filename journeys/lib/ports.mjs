// Loopback ports that nobody uses.
import { createServer } from "node:net";

/** `count` free ports, each next to the other. */
export async function freePorts(count) {
  for (let tries = 0; tries < 100; tries++) {
    const base = 20_000 + Math.floor(Math.random() * 20_000);
    const free = await Promise.all(Array.from({ length: count }, (_, at) => isFree(base + at)));
    if (free.every(Boolean)) return Array.from({ length: count }, (_, at) => base + at);
  }
  throw new Error("no free ports");
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
