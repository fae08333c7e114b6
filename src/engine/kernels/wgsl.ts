/**
 * Expands a WGSL template, a file of `shaders/`, with a table of integers. Two constructs, because
 * GPU compilers keep accumulators in registers only if they are named variables and loops are
 * unrolled:
 *
 * - `#for r in ROWS` … `#end` repeats the lines between, `${r}` standing for 0, 1, …
 * - every entry of the table becomes `const NAME: u32 = value;` at the head of the module, and
 *   `${NAME}` stands for the bare number.
 */

/** Integers (sizes, tile shapes) that specialize a template. */
export type Constants = Record<string, number>;

/** Expands `template`; throws on an unknown name or an unbalanced block, which is a defect. */
export function expandWgsl(template: string, constants: Constants): string {
  const head = Object.entries(constants).map(([name, value]) => `const ${name}: u32 = ${value}u;`);
  return [...head, ...expandLines(template.split("\n"), constants)].join("\n");
}

function expandLines(lines: string[], names: Constants): string[] {
  const out: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const block = /^\s*#for (\w+) in (\w+)\s*$/.exec(lines[i]);
    if (!block) {
      out.push(lines[i].replace(/\$\{(\w+)\}/g, (_, name) => String(lookUp(name, names))));
      continue;
    }
    const end = matchingEnd(lines, i);
    const count = lookUp(block[2], names);
    for (let n = 0; n < count; n++) {
      out.push(...expandLines(lines.slice(i + 1, end), { ...names, [block[1]]: n }));
    }
    i = end;
  }
  return out;
}

function matchingEnd(lines: string[], start: number): number {
  let depth = 0;
  for (let i = start; i < lines.length; i++) {
    if (/^\s*#for /.test(lines[i])) depth++;
    if (/^\s*#end\s*$/.test(lines[i]) && --depth === 0) return i;
  }
  throw new Error(`WGSL template: "${lines[start].trim()}" has no #end`);
}

function lookUp(name: string, names: Constants): number {
  if (/^\d+$/.test(name)) return Number(name);
  if (!(name in names)) throw new Error(`WGSL template: unknown name ${name}`);
  return names[name];
}
