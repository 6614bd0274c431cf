// The activity page's live tail: asks every few seconds for rows that the page does not have yet, and puts them on top.

import { showTimes } from "./times.js";

const EVERY_MS = 3000;
// Nobody is looking any more; asking on would keep the session from ending by itself.
const REST_MS = 10 * 60 * 1000;

function start(box) {
  const button = box.querySelector("button");
  const state = box.querySelector("[role=status]");
  const table = document.querySelector("table.list");
  const texts = box.dataset;
  let next = Number(texts.from);
  let running = true;
  let waiting = 0;
  let used = Date.now();

  function show() {
    button.textContent = running ? texts.pause : texts.resume;
    state.textContent = running ? texts.on : texts.off;
    box.classList.toggle("running", running);
  }

  function plan() {
    clearTimeout(waiting);
    if (running && !document.hidden) waiting = setTimeout(look, EVERY_MS);
  }

  function add(html) {
    const part = document.createElement("template");
    part.innerHTML = html;
    const rows = part.content.querySelectorAll("tr");
    if (rows.length === 0) return;
    showTimes(part.content);
    for (const row of rows) row.classList.add("fresh");
    table.tBodies[0].prepend(part.content);
    table.hidden = false;
    document.querySelector("section.empty")?.remove();
    state.textContent = texts.new.replace("{count}", String(rows.length));
  }

  async function look() {
    if (Date.now() - used > REST_MS) {
      running = false;
      show();
      return;
    }
    try {
      const answer = await fetch(`${texts.live}&after=${next}`, { headers: { accept: "text/html;part" } });
      // Signed out, or no longer allowed: the page says so when it is loaded again.
      if (answer.redirected || answer.status === 401 || answer.status === 403) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      next = Number(answer.headers.get("x-next"));
      if (running) add(await answer.text());
    } catch {
      state.textContent = texts.lost;
    }
    plan();
  }

  button.addEventListener("click", () => {
    running = !running;
    show();
    plan();
  });
  for (const kind of ["pointermove", "keydown", "scroll"]) {
    addEventListener(kind, () => (used = Date.now()), { passive: true });
  }
  document.addEventListener("visibilitychange", plan);
  box.hidden = false;
  show();
  plan();
}

document.querySelectorAll("[data-live]").forEach(start);
