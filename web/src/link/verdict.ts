// What follows from the end of a connection. Pure, so that every close code can be looked at in a test.
import { Close } from "../wire/close.ts";
import type { Ended } from "../wire/host.ts";

/** Why the page does not come back by itself. */
export type Stop = "taken-over" | "cut" | "idle" | "version" | "broken" | "refused";

export type Verdict =
  /** Come back by itself. */
  | { next: "retry" }
  /** The portal knows whether the session is over; `otherwise` holds when it is not. */
  | { next: "ask"; otherwise: Stop }
  | { next: "stop"; why: Stop };

/** So many tries in a row that end in the same refusal are enough. */
export const TRIES = 5;

/** `failures` counts the tries since a connection last held for a while. */
export function afterClose(code: number, failures: number): Verdict {
  switch (code) {
    case Close.Replaced:
      return { next: "stop", why: "taken-over" };
    case Close.Killed:
      return { next: "ask", otherwise: "cut" };
    case Close.Idle:
      return { next: "stop", why: "idle" };
    case Close.BadMessage:
      return failures < TRIES ? { next: "retry" } : { next: "stop", why: "broken" };
    case Close.Refused:
      return failures < TRIES ? { next: "retry" } : { next: "stop", why: "refused" };
    default:
      // The other side's link, a gateway that went away, the network, a connection's longest time: the session
      // itself lives on.
      return { next: "retry" };
  }
}

export function afterEnded(why: Ended, failures: number): Verdict {
  switch (why) {
    case "session-over":
      return { next: "ask", otherwise: "cut" };
    case "taken-over":
      return { next: "stop", why: "taken-over" };
    case "bad-message":
      return failures < TRIES ? { next: "retry" } : { next: "stop", why: "broken" };
    case "version":
      return { next: "stop", why: "version" };
  }
}
