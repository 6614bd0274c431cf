// Making elements: short, typed, and without markup in strings.

type Child = Node | string;

/** An element's properties; what is an attribute only comes as `attributes`. */
type Properties<K extends keyof HTMLElementTagNameMap> = Omit<Partial<HTMLElementTagNameMap[K]>, "attributes"> & {
  attributes?: Record<string, string>;
};

/** An element with properties and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties<K> = {} as Properties<K>,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const { attributes, ...own } = properties;
  const element = document.createElement(tag);
  Object.assign(element, own);
  for (const [name, value] of Object.entries<string>(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A button with a text. */
export function button(text: string, clicked: () => void, className = "button"): HTMLButtonElement {
  return el("button", { type: "button", className, textContent: text, onclick: clicked });
}

/** Writes a text only when it is another one: screen readers read what changes. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
