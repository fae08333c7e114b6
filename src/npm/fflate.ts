/**
 * The one place that names the version of this package, so that a project can import these sources
 * by path.
 */
export * from "npm:fflate@0.8.3";
