// What the page and its Worker say to each other.
import type { ClientMessage } from "../wire/client.ts";
import type { ClipboardData, CursorShape, Ended, Rect, Rights } from "../wire/host.ts";

/** The window as the host should know it. */
export interface WindowSize {
  w: number;
  h: number;
  scalePercent: number;
}

export type ToWorker =
  /** Once, first: where to paint; null when the page paints by itself. */
  | { type: "canvas"; canvas: OffscreenCanvas | null }
  /** Opens the stream; one that is open is closed without a word. */
  | { type: "open"; attempt: number; url: string; ticket: string; window: WindowSize; language: string }
  | { type: "send"; message: ClientMessage }
  /** The link should be looked at: somebody came back, or the network did. */
  | { type: "check" }
  | { type: "close" }
  /** The page painted what `paint` brought. */
  | { type: "painted" };

export type FromWorker =
  | { type: "ready"; h264: boolean }
  | { type: "hello"; attempt: number; rights: Rights }
  | { type: "first-frame"; attempt: number }
  | { type: "size"; w: number; h: number }
  | { type: "cursor"; shape: CursorShape }
  | { type: "pointer-at"; x: number; y: number }
  | { type: "clipboard"; data: ClipboardData }
  | { type: "ended"; attempt: number; why: Ended }
  | { type: "closed"; attempt: number; code: number }
  | { type: "figures"; figures: Figures }
  /** A changed part of the picture, for a page without OffscreenCanvas. */
  | { type: "paint"; rect: Rect; bytes: Uint8ClampedArray<ArrayBuffer> };

/** What the toolbar and the measurements show. Times in milliseconds, null when not known yet. */
export interface Figures {
  framesPainted: number;
  bytesReceived: number;
  /** Received, over about the last second. */
  kbps: number;
  fps: number;
  rttMs: number | null;
  decodeMs: number | null;
  paintMs: number | null;
  hostEncodeMs: number | null;
  videoPercent: number | null;
  hostKbps: number | null;
  refreshes: number;
}

export const NO_FIGURES: Figures = {
  framesPainted: 0,
  bytesReceived: 0,
  kbps: 0,
  fps: 0,
  rttMs: null,
  decodeMs: null,
  paintMs: null,
  hostEncodeMs: null,
  videoPercent: null,
  hostKbps: null,
  refreshes: 0,
};
