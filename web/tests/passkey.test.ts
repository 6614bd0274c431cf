import { expect, test } from "vitest";
import { bytesOf, textOf } from "../src/passkey/base64url.ts";

test("bytes of every value and length come back as they went", () => {
  for (let length = 0; length <= 257; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 7 + length) % 256);
    const text = textOf(bytes.buffer);
    expect(text).toMatch(/^[\w-]*$/);
    expect([...bytesOf(text)]).toEqual([...bytes]);
  }
  expect(textOf(Uint8Array.of(251, 255).buffer)).toBe("-_8");
});
