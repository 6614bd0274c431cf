import { describe, expect, test } from "vitest";
import { Malformed, Writer, utf8Bytes } from "../src/wire/bytes.ts";
import { clipboardFits, encodeClient, textPieces, type ClientMessage } from "../src/wire/client.ts";
import { decodeHost, type HostMessage } from "../src/wire/host.ts";
import { MAX_TEXT_LEN } from "../src/wire/limits.ts";
import { codecString } from "../src/worker/sps.ts";

describe("to the host, byte by byte as described", () => {
  test.each<[ClientMessage, number[]]>([
    [
      { type: "hello", version: 1, w: 1920, h: 1080, scalePercent: 150, h264: true, language: "ja" },
      [0x81, 1, 0, 0x80, 7, 0x38, 4, 150, 0, 1, 2, 0, 0, 0, 0x6a, 0x61],
    ],
    [{ type: "ack", seq: 258, decodeUs: 3, paintUs: 4 }, [0x82, 2, 1, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]],
    [{ type: "key", down: true, keysym: 0xff0d, code: 28 }, [0x83, 1, 0x0d, 0xff, 0, 0, 28, 0]],
    [{ type: "release-all" }, [0x84]],
    [{ type: "text", text: "あ" }, [0x85, 3, 0, 0, 0, 0xe3, 0x81, 0x82]],
    [{ type: "pointer", x: 1, y: 256, buttons: 5 }, [0x86, 1, 0, 0, 1, 5]],
    [{ type: "pointer-by", dx: -1, dy: 2, buttons: 0 }, [0x87, 0xff, 0xff, 2, 0, 0]],
    [{ type: "wheel", dx: 0, dy: -120 }, [0x88, 0, 0, 0x88, 0xff]],
    [{ type: "resize", w: 1, h: 2, scalePercent: 100 }, [0x89, 1, 0, 2, 0, 100, 0]],
    [{ type: "clipboard", data: { kind: "text", text: "x" } }, [0x8a, 0, 1, 0, 0, 0, 0x78]],
    [{ type: "clipboard", data: { kind: "png", bytes: Uint8Array.of(7) } }, [0x8a, 1, 1, 0, 0, 0, 7]],
    [{ type: "ping", token: 1n, rttUs: 2 }, [0x8b, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]],
    [{ type: "quality", quality: "smooth" }, [0x8c, 2]],
    [{ type: "refresh" }, [0x8d]],
  ])("%o", (message, bytes) => expect([...encodeClient(message)]).toEqual(bytes));

  test("long texts go in pieces that never cut a character", () => {
    const text = "漢😀".repeat(4000);
    const pieces = textPieces(text);
    expect(pieces.join("")).toBe(text);
    for (const piece of pieces) expect(utf8Bytes(piece).length).toBeLessThanOrEqual(MAX_TEXT_LEN);
    expect(textPieces("")).toEqual([]);
  });

  test("a long field is whole", () => {
    const text = "x".repeat(1000);
    const bytes = encodeClient({ type: "clipboard", data: { kind: "text", text } });
    expect([...bytes.slice(0, 7)]).toEqual([0x8a, 0, 0xe8, 3, 0, 0, 0x78]);
    expect(bytes.length).toBe(1006);
  });

  test("a clipboard that the host would refuse does not fit", () => {
    expect(clipboardFits({ kind: "text", text: "x".repeat(240 * 1024) })).toBe(true);
    expect(clipboardFits({ kind: "text", text: "あ".repeat(90 * 1024) })).toBe(false);
  });
});

