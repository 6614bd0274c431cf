// The session's picture as the browser has it.
import { until } from "./wait.mjs";

/** The screen's size in its own pixels. */
export function pictureSize(page) {
  return page.evaluate(() => {
    const canvas = [...document.querySelectorAll("canvas")].sort((a, b) => b.width * b.height - a.width * a.height)[0];
    return canvas ? { width: canvas.width, height: canvas.height } : null;
  });
}

/** How many different colours a coarse grid of points shows, and a fingerprint of them. */
export function sample(page, columns = 32, rows = 18) {
  return page.evaluate(
    ([width, height]) => {
      const canvas = [...document.querySelectorAll("canvas")].sort((a, b) => b.width * b.height - a.width * a.height)[0];
      if (!canvas?.width) return { colours: 0, print: "" };
      const small = new OffscreenCanvas(width, height);
      const context = small.getContext("2d");
      context.imageSmoothingEnabled = false;
      context.drawImage(canvas, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      const words = [...new Uint32Array(data.buffer)];
      return { colours: new Set(words).size, print: words.map((word) => word.toString(16)).join() };
    },
    [columns, rows],
  );
}

/** Waits for the first picture worth the name: a desktop has many colours, an empty window few, a black screen one. */
export function untilPicture(page, { limit = 30_000, colours = 8 } = {}) {
  return until("a desktop is painted", async () => (await sample(page)).colours >= colours, limit);
}

/** Waits until the picture differs from an earlier sample. */
export function untilChanged(page, earlier, limit = 15_000) {
  return until("the picture changes", async () => (await sample(page)).print !== earlier.print, limit);
}
