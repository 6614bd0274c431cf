import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { pauseMs } from "../src/link/backoff.ts";
import type { SessionData } from "../src/link/connect.ts";
import { Link, type LinkState } from "../src/link/link.ts";
import { Presence } from "../src/link/presence.ts";
import type { ToWorker } from "../src/link/protocol.ts";
import { afterClose, afterEnded, TRIES } from "../src/link/verdict.ts";
import { Close } from "../src/wire/close.ts";
import { KEEP_ALIVE_MS, LOST_MS, Pulse } from "../src/worker/pulse.ts";
import { Refresher } from "../src/worker/refresher.ts";

const STEPS = { place_ms: 3, start_ms: 400, connect_ms: null, total_ms: 410 };
const READY = { state: "ready", steps: STEPS, relay_url: "wss://gateway.test/v1/relay", ticket: "t" };
const STARTING = { state: "starting", steps: { ...STEPS, start_ms: null }, retry_ms: 150 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("that somebody works is told at once, and then at most each minute", () => {
  let now = 5;
  const tell = vi.fn();
  const presence = new Presence(tell, () => now);
  for (; now < 125_000; now += 1000) presence.worked();
  expect(tell).toHaveBeenCalledTimes(3);
});

describe("connecting", () => {
  test("waits while the session starts, then opens and shows", async () => {
    const { link, states, opened } = await stage([STARTING, READY]);
    expect(states.at(-1)).toMatchObject({ is: "waiting", reached: "nothing", steps: STARTING.steps });
    await vi.advanceTimersByTimeAsync(150);
    expect(states.at(-1)).toMatchObject({ is: "waiting", reached: "gateway" });
    expect(opened()).toMatchObject({ ticket: "t", url: READY.relay_url });
    hello(link, opened()?.attempt);
    expect(states.at(-1)).toMatchObject({ is: "waiting", reached: "display" });
    link.take({ type: "first-frame", attempt: opened()?.attempt ?? 0 });
    expect(states.at(-1)).toEqual({ is: "open" });
  });

  test("keeps trying while the portal cannot be reached", async () => {
    const { states, opened } = await stage([null, 503, READY]);
    expect(states.at(-1)).toMatchObject({ is: "waiting", unreachable: true });
    await vi.advanceTimersByTimeAsync(5000);
    expect(opened()).toMatchObject({ ticket: "t" });
  });

  test("a display that does not say hello is given up for another try", async () => {
    const { asked } = await stage([READY, READY]);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(asked()).toBe(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(asked()).toBe(2);
  });

  test.each([
    [{ state: "ended", reason: "crashed" }, { is: "ended", reason: "crashed" }],
    [404, { is: "ended", reason: "gone" }],
    [401, { is: "signed-out" }],
    [403, { is: "signed-out" }],
  ])("%o is final", async (answer, state) => {
    const { states, asked } = await stage([answer]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states.at(-1)).toEqual(state);
    expect(asked()).toBe(1);
  });
});

describe("a connection that ends", () => {
  test("comes back with a new ticket, and what is said of the old one no longer counts", async () => {
    const { link, states, opened } = await live([READY, STARTING, { ...READY, ticket: "u" }]);
    const old = opened()?.attempt ?? 0;
    link.take({ type: "closed", attempt: old, code: Close.PeerLost });
    expect(states.at(-1)).toEqual({ is: "lost" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(opened()).toMatchObject({ ticket: "u" });
    link.take({ type: "closed", attempt: old, code: Close.Replaced });
    expect(states.at(-1)).toEqual({ is: "lost" });
    link.take({ type: "first-frame", attempt: opened()?.attempt ?? 0 });
    expect(states.at(-1)).toEqual({ is: "open" });
  });

  test("taken over stays away until the user wants it back", async () => {
    const { link, states, opened, asked } = await live([READY, READY]);
    link.take({ type: "closed", attempt: opened()?.attempt ?? 0, code: Close.Replaced });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states.at(-1)).toEqual({ is: "stopped", why: "taken-over" });
    expect(asked()).toBe(1);
    link.connect();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked()).toBe(2);
  });

  test("killed asks why, and is patient until the portal knows", async () => {
    const { link, states, opened } = await live([READY, READY, { state: "ended", reason: "signed_out" }]);
    link.take({ type: "closed", attempt: opened()?.attempt ?? 0, code: Close.Killed });
    await vi.advanceTimersByTimeAsync(2000);
    expect(states.at(-1)).toEqual({ is: "ended", reason: "signed_out" });
  });

  test("killed for another reason is for the user to decide", async () => {
    const { link, states, opened } = await live([READY]);
    link.take({ type: "closed", attempt: opened()?.attempt ?? 0, code: Close.Killed });
    await vi.advanceTimersByTimeAsync(8000);
    expect(states.at(-1)).toEqual({ is: "stopped", why: "cut" });
  });

  test("the network that is back cuts the pause short", async () => {
    const { link, opened, asked } = await live([READY, null, null, null, null, null]);
    link.take({ type: "closed", attempt: opened()?.attempt ?? 0, code: 1006 });
    await vi.advanceTimersByTimeAsync(4000);
    const before = asked();
    link.check();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked()).toBe(before + 1);
  });

  test("every code has an answer", () => {
    const next = (code: number, failures = 0) => afterClose(code, failures).next;
    for (const code of [Close.PeerClosed, Close.PeerLost, Close.PeerAbsent, Close.Busy, Close.TooLong, 1000, 1006, 1011]) {
      expect(next(code, 99)).toBe("retry");
    }
    for (const code of [Close.Replaced, Close.Idle]) expect(next(code)).toBe("stop");
    expect(next(Close.Killed)).toBe("ask");
    for (const code of [Close.Refused, Close.BadMessage]) {
      expect(next(code)).toBe("retry");
      expect(next(code, TRIES)).toBe("stop");
    }
    expect(afterEnded("taken-over", 0)).toEqual({ next: "stop", why: "taken-over" });
    expect(afterEnded("session-over", 0).next).toBe("ask");
  });

  test("pauses grow, but never beyond what somebody waits", () => {
    const pauses = Array.from({ length: 20 }, (_, failures) => pauseMs(failures, () => 0.5));
    expect(pauses[0]).toBe(0);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(Math.max(...pauses)).toBe(5000);
  });
});

describe("signs of life", () => {
  test("are asked for each second while something happens, and then seldom", () => {
    const pulse = new Pulse();
    pulse.active(0);
    const pings = [];
    for (let now = 0; now < 60_000; now += 500) {
      if (pulse.beat(now) === "ping") pings.push(now);
      pulse.alive();
    }
    expect(pings).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 10_000 + KEEP_ALIVE_MS]);
    expect(pulse.asleep(60_000)).toBe(true);
  });

  test("missing, they mean that the link is lost, even after the last ping", () => {
    const pulse = new Pulse();
    pulse.active(0);
    expect(pulse.beat(9500)).toBe("ping");
    expect(pulse.asleep(11_000)).toBe(false);
    expect(pulse.beat(9500 + LOST_MS - 1)).toBe("nothing");
    expect(pulse.beat(9500 + LOST_MS)).toBe("lost");
  });

  test("a damaged picture is asked for once, and once more when it is still damaged", () => {
    const ask = vi.fn();
    const refresher = new Refresher(ask);
    refresher.failed();
    expect(ask).toHaveBeenCalledTimes(1);
    refresher.failed();
    refresher.failed();
    vi.advanceTimersByTime(400);
    expect(ask).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(5000);
    expect(ask).toHaveBeenCalledTimes(2);
  });
});