const frame = () => new Writer().u8(2).u8(3).u32(9).u64(5n);
const HOST: [string, Uint8Array<ArrayBuffer>, HostMessage][] = [
  [
    "hello",
    new Writer().u8(1).u16(1).u16(800).u16(600).u32(0b111).finish(),
    {
      type: "hello", version: 1, w: 800, h: 600,
      rights: { input: true, clipboardIn: true, clipboardOut: true, filesIn: false, filesOut: false, audio: false, print: false },
    },
  ],
  [
    "frame",
    frame()
      .u8(1).u16(640).u16(480)
      .u8(2).u16(0).u16(1).u16(2).u16(3).u16(4).u16(5)
      .u8(3).blob(Uint8Array.of(1, 2))
      .u8(4).u8(3).u8(1).u16(0).u16(0).u16(2).u16(2).blob(Uint8Array.of(3))
      .u8(5).u8(3)
      .finish(),
    {
      type: "frame",
      part: {
        seq: 9, first: true, last: true, capturedAtUs: 5n,
        ops: [
          { op: "size", w: 640, h: 480 },
          { op: "copy", src: { x: 0, y: 1, w: 2, h: 3 }, x: 4, y: 5 },
          { op: "tiles", data: Uint8Array.of(1, 2) },
          { op: "video", stream: 3, key: true, more: false, dst: { x: 0, y: 0, w: 2, h: 2 }, data: Uint8Array.of(3) },
          { op: "video-end", stream: 3 },
        ],
      },
    },
  ],
  [
    "cursor",
    new Writer().u8(3).u16(1).u16(1).u16(0).u16(0).u32(0x04030201).finish(),
    { type: "cursor", shape: { w: 1, h: 1, hotX: 0, hotY: 0, rgba: Uint8Array.of(1, 2, 3, 4) } },
  ],
  ["pointer at", new Writer().u8(4).u16(3).u16(4).finish(), { type: "pointer-at", x: 3, y: 4 }],
  ["clipboard", new Writer().u8(5).u8(0).blob(utf8Bytes("長屋")).finish(), { type: "clipboard", data: { kind: "text", text: "長屋" } }],
  ["pong", new Writer().u8(6).u64(77n).finish(), { type: "pong", token: 77n }],
  ["ended", Uint8Array.of(7, 2), { type: "ended", why: "taken-over" }],
  [
    "figures",
    new Writer().u8(8).u16(60).u32(1000).u8(25).u32(8000).finish(),
    { type: "stats", stats: { frames: 60, encodeUs: 1000, videoPercent: 25, bandwidthKbps: 8000 } },
  ],
];

describe("from the host", () => {
  test.each(HOST)("%s", (_, bytes, message) => {
    expect(decodeHost(bytes)).toEqual(message);
    expect(() => decodeHost(Uint8Array.of(...bytes, 0))).toThrow(Malformed);
    for (let length = 0; length < bytes.length; length++) {
      // A frame may end after any of its operations.
      if (bytes[0] === 2 && length >= 14) continue;
      expect(() => decodeHost(bytes.slice(0, length))).toThrow(Malformed);
    }
  });

  test.each<[string, Uint8Array<ArrayBuffer>]>([
    ["an unknown message", Uint8Array.of(99)],
    ["an unknown operation", frame().u8(6).finish()],
    ["an empty screen", frame().u8(1).u16(0).u16(1).finish()],
    ["a screen too large", frame().u8(1).u16(8193).u16(1).finish()],
    ["a rectangle that is empty", frame().u8(2).u16(0).u16(0).u16(0).u16(1).u16(0).u16(0).finish()],
    ["a rectangle outside", frame().u8(2).u16(0).u16(0).u16(2).u16(1).u16(8191).u16(0).finish()],
    ["a stream that cannot be", frame().u8(5).u8(4).finish()],
    ["a cursor too large", new Writer().u8(3).u16(129).u16(1).u16(0).u16(0).finish()],
    ["text that is not UTF-8", new Writer().u8(5).u8(0).blob(Uint8Array.of(0xff)).finish()],
    ["an unknown end", Uint8Array.of(7, 9)],
    ["rights that do not exist", new Writer().u8(1).u16(1).u16(1).u16(1).u32(0x80).finish()],
  ])("%s is refused", (_, bytes) => expect(() => decodeHost(bytes)).toThrow(Malformed));
});

test("the codec is read from the sequence parameters", () => {
  const sps = [0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x28, 0xda];
  expect(codecString(Uint8Array.from([0, 0, 0, 1, 9, 0xf0, ...sps]))).toBe("avc1.42C028");
  expect(codecString(Uint8Array.from([0, 0, 1, 0x65, 1, 2, 3, 4]))).toBeNull();
});
