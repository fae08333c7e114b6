/// <reference lib="dom" />
/** Computes contrasts from rendered styles, by WCAG 2.2, with what lies behind. */

/**
 * Says what is too faint on the page: what it is, and its contrast. Runs there, so that it knows
 * nothing but its arguments.
 *
 * @param marks       selectors, and the property that has their colour, perhaps of a pseudo-element
 * @param textColours selector of swatches whose fill is a colour of text too
 */
export function faint(
  [marks, textColours]: readonly [readonly (readonly [string, string])[], string],
): string[] {
  type Rgba = [number, number, number, number];
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const parse = (color: string): Rgba => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a]: Rgba, below: Rgba): Rgba => [
    ...[r, g, b].map((value, i) => value * a + below[i] * (1 - a)) as [number, number, number],
    1,
  ];
  const luminance = ([r, g, b]: Rgba): number => {
    const [x, y, z] = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (a: Rgba, b: Rgba): number => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const lineage = (element: Element | null): Element[] =>
    element === null ? [] : [...lineage(element.parentElement), element];
  const background = (element: Element): Rgba =>
    lineage(element).reduce<Rgba>(
      (below, at) => over(parse(getComputedStyle(at).backgroundColor), below),
      parse(matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#ffffff"),
    );
  const opacity = (element: Element) =>
    lineage(element).reduce((all, at) => all * Number(getComputedStyle(at).opacity), 1);
  const isShown = (element: Element) =>
    element.checkVisibility({ visibilityProperty: true }) &&
    element.getBoundingClientRect().width > 1;
  const name = (element: Element) =>
    `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}#${element.id} ` +
    `"${element.textContent!.trim().slice(0, 30)}"`;
  const found: string[] = [];
  const judge = (element: Element, color: string, needed: number, what: string) => {
    const behind = background(element), [r, g, b, a] = parse(color);
    const ratio = contrast(over([r, g, b, a * opacity(element)], behind), behind);
    if (ratio < needed) found.push(`${what} ${ratio.toFixed(2)} < ${needed}`);
  };
  let texts = 0;
  for (const element of document.body.querySelectorAll("*")) {
    const hasText = [...element.childNodes].some((node) =>
      node.nodeType === Node.TEXT_NODE && node.textContent!.trim() !== ""
    );
    if (!hasText || !isShown(element) || element.matches(":disabled, option, noscript")) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    if (size === 0) continue;
    const isLarge = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    const color = element instanceof SVGElement ? style.fill : style.color;
    judge(element, color, isLarge ? 3 : 4.5, name(element));
    texts++;
  }
  if (texts < 100) found.push(`only ${texts} texts were seen`);
  for (const [selector, property] of marks) {
    const [, pseudo, key] = /^(?:(::\S+) )?(\S+)$/.exec(property)!;
    const shown = [...document.querySelectorAll(selector)].filter((mark) =>
      mark.checkVisibility({ visibilityProperty: true })
    );
    if (shown.length === 0) found.push(`${selector} is not there`);
    for (const mark of shown.slice(0, 40)) {
      if (mark.matches(":disabled")) continue;
      const color = getComputedStyle(mark, pseudo).getPropertyValue(key);
      // The weights themselves fade with the strength that they show: their colour counts.
      const bare = pseudo ? mark : mark.closest("svg") ?? mark;
      judge(bare, color, 3, `${selector} ${property}`);
    }
  }
  for (const swatch of document.querySelectorAll(textColours)) {
    const color = getComputedStyle(swatch).fill;
    judge(swatch.closest("svg")!, color, 4.5, `the name of a curve, ${color}`);
  }
  return [...new Set(found)];
}
