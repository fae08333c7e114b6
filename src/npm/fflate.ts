/** The one place with the version of this package, so that a project can import by path. */
export * from "npm:fflate@0.8.3";
