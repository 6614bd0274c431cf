// Copies the text of a field that is shown once.

for (const button of document.querySelectorAll("[data-copy]")) {
  const input = document.getElementById(button.dataset.copy);
  button.hidden = false;
  input.select();
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(input.value);
      button.textContent = button.dataset.done;
    } catch {
      // Where the browser forbids it the text is selected, ready to be copied by hand.
      input.focus();
      input.select();
    }
  });
}
