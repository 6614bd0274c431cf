// A question with two answers, in a modal dialog.
import type { T } from "../text/texts.ts";
import { el } from "./dom.ts";

/** Whether the user said yes. The harmless answer comes first and has the focus. */
export function askToEndSession(t: T, name: string): Promise<boolean> {
  const question = el("p", { id: "ask-question", textContent: t("end.question", { name }) });
  const answer = (text: string, value: string, className: string) => el("button", { textContent: text, value, className });
  const form = el(
    "form",
    { method: "dialog", className: "actions" },
    answer(t("end.no"), "no", "button"),
    answer(t("end.yes"), "yes", "button danger"),
  );
  const dialog = el("dialog", { className: "card", attributes: { "aria-labelledby": question.id } }, question, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}
