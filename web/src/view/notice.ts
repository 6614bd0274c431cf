// A card over the screen: why there is nothing to see, and what can be done.
import type { Stop } from "../link/verdict.ts";
import type { T, TextKey } from "../text/texts.ts";
import { button, el } from "./dom.ts";

export interface NoticeTexts {
  title: string;
  text: string;
  again: string | null;
}

export class Notice {
  readonly #t: T;
  readonly #homeUrl: string;
  readonly #root = el("section", { className: "cover", hidden: true });

  constructor(parent: HTMLElement, t: T, homeUrl: string) {
    this.#t = t;
    this.#homeUrl = homeUrl;
    parent.append(this.#root);
  }

  show({ title, text, again }: NoticeTexts, act: () => void): void {
    const heading = el("h1", { id: "notice-title", textContent: title });
    const back = el("a", { className: "button", href: this.#homeUrl, textContent: this.#t("back") });
    const primary = again === null ? null : button(again, act, "button primary");
    const actions = el("div", { className: "actions" }, ...(primary ? [primary, back] : [back]));
    const card = el("div", { className: "card", attributes: { role: "alert" } }, heading, el("p", { textContent: text }));
    card.append(actions);
    this.#root.setAttribute("aria-labelledby", heading.id);
    this.#root.replaceChildren(card);
    this.#root.hidden = false;
    (primary ?? back).focus();
  }

  hide(): void {
    this.#root.hidden = true;
    this.#root.replaceChildren();
  }
}

/** What is said when the page does not come back by itself. */
export function stoppedTexts(t: T, why: Stop, name: string): NoticeTexts {
  const own: Partial<Record<Stop, TextKey>> = {
    "taken-over": "stopped.taken-over.again",
    version: "stopped.version.again",
    broken: "stopped.broken.again",
  };
  return {
    title: t(`stopped.${why}.title`),
    text: t(`stopped.${why}.text`, { name }),
    again: t(own[why] ?? "stopped.again"),
  };
}
