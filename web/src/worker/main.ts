// The Worker of a session: receives, decodes and paints, so that neither input nor the toolbar waits for pixels.
import type { FromWorker, ToWorker } from "../link/protocol.ts";
import { Picture } from "./picture.ts";
import { Stream } from "./stream.ts";
import { CanvasSurface, PageSurface, type Surface } from "./surface.ts";
import { canDecodeH264 } from "./video.ts";

const scope = globalThis as unknown as {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
};

const post = (message: FromWorker, transfer: Transferable[] = []) => scope.postMessage(message, transfer);

// One picture for all connections: what was on the screen stays there until the next connection brings its own.
const picture = new Picture();
let surface: Surface | null = null;
let h264 = false;
let stream: Stream | null = null;

scope.onmessage = ({ data }) => {
  // What fails here is for the page to know; it hears of errors, not of rejections.
  take(data).catch((error: unknown) => setTimeout(() => { throw error; }));
};

async function take(message: ToWorker): Promise<void> {
  switch (message.type) {
    case "canvas":
      surface = message.canvas ? new CanvasSurface(message.canvas) : new PageSurface(post);
      h264 = await canDecodeH264();
      return post({ type: "ready", h264 });
    case "open":
      stream?.close();
      stream = surface && new Stream(message, { picture, surface, h264, post });
      return;
    case "send":
      return stream?.send(message.message);
    case "check":
      return stream?.check();
    case "close":
      stream?.close();
      stream = null;
      return;
    case "painted":
      if (surface instanceof PageSurface) surface.painted();
  }
}
