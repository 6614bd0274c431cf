// What is there before the first picture: which step it is at, and how long each took.
import type { Steps } from "../link/connect.ts";
import type { LinkState, Reached } from "../link/link.ts";
import { duration, type T } from "../text/texts.ts";
import { el, setText } from "./dom.ts";

const NAMES = ["place", "start", "connect", "frame"] as const;
/** After so long somebody wonders. */
const SLOW_MS = 15_000;

interface Step {
  item: HTMLLIElement;
  said: HTMLElement;
}

export class Waiting {
  readonly #t: T;
  readonly #root: HTMLElement;
  readonly #steps: Step[];
  readonly #progress = el("progress", { max: NAMES.length });
  readonly #note = el("p", { className: "note", attributes: { role: "status" } });
  readonly #since = performance.now();
  #isUnreachable = false;

  /** `root` is what the server put there, with the name in a heading. */
  constructor(root: HTMLElement, t: T, homeUrl: string) {
    this.#t = t;
    this.#root = root;
    this.#steps = NAMES.map((name) => {
      const said = el("span", { className: "time" });
      return { item: el("li", {}, el("span", { textContent: t(`step.${name}`) }), said), said };
    });
    this.#progress.setAttribute("aria-labelledby", headingOf(root));
    const list = el("ol", { className: "steps" }, ...this.#steps.map(({ item }) => item));
    root.append(this.#progress, list, this.#note, el("p", {}, el("a", { href: homeUrl, textContent: t("back") })));
    this.show({ is: "waiting", steps: null, reached: "nothing", unreachable: false });
  }

  show({ steps, reached, unreachable }: Extract<LinkState, { is: "waiting" }>): void {
    this.#root.hidden = false;
    if (steps || !this.#isUnreachable) this.#showSteps(steps, reached);
    this.#isUnreachable = unreachable;
    const slow = performance.now() - this.#since > SLOW_MS;
    setText(this.#note, unreachable ? this.#t("waiting.unreachable") : slow ? this.#t("waiting.slow") : "");
  }

  hide(): void {
    this.#root.hidden = true;
  }

  #showSteps(steps: Steps | null, reached: Reached): void {
    const times = [steps?.place_ms ?? null, steps?.start_ms ?? null];
    const started = times.filter((time) => time !== null).length;
    const done = { nothing: started, gateway: 2, display: 3 }[reached];
    this.#progress.value = done + 0.5;
    this.#steps.forEach(({ item, said }, index) => {
      const state = index < done ? "done" : index === done ? "now" : "todo";
      item.dataset["state"] = state;
      if (state === "now") item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
      const time = times[index] ?? null;
      const text = state === "done" && time !== null ? duration(this.#t, time) : "";
      setText(said, state === "todo" ? "" : text || this.#t(state === "done" ? "step.done" : "step.now"));
    });
  }
}

function headingOf(root: HTMLElement): string {
  const heading = root.querySelector("h1");
  if (heading) heading.id ||= "session-heading";
  return heading?.id ?? "";
}
