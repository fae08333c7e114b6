/** The one place with the version of this package, so that a project can import by path. */
export * from "npm:valibot@1.5.0";
