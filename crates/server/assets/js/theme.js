// Changes the appearance at once; the form behind the switch does the same with a round trip.

for (const group of document.querySelectorAll("[data-theme-switch]")) {
  group.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=theme]");
    if (!button) return;
    event.preventDefault();
    document.documentElement.dataset.theme = button.value;
    document.cookie = `__Host-nagaya-theme=${button.value}; Path=/; Max-Age=31536000; Secure; SameSite=Lax`;
    for (const other of document.querySelectorAll("button[name=theme]")) {
      other.setAttribute("aria-pressed", String(other.value === button.value));
    }
  });
}
