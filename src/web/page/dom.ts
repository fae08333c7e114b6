/// <reference lib="dom" />
/**
 * Creates elements in one expression. Nothing here reads HTML from text, and nothing sets a style
 * attribute: the page's Content-Security-Policy allows neither.
 */

/** The value of an attribute: `true` is there without a value, `false` is not there. */
export type Attributes = Record<string, string | number | boolean>;

function fill<E extends Element>(
  element: E,
  attributes: Attributes,
  children: readonly (Node | string)[],
): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : `${value}`);
  }
  element.append(...children);
  return element;
}

/** An HTML element. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** An element of an inline drawing. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** An element of index.html. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element #${id}`);
  return found as E;
}

/** A button that is no form's submit button. */
export function button(text: string, onClick: () => void, attributes: Attributes = {}) {
  const made = el("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", onClick);
  return made;
}

/** Offers bytes as a file to keep. */
export function offerDownload(name: string, content: BlobPart, type: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = el("a", { href: address, download: name });
  link.click();
  // The browser has taken hold of the blob by the next minute.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
