// Where the picture becomes visible: an OffscreenCanvas of the Worker, or the page itself where that is missing.
import type { Rect } from "../wire/host.ts";
import type { FromWorker } from "../link/protocol.ts";
import type { Picture } from "./picture.ts";

export interface Surface {
  /** Shows a part of the picture. */
  show(picture: Picture, rect: Rect): void;
  /** Calls back when what was shown so far is painted. */
  afterPaint(done: () => void): void;
}

/** A canvas that the Worker owns. */
export class CanvasSurface implements Surface {
  readonly #canvas: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D;
  #image: ImageData | null = null;

  constructor(canvas: OffscreenCanvas) {
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("no 2d context");
    this.#canvas = canvas;
    this.#context = context;
  }

  show(picture: Picture, rect: Rect): void {
    if (this.#image?.data !== picture.bytes) {
      this.#image = new ImageData(picture.bytes, picture.width, picture.height);
      this.#canvas.width = picture.width;
      this.#canvas.height = picture.height;
    }
    this.#context.putImageData(this.#image, 0, 0, rect.x, rect.y, rect.w, rect.h);
  }

  afterPaint(done: () => void): void {
    if (typeof requestAnimationFrame === "function") requestAnimationFrame(() => done());
    else setTimeout(done, 0);
  }
}

/** Sends changed parts to the page, which paints them and says so. */
export class PageSurface implements Surface {
  readonly #post: (message: FromWorker, transfer: Transferable[]) => void;
  readonly #waiting: (() => void)[] = [];

  constructor(post: (message: FromWorker, transfer: Transferable[]) => void) {
    this.#post = post;
  }

  show(picture: Picture, rect: Rect): void {
    const part = new Uint8ClampedArray(rect.w * rect.h * 4);
    for (let row = 0; row < rect.h; row++) {
      const from = ((rect.y + row) * picture.width + rect.x) * 4;
      part.set(picture.bytes.subarray(from, from + rect.w * 4), row * rect.w * 4);
    }
    this.#post({ type: "paint", rect, bytes: part }, [part.buffer]);
  }

  afterPaint(done: () => void): void {
    this.#waiting.push(done);
  }

  painted(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}
