// Text that does not come key by key: input methods, dead keys, on-screen keyboards, emoji pickers. All of them write
// into a text field that nobody sees, and what they write is taken from there.

/** What is used of a text field. */
export interface Field {
  value: string;
}

/** Takes new text out of a field, but never while it is still being composed. */
export class FieldText {
  readonly #field: Field;
  readonly #send: (text: string) => void;
  readonly #later: (task: () => void) => void;
  #taken = 0;
  #isComposing = false;

  constructor(field: Field, send: (text: string) => void, later: (task: () => void) => void = (task) => setTimeout(task)) {
    this.#field = field;
    this.#send = send;
    this.#later = later;
  }

  get isComposing(): boolean {
    return this.#isComposing;
  }

  begin(): void {
    this.#isComposing = true;
  }

  /** The composition is over: accepted, or abandoned, which leaves nothing. */
  end(): void {
    this.#isComposing = false;
    this.changed();
  }

  /** The field has another text. Browsers say so before or after the end of a composition, or both. */
  changed(): void {
    if (this.#isComposing) return;
    const text = this.#field.value.slice(this.#taken);
    this.#taken = this.#field.value.length;
    if (text) this.#send(text);
    // Not now: some input methods still look at the field, and the next composition may begin at once.
    this.#later(() => {
      if (this.#isComposing) return;
      this.#field.value = "";
      this.#taken = 0;
    });
  }

  /** The keyboard went elsewhere. */
  drop(): void {
    this.#isComposing = false;
    this.#field.value = "";
    this.#taken = 0;
  }
}

/** What on-screen keyboards do to the field instead of pressing a key. */
export type Edit = "backspace" | "enter";

const EDITS: Record<string, Edit> = { deleteContentBackward: "backspace", insertLineBreak: "enter" };

/** Listens to the field. */
export function listenToField(
  element: HTMLTextAreaElement,
  send: (text: string) => void,
  edit: (edit: Edit) => void,
): FieldText {
  const text = new FieldText(element, send);
  element.addEventListener("compositionstart", () => {
    text.begin();
    element.classList.add("composing");
  });
  element.addEventListener("compositionend", () => {
    element.classList.remove("composing");
    text.end();
  });
  element.addEventListener("beforeinput", (event) => {
    const known = EDITS[event.inputType];
    if (!known || event.isComposing) return;
    event.preventDefault();
    edit(known);
  });
  element.addEventListener("input", (event) => {
    if (!(event as InputEvent).isComposing) text.changed();
  });
  return text;
}
