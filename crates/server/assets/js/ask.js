// A question with two answers, in a modal dialog: data-confirm is the question, data-yes and data-no are the answers.

export function ask(control) {
  const { confirm, yes, no } = control.dataset;
  const dialog = document.createElement("dialog");
  dialog.className = "ask";
  const question = document.createElement("p");
  question.id = "ask-question";
  question.textContent = confirm;
  dialog.setAttribute("aria-labelledby", question.id);
  const form = document.createElement("form");
  form.method = "dialog";
  // The harmless answer comes first and has the focus.
  form.append(answer(no, "no", "button"), answer(yes, "yes", "button bad"));
  dialog.append(question, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      control.focus();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}

function answer(text, value, className) {
  const button = document.createElement("button");
  Object.assign(button, { className, value, textContent: text });
  return button;
}
