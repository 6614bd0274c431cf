// Messages from the session's display: the counterpart of `crates/wire/src/stream/host.rs` and `frame.rs`.
import { Malformed, Reader } from "./bytes.ts";
import { MAX_CLIPBOARD_LEN, MAX_CURSOR_SIDE, MAX_HOST_LEN, MAX_SIDE } from "./limits.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

export type FrameOp =
  | { op: "size"; w: number; h: number }
  | { op: "copy"; src: Rect; x: number; y: number }
  | { op: "tiles"; data: Bytes }
  | { op: "video"; stream: number; key: boolean; more: boolean; dst: Rect; data: Bytes }
  | { op: "video-end"; stream: number };

export interface FramePart {
  seq: number;
  first: boolean;
  last: boolean;
  capturedAtUs: bigint;
  ops: FrameOp[];
}

/** What the connection may do; the host enforces it, the client only shows it. */
export interface Rights {
  input: boolean;
  clipboardIn: boolean;
  clipboardOut: boolean;
  filesIn: boolean;
  filesOut: boolean;
  audio: boolean;
  print: boolean;
}

/** Not premultiplied RGBA; `w` 0 is a hidden cursor. */
export interface CursorShape {
  w: number;
  h: number;
  hotX: number;
  hotY: number;
  rgba: Bytes;
}

export type ClipboardData = { kind: "text"; text: string } | { kind: "png"; bytes: Bytes };

export type Ended = "session-over" | "taken-over" | "bad-message" | "version";

export interface HostStats {
  frames: number;
  encodeUs: number;
  videoPercent: number;
  bandwidthKbps: number;
}

export type HostMessage =
  | { type: "hello"; version: number; w: number; h: number; rights: Rights }
  | { type: "frame"; part: FramePart }
  | { type: "cursor"; shape: CursorShape }
  | { type: "pointer-at"; x: number; y: number }
  | { type: "clipboard"; data: ClipboardData }
  | { type: "pong"; token: bigint }
  | { type: "ended"; why: Ended }
  | { type: "stats"; stats: HostStats };

const ENDED: Record<number, Ended> = { 1: "session-over", 2: "taken-over", 3: "bad-message", 4: "version" };

/** Reads one message. The blobs in it are views of `message`. */
export function decodeHost(message: Bytes): HostMessage {
  if (message.length > MAX_HOST_LEN) throw new Malformed("the message is larger than allowed");
  const r = new Reader(message);
  const type = r.u8();
  const decoded = decodeBody(type, r);
  r.end();
  return decoded;
}

function decodeBody(type: number, r: Reader): HostMessage {
  switch (type) {
    case 1:
      return {
        type: "hello",
        version: r.u16(),
        w: atMost(r.u16(), MAX_SIDE),
        h: atMost(r.u16(), MAX_SIDE),
        rights: rights(r.u32()),
      };
    case 2:
      return { type: "frame", part: framePart(r) };
    case 3:
      return { type: "cursor", shape: cursor(r) };
    case 4:
      return { type: "pointer-at", x: r.u16(), y: r.u16() };
    case 5:
      return { type: "clipboard", data: clipboard(r) };
    case 6:
      return { type: "pong", token: r.u64() };
    case 7: {
      const why = ENDED[r.u8()];
      if (!why) throw new Malformed("unknown end");
      return { type: "ended", why };
    }
    case 8:
      return {
        type: "stats",
        stats: { frames: r.u16(), encodeUs: r.u32(), videoPercent: r.u8(), bandwidthKbps: r.u32() },
      };
    default:
      throw new Malformed(`unknown host message ${type}`);
  }
}

function framePart(r: Reader): FramePart {
  const flags = r.u8();
  if (flags & ~3) throw new Malformed("unknown frame flags");
  const part: FramePart = {
    seq: r.u32(),
    first: (flags & 1) !== 0,
    last: (flags & 2) !== 0,
    capturedAtUs: r.u64(),
    ops: [],
  };
  while (r.left > 0) part.ops.push(frameOp(r));
  return part;
}

function frameOp(r: Reader): FrameOp {
  const op = r.u8();
  switch (op) {
    case 1:
      return { op: "size", w: side(r.u16()), h: side(r.u16()) };
    case 2: {
      const src = rect(r);
      const [x, y] = [r.u16(), r.u16()];
      checkRect({ ...src, x, y });
      return { op: "copy", src, x, y };
    }
    case 3:
      return { op: "tiles", data: r.blob(MAX_HOST_LEN) };
    case 4: {
      const stream = streamNumber(r);
      const flags = r.u8();
      if (flags & ~3) throw new Malformed("unknown video flags");
      return {
        op: "video",
        stream,
        key: (flags & 1) !== 0,
        more: (flags & 2) !== 0,
        dst: rect(r),
        data: r.blob(MAX_HOST_LEN),
      };
    }
    case 5:
      return { op: "video-end", stream: streamNumber(r) };
    default:
      throw new Malformed(`unknown frame operation ${op}`);
  }
}

function streamNumber(r: Reader): number {
  return atMost(r.u8(), 3);
}

function side(value: number): number {
  if (value < 1) throw new Malformed("an empty screen");
  return atMost(value, MAX_SIDE);
}

function rect(r: Reader): Rect {
  return checkRect({ x: r.u16(), y: r.u16(), w: r.u16(), h: r.u16() });
}

function checkRect(rect: Rect): Rect {
  const valid = rect.w > 0 && rect.h > 0 && rect.x + rect.w <= MAX_SIDE && rect.y + rect.h <= MAX_SIDE;
  if (!valid) throw new Malformed("a rectangle outside the largest screen");
  return rect;
}

function atMost(value: number, max: number): number {
  if (value > max) throw new Malformed("a value is larger than allowed");
  return value;
}

function rights(bits: number): Rights {
  if (bits & ~0x7f) throw new Malformed("unknown rights");
  const on = (bit: number) => (bits & (1 << bit)) !== 0;
  return {
    input: on(0),
    clipboardIn: on(1),
    clipboardOut: on(2),
    filesIn: on(3),
    filesOut: on(4),
    audio: on(5),
    print: on(6),
  };
}

function cursor(r: Reader): CursorShape {
  const w = atMost(r.u16(), MAX_CURSOR_SIDE);
  const h = atMost(r.u16(), MAX_CURSOR_SIDE);
  return { w, h, hotX: r.u16(), hotY: r.u16(), rgba: r.take(w * h * 4) };
}

function clipboard(r: Reader): ClipboardData {
  const kind = r.u8();
  if (kind === 0) return { kind: "text", text: r.text(MAX_CLIPBOARD_LEN) };
  if (kind === 1) return { kind: "png", bytes: r.blob(MAX_CLIPBOARD_LEN) };
  throw new Malformed("unknown clipboard kind");
}
