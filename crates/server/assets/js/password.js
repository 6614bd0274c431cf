// Shows a password on demand, and how many characters a new one still lacks.

for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });
  // Browsers offer to remember what a password field holds, and only that.
  input.form?.addEventListener("submit", () => {
    input.type = "password";
    button.setAttribute("aria-pressed", "false");
  });
}

for (const line of document.querySelectorAll("[data-length-of]")) {
  const input = document.getElementById(line.dataset.lengthOf);
  const meter = line.querySelector("meter");
  const text = line.querySelector("output");
  const show = () => {
    // As the service counts: characters, not UTF-16 units.
    const length = [...input.value].length;
    const missing = meter.max - length;
    meter.value = Math.min(length, meter.max);
    line.hidden = length === 0;
    line.classList.toggle("enough", missing <= 0);
    text.value = missing > 0 ? line.dataset.short.replace("{count}", missing) : line.dataset.good;
  };
  input.addEventListener("input", show);
  show();
}
