/** The one place with the versions of Vega's packages, which `render_svg.ts` loads when needed. */
export type { TopLevelSpec } from "npm:vega-lite@6.5.0";

/**
 * Deno downloads at its start what a program names, in a call of `import` too, but not what it puts
 * together from parts; bundlers join the parts and find the packages.
 */
export function loadVega() {
  return Promise.all([
    import("" + "npm:vega@6.4.0") as Promise<typeof import("npm:vega@6.4.0")>,
    import("" + "npm:vega-lite@6.5.0") as Promise<typeof import("npm:vega-lite@6.5.0")>,
    import("" + "npm:vega-interpreter@2.3.2") as Promise<
      typeof import("npm:vega-interpreter@2.3.2")
    >,
  ]);
}