type Answer = object | number | null;

/** A link whose portal gives the answers in order, and the last one for ever. */
async function stage(answers: Answer[]) {
  let asked = 0;
  vi.stubGlobal("navigator", { language: "ja-JP" });
  vi.stubGlobal("fetch", async () => {
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? null;
    if (answer === null) throw new TypeError("network");
    return typeof answer === "number" ? new Response("", { status: answer }) : Response.json(answer);
  });
  const states: LinkState[] = [];
  const messages: ToWorker[] = [];
  const link = new Link(
    { connect_url: "/sessions/1/connect", csrf: "c" } as SessionData,
    (message) => messages.push(message),
    () => ({ w: 1280, h: 800, scalePercent: 100 }),
    { state: (state) => states.push(state), rights: () => {} },
  );
  link.connect();
  await vi.advanceTimersByTimeAsync(0);
  const opened = () => messages.findLast((message) => message.type === "open");
  return { link, states, opened, asked: () => asked };
}

async function live(answers: Answer[]) {
  const staged = await stage(answers);
  const attempt = staged.opened()?.attempt ?? 0;
  hello(staged.link, attempt);
  staged.link.take({ type: "first-frame", attempt });
  return staged;
}

function hello(link: Link, attempt = 0): void {
  const all = { input: true, clipboardIn: true, clipboardOut: true, filesIn: true, filesOut: true, audio: true, print: true };
  link.take({ type: "hello", attempt, rights: all });
}
