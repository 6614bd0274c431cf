// Applies frames in order, shows each after its last part and acknowledges it when it is painted.
import type { FrameOp, FramePart } from "../wire/host.ts";
import type { Picture } from "./picture.ts";
import type { Surface } from "./surface.ts";
import type { TileDecoder } from "./tiles.ts";
import type { VideoStreams } from "./video.ts";

export interface Painted {
  seq: number;
  decodeUs: number;
  paintUs: number;
}

export interface PlayerEvents {
  /** The frame can be acknowledged. */
  painted(frame: Painted): void;
  resized(width: number, height: number): void;
  /** The picture is not what the host thinks; it should send everything anew. */
  failed(error: unknown): void;
}

type Step = () => void | Promise<void>;

/** Plays the frames of one connection. Nothing is queued but what waits for a video decoder. */
export class Player {
  readonly #picture: Picture;
  readonly #surface: Surface;
  readonly #tiles: TileDecoder;
  readonly #video: VideoStreams;
  readonly #events: PlayerEvents;
  readonly #now: () => number;
  #steps: Step[] = [];
  #running = false;
  #closed = false;
  #broken = false;

  constructor(
    parts: { picture: Picture; surface: Surface; tiles: TileDecoder; video: VideoStreams },
    events: PlayerEvents,
    now: () => number = () => performance.now(),
  ) {
    this.#picture = parts.picture;
    this.#surface = parts.surface;
    this.#tiles = parts.tiles;
    this.#video = parts.video;
    this.#events = events;
    this.#now = now;
  }

  /** Takes a part of a frame as it arrives. */
  accept(part: FramePart): void {
    if (part.first) this.#steps.push(() => void (this.#broken = false));
    for (const op of part.ops) this.#steps.push(this.#unlessBroken(this.#step(op)));
    if (part.last) {
      const arrived = this.#now();
      this.#steps.push(() => this.#finish(part.seq, arrived));
    }
    void this.#run();
  }

  /** Nothing is painted or reported any more. */
  close(): void {
    this.#closed = true;
    this.#steps = [];
    this.#video.endAll();
  }

  /** Decoders are fed on arrival, in the order of arrival; the picture is painted by the step. */
  #step(op: FrameOp): Step {
    switch (op.op) {
      case "size":
        this.#video.endAll();
        return () => this.#resize(op.w, op.h);
      case "copy":
        return () => this.#picture.copy(op.src, op.x, op.y);
      case "tiles":
        return () => this.#tiles.decode(op.data, this.#picture);
      case "video": {
        const paint = this.#video.accept(op);
        return () => paint?.(this.#picture);
      }
      case "video-end":
        this.#video.end(op.stream);
        return () => undefined;
    }
  }

  #resize(width: number, height: number): void {
    const same = this.#picture.width === width && this.#picture.height === height;
    this.#picture.resize(width, height);
    this.#tiles.reset();
    if (!same) this.#events.resized(width, height);
  }

  /** What comes after a failure in the same frame would only add to the damage. */
  #unlessBroken(step: Step): Step {
    return () => (this.#broken ? undefined : step());
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let step = this.#steps.shift(); step; step = this.#steps.shift()) {
      try {
        const pending = step();
        // Without video nothing waits, and a frame is shown in the task in which it came.
        if (pending) await pending;
      } catch (error) {
        if (this.#closed) break;
        this.#broken = true;
        this.#events.failed(error);
      }
    }
    this.#running = false;
  }

  #finish(seq: number, arrived: number): void {
    if (this.#closed) return;
    const changed = this.#picture.takeChanged();
    if (changed && changed.w > 0) this.#surface.show(this.#picture, changed);
    const decoded = this.#now();
    this.#surface.afterPaint(() => {
      if (this.#closed) return;
      const paintUs = micros(this.#now() - decoded);
      this.#events.painted({ seq, decodeUs: micros(decoded - arrived), paintUs });
    });
  }
}

function micros(milliseconds: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.round(milliseconds * 1000)));
}
