// Messages to the session's display: the counterpart of `crates/wire/src/stream/client.rs`.
import { Writer, utf8Bytes } from "./bytes.ts";
import type { ClipboardData } from "./host.ts";
import { MAX_CLIPBOARD_LEN, MAX_TEXT_LEN } from "./limits.ts";

export type Quality = "auto" | "sharp" | "smooth";

export type ClientMessage =
  | { type: "hello"; version: number; w: number; h: number; scalePercent: number; h264: boolean; language: string }
  | { type: "ack"; seq: number; decodeUs: number; paintUs: number }
  | { type: "key"; down: boolean; keysym: number; code: number }
  | { type: "release-all" }
  | { type: "text"; text: string }
  | { type: "pointer"; x: number; y: number; buttons: number }
  | { type: "pointer-by"; dx: number; dy: number; buttons: number }
  | { type: "wheel"; dx: number; dy: number }
  | { type: "resize"; w: number; h: number; scalePercent: number }
  | { type: "clipboard"; data: ClipboardData }
  | { type: "ping"; token: bigint; rttUs: number }
  | { type: "quality"; quality: Quality }
  | { type: "refresh" };

const QUALITIES: Quality[] = ["auto", "sharp", "smooth"];

/** The message as bytes. */
export function encodeClient(m: ClientMessage): Uint8Array<ArrayBuffer> {
  const out = new Writer();
  switch (m.type) {
    case "hello":
      out.u8(0x81).u16(m.version).u16(m.w).u16(m.h).u16(m.scalePercent).u8(Number(m.h264));
      return out.blob(utf8Bytes(m.language)).finish();
    case "ack":
      return out.u8(0x82).u32(m.seq).u32(m.decodeUs).u32(m.paintUs).finish();
    case "key":
      return out.u8(0x83).u8(Number(m.down)).u32(m.keysym).u16(m.code).finish();
    case "release-all":
      return out.u8(0x84).finish();
    case "text":
      return out.u8(0x85).blob(utf8Bytes(m.text)).finish();
    case "pointer":
      return out.u8(0x86).u16(m.x).u16(m.y).u8(m.buttons).finish();
    case "pointer-by":
      return out.u8(0x87).i16(m.dx).i16(m.dy).u8(m.buttons).finish();
    case "wheel":
      return out.u8(0x88).i16(m.dx).i16(m.dy).finish();
    case "resize":
      return out.u8(0x89).u16(m.w).u16(m.h).u16(m.scalePercent).finish();
    case "clipboard": {
      const [kind, bytes] = m.data.kind === "text" ? [0, utf8Bytes(m.data.text)] : [1, m.data.bytes];
      return out.u8(0x8a).u8(kind).blob(bytes).finish();
    }
    case "ping":
      return out.u8(0x8b).u64(m.token).u32(m.rttUs).finish();
    case "quality":
      return out.u8(0x8c).u8(QUALITIES.indexOf(m.quality)).finish();
    case "refresh":
      return out.u8(0x8d).finish();
  }
}

/** Whether the host would take a clipboard of this size. */
export function clipboardFits(data: ClipboardData): boolean {
  const length = data.kind === "text" ? utf8Bytes(data.text).length : data.bytes.length;
  return length <= MAX_CLIPBOARD_LEN;
}

/** Cuts a text into pieces that each fit one message, never inside a character. */
export function textPieces(text: string): string[] {
  if (utf8Bytes(text).length <= MAX_TEXT_LEN) return text ? [text] : [];
  const pieces: string[] = [];
  let piece = "";
  let length = 0;
  for (const character of text) {
    const bytes = utf8Bytes(character).length;
    if (length + bytes > MAX_TEXT_LEN) {
      pieces.push(piece);
      piece = "";
      length = 0;
    }
    piece += character;
    length += bytes;
  }
  return [...pieces, piece];
}
