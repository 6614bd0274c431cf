import { describe, expect, test, vi } from "vitest";
import { Keyboard, type KeyEvent, type KeyMessage, type Platform } from "../src/input/keyboard.ts";
import { linuxCode } from "../src/input/keycodes.ts";
import { keysymOf } from "../src/input/keysyms.ts";

describe("what a key means", () => {
  test.each([
    ["a", 0, 0x61],
    ["A", 0, 0x41],
    ["@", 0, 0x40],
    ["é", 0, 0xe9],
    ["€", 0, 0x20ac],
    ["あ", 0, 0x0100_3042],
    ["ж", 0, 0x0100_0436],
    ["😀", 0, 0x0101_f600],
    ["Enter", 0, 0xff0d],
    ["Enter", 3, 0xff8d],
    ["7", 3, 0xffb7],
    ["Home", 3, 0xff95],
    [".", 3, 0xffae],
    ["Shift", 1, 0xffe1],
    ["Shift", 2, 0xffe2],
    ["AltGraph", 2, 0xfe03],
    ["F1", 0, 0xffbe],
    ["F12", 0, 0xffc9],
    ["F99", 0, 0],
    ["Convert", 0, 0xff23],
    ["ZenkakuHankaku", 0, 0xff2a],
    ["Unidentified", 0, 0],
    ["toString", 0, 0],
  ])("%s at %i", (key, location, keysym) => expect(keysymOf({ key, location })).toBe(keysym));

  test.each([
    ["KeyA", 30],
    ["Escape", 1],
    ["Digit0", 11],
    ["Enter", 28],
    ["Space", 57],
    ["IntlYen", 124],
    ["IntlRo", 89],
    ["KanaMode", 93],
    ["NonConvert", 94],
    ["IntlBackslash", 86],
    ["NumpadEnter", 96],
    ["ArrowUp", 103],
    ["Delete", 111],
    ["MetaLeft", 125],
    ["F11", 87],
    ["F24", 194],
    ["Unheard", 0],
  ])("%s is where", (code, number) => expect(linuxCode(code)).toBe(number));
});

describe("down and up", () => {
  test("a key goes down once, however long it is held, and up as what went down", () => {
    const { sent, keyboard } = stage();
    expect(keyboard.down(event("a", "KeyA"))).toBe(true);
    keyboard.down(event("a", "KeyA", { repeat: true }));
    keyboard.up(event("A", "KeyA"));
    keyboard.up(event("A", "KeyA"));
    expect(sent).toEqual([key(true, 0x61, 30), key(false, 0x61, 30)]);
  });

  test("what an input method takes is not a key, neither down nor up", () => {
    const { sent, keyboard } = stage();
    expect(keyboard.down(event("Process", "KeyN", { keyCode: 229 }))).toBe(false);
    expect(keyboard.down(event("n", "KeyN", { isComposing: true }))).toBe(false);
    expect(keyboard.down(event("Dead", "BracketLeft"))).toBe(false);
    keyboard.up(event("n", "KeyN"));
    expect(sent).toEqual([]);
  });

  test("locks stay with the client", () => {
    const { sent, keyboard } = stage();
    expect(keyboard.down(event("CapsLock", "CapsLock"))).toBe(true);
    expect(sent).toEqual([]);
  });

  test("leaving lets everything go, and later ups say nothing", () => {
    const { sent, keyboard } = stage();
    keyboard.down(event("Control", "ControlLeft", { location: 1 }));
    keyboard.releaseAll();
    keyboard.up(event("Control", "ControlLeft", { location: 1 }));
    expect(sent).toEqual([key(true, 0xffe3, 29), { type: "release-all" }]);
  });

  test("a key that is never reported as let go is let go at once", () => {
    const { sent, keyboard } = stage();
    keyboard.down(event("Hankaku", "Backquote"));
    expect(sent).toEqual([key(true, 0xff29, 41), key(false, 0xff29, 41)]);
  });
});

describe("systems that differ", () => {
  test("on Windows AltGr is not Control and AltGr", () => {
    const { sent, keyboard } = stage("windows");
    keyboard.down(event("Control", "ControlLeft", { location: 1, timeStamp: 5 }));
    keyboard.down(event("AltGraph", "AltRight", { location: 2, timeStamp: 6 }));
    keyboard.down(event("@", "KeyQ", { timeStamp: 90 }));
    expect(sent).toEqual([key(true, 0xfe03, 100), key(true, 0x40, 16)]);
  });

  test("on Windows Control comes before the key that follows, or after a moment", () => {
    vi.useFakeTimers();
    const { sent, keyboard } = stage("windows");
    keyboard.down(event("Control", "ControlLeft", { location: 1 }));
    keyboard.down(event("c", "KeyC"));
    expect(sent).toEqual([key(true, 0xffe3, 29), key(true, 0x63, 46)]);
    keyboard.releaseAll();
    keyboard.down(event("Control", "ControlLeft", { location: 1 }));
    vi.runAllTimers();
    expect(sent.at(-1)).toEqual(key(true, 0xffe3, 29));
    vi.useRealTimers();
  });

  test("on a Mac Command is Control, and keys beside it never stay down", () => {
    const { sent, keyboard } = stage("mac");
    keyboard.down(event("Meta", "MetaLeft", { location: 1, metaKey: true }));
    keyboard.down(event("c", "KeyC", { metaKey: true }));
    expect(sent).toEqual([key(true, 0xffe3, 29), key(true, 0x63, 46), key(false, 0x63, 46)]);
    keyboard.up(event("Meta", "MetaLeft", { location: 1 }));
    expect(sent.slice(3)).toEqual([key(false, 0xffe3, 29), { type: "release-all" }]);
  });
});

function stage(platform: Platform = "other") {
  const sent: KeyMessage[] = [];
  return { sent, keyboard: new Keyboard((message) => sent.push(message), platform) };
}

function event(key: string, code: string, more: Partial<KeyEvent> = {}): KeyEvent {
  const plain = { location: 0, repeat: false, isComposing: false, keyCode: 0, ctrlKey: false, metaKey: false, timeStamp: 0 };
  return { key, code, ...plain, ...more };
}

function key(down: boolean, keysym: number, code: number): KeyMessage {
  return { type: "key", down, keysym, code };
}
