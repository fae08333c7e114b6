/**
 * The one place that names the version of this package, so that a project can import these sources
 * by path.
 */
export * from "npm:valibot@1.5.0";
