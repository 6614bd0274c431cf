// Figures of how things stand, asked for again every half minute. What is written anew can hold no focus: the links around it stay.

import { showTimes } from "./times.js";

const EVERY_MS = 30_000;
// Nobody is looking any more; asking on would keep the session from ending by itself.
const REST_MS = 10 * 60 * 1000;

function start(box) {
  const state = box.querySelector("[role=status]");
  let used = Date.now();
  let waiting = 0;

  function plan() {
    clearTimeout(waiting);
    if (!document.hidden && Date.now() - used < REST_MS) waiting = setTimeout(look, EVERY_MS);
  }

  function take(fresh) {
    showTimes(fresh);
    for (const part of document.querySelectorAll("[data-part]")) {
      const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
      if (other && other.innerHTML !== part.innerHTML) part.replaceChildren(...other.childNodes);
    }
  }

  async function look() {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      // Signed out, or no longer allowed: the page says so when it is loaded again.
      if (answer.redirected || answer.status === 401 || answer.status === 403) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      take(new DOMParser().parseFromString(await answer.text(), "text/html"));
      state.textContent = "";
    } catch {
      state.textContent = box.dataset.lost;
    }
    plan();
  }

  for (const kind of ["pointermove", "keydown", "scroll"]) {
    addEventListener(
      kind,
      () => {
        const rested = Date.now() - used >= REST_MS;
        used = Date.now();
        if (rested) plan();
      },
      { passive: true },
    );
  }
  document.addEventListener("visibilitychange", plan);
  plan();
}

document.querySelectorAll("[data-refresh]").forEach(start);
