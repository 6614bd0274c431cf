// Combinations that the browser or the system keeps for itself.
import type { T, TextKey } from "../text/texts.ts";
import { button, el } from "./dom.ts";

export interface MenuKey {
  keysym: number;
  code: number;
}

const CONTROL = { keysym: 0xffe3, code: 29 };
const ALT = { keysym: 0xffe9, code: 56 };
const SUPER = { keysym: 0xffeb, code: 125 };

const ENTRIES: { text: string | { key: TextKey }; keys: MenuKey[] }[] = [
  { text: "Ctrl+Alt+Delete", keys: [CONTROL, ALT, { keysym: 0xffff, code: 111 }] },
  { text: { key: "keys.super" }, keys: [SUPER] },
  { text: "Alt+Tab", keys: [ALT, { keysym: 0xff09, code: 15 }] },
  { text: "Alt+F4", keys: [ALT, { keysym: 0xffc1, code: 62 }] },
  { text: "Alt+F2", keys: [ALT, { keysym: 0xffbf, code: 60 }] },
  { text: "Ctrl+W", keys: [CONTROL, { keysym: 0x77, code: 17 }] },
  { text: "Ctrl+T", keys: [CONTROL, { keysym: 0x74, code: 20 }] },
  { text: "Ctrl+N", keys: [CONTROL, { keysym: 0x6e, code: 49 }] },
  { text: "Esc", keys: [{ keysym: 0xff1b, code: 1 }] },
  { text: "F11", keys: [{ keysym: 0xffc8, code: 87 }] },
  { text: { key: "keys.print" }, keys: [{ keysym: 0xff61, code: 99 }] },
];

/** A button that opens and closes the list of combinations below it. */
export function keysMenu(t: T, send: (keys: MenuKey[]) => void): { opener: HTMLButtonElement; list: HTMLElement } {
  const list = el("div", { className: "keys", id: "session-keys", hidden: true, attributes: { role: "group" } });
  const opener = button(t("action.keys"), () => {
    list.hidden = !list.hidden;
    opener.setAttribute("aria-expanded", String(!list.hidden));
  });
  opener.setAttribute("aria-expanded", "false");
  opener.setAttribute("aria-controls", list.id);
  list.setAttribute("aria-label", t("action.keys"));
  for (const { text, keys } of ENTRIES) {
    list.append(button(typeof text === "string" ? text : t(text.key), () => send(keys), "button small"));
  }
  return { opener, list };
}
