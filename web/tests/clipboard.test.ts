import { afterEach, expect, test, vi } from "vitest";
import { Clipboard } from "../src/input/clipboard.ts";
import type { ClientMessage } from "../src/wire/client.ts";

const ALL = { input: true, clipboardIn: true, clipboardOut: true, filesIn: false, filesOut: false, audio: false, print: false };

afterEach(() => void vi.unstubAllGlobals());

test("what is pasted goes in before it is asked for again, and once", async () => {
  const { clipboard, sent } = stage();
  await clipboard.paste(holding("外から"));
  await clipboard.paste(holding("外から"));
  expect(sent).toEqual([{ type: "clipboard", data: { kind: "text", text: "外から" } }]);
});

test("what comes out does not go in again", async () => {
  const { clipboard, sent, written } = stage();
  await clipboard.received({ kind: "text", text: "out" });
  expect(written).toEqual(["out"]);
  await clipboard.look();
  await clipboard.paste(holding("out"));
  expect(sent).toEqual([]);
});

test("refused by the browser, it waits for a click; pasting in the session meanwhile pastes the session's own", async () => {
  const { clipboard, sent, written, pending, refuse } = stage();
  await clipboard.paste(holding("old"));
  sent.length = 0;
  refuse(true);
  await clipboard.received({ kind: "text", text: "new" });
  expect(pending).toHaveBeenLastCalledWith(true);
  await clipboard.paste(holding("old"));
  expect(sent).toEqual([]);
  refuse(false);
  await clipboard.copyPending();
  expect(written).toEqual(["new"]);
  expect(pending).toHaveBeenLastCalledWith(false);
});

test("without the right nothing goes either way", async () => {
  const { clipboard, sent, written } = stage({ ...ALL, clipboardIn: false, clipboardOut: false });
  await clipboard.paste(holding("in"));
  await clipboard.look();
  await clipboard.received({ kind: "text", text: "out" });
  expect([sent, written]).toEqual([[], []]);
});

test("what is larger than a session takes is said, not sent", async () => {
  const { clipboard, sent, tooLarge } = stage();
  await clipboard.paste(holding("x".repeat(240 * 1024 + 1)));
  expect(sent).toEqual([]);
  expect(tooLarge).toHaveBeenCalledOnce();
});

function stage(rights = ALL) {
  const written: string[] = [];
  let refused = false;
  const writeText = async (text: string) => {
    if (refused) throw new DOMException("no", "NotAllowedError");
    written.push(text);
  };
  vi.stubGlobal("document", { hasFocus: () => true });
  vi.stubGlobal("navigator", {
    clipboard: { writeText, readText: async () => written.at(-1) ?? "elsewhere" },
    permissions: { query: async () => ({ state: "granted" }) },
  });
  const sent: ClientMessage[] = [];
  const [pending, tooLarge] = [vi.fn(), vi.fn()];
  const clipboard = new Clipboard((message) => sent.push(message), { pending, tooLarge });
  clipboard.allow(rights);
  return { clipboard, sent, written, pending, tooLarge, refuse: (yes: boolean) => void (refused = yes) };
}

function holding(text: string): DataTransfer {
  return { getData: () => text, files: [] } as unknown as DataTransfer;
}
