// Nagaya itself, as a client to measure: a demo of its own with one user at a desktop.
import { Demo } from "../../journeys/lib/demo.mjs";
import { Desktop, sessionProcesses } from "../../journeys/lib/desktop.mjs";
import { untilPicture } from "../../journeys/lib/picture.mjs";
import { enterByLink, newPassword, onePerCustomer, open } from "../../journeys/lib/portal.mjs";
import { until } from "../../journeys/lib/wait.mjs";

/** Starts the service. The desktop's size is the browser window's. */
export async function startNagaya() {
  const demo = await (await Demo.create()).start();
  const [account] = onePerCustomer(demo.report());
  const client = {
    name: "Nagaya",
    streamPort: demo.gatewayPort,
    hostProcesses: () => [demo.pid("agent"), demo.pid("gateway"), ...client.sessionHost],
    async open(page) {
      await enterByLink(page, account, newPassword());
      const session = await open(page, "desktops");
      await untilPicture(page, { limit: 60_000 });
      const server = await until("the session's X server", () => new Desktop(session).xServer());
      const displays = sessionProcesses(session).filter(
        ({ command, name }) => name === "nagaya" && command.includes("display"),
      );
      client.xServer = server.pid;
      client.sessionHost = [server.pid, ...displays.map(({ pid }) => pid)];
      const argument = (name) => server.command[server.command.indexOf(name) + 1];
      // Both are paths inside the sandbox.
      const inside = `/proc/${server.pid}/root`;
      // The server chooses the first free number itself when it was not told one.
      const display = server.command.find((word) => /^:\d+$/.test(word)) ?? ":0";
      client.socket = `${inside}/tmp/.X11-unix/X${display.slice(1)}`;
      client.authority = server.command.includes("-auth") ? inside + argument("-auth") : undefined;
    },
    stop: () => demo.dispose(),
  };
  return client;
}
