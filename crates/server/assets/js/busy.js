// A form or link with data-busy="TEXT" shows at once that it was used, and cannot be used twice. A form whose button has
// data-confirm="QUESTION" asks first.

import { ask } from "./ask.js";

const START = "busyBefore";

// Forms whose question was answered with yes, until they are sent.
const confirmed = new Set();

function controlOf(element) {
  return element instanceof HTMLFormElement ? element.querySelector("[type=submit]") : element;
}

function begin(element) {
  const control = controlOf(element);
  if (!control || control.dataset[START] !== undefined) return;
  control.dataset[START] = control.textContent;
  control.dataset.label = control.getAttribute("aria-label") ?? "";
  // Not `disabled`: that would take the focus away from keyboard users.
  control.setAttribute("aria-disabled", "true");
  control.removeAttribute("aria-label");
  control.textContent = element.dataset.busy;
}

function end(element) {
  const control = controlOf(element);
  if (!control || control.dataset[START] === undefined) return;
  control.textContent = control.dataset[START];
  control.removeAttribute("aria-disabled");
  if (control.dataset.label) control.setAttribute("aria-label", control.dataset.label);
  delete control.dataset[START];
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.busy === undefined) return;
  const control = controlOf(form);
  if (control?.getAttribute("aria-disabled") === "true") {
    event.preventDefault();
    return;
  }
  if (control?.dataset.confirm && !confirmed.delete(form)) {
    event.preventDefault();
    ask(control).then((yes) => {
      if (!yes) return;
      confirmed.add(form);
      form.requestSubmit(control);
    });
    return;
  }
  begin(form);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-busy]");
  // A click that opens another tab leaves this page as it is.
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.getAttribute("aria-disabled") === "true") event.preventDefault();
  else begin(link);
});

// Coming back by the browser's history shows the page as it was left: make it usable again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("[data-busy]").forEach(end);
});
