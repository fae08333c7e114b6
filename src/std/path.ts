/**
 * The part of JSR's `@std/path` that the tasks and tests use, with the same names and signatures,
 * over `node:path`. Point the import map at `jsr:@std/path` to use the original instead.
 */
import * as nodePath from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Joins path segments and normalizes the result. */
export function join(...paths: string[]): string {
  return nodePath.join(...paths);
}

/** The path without its last segment. */
export function dirname(path: string): string {
  return nodePath.dirname(path);
}

/** The last segment of a path, without `suffix` if it ends with it. */
export function basename(path: string, suffix = ""): string {
  return nodePath.basename(path, suffix);
}

/** The last segment's extension with its dot, or "". */
export function extname(path: string): string {
  return nodePath.extname(path);
}

/** An absolute path from segments read right to left, then the working folder. */
export function resolve(...paths: string[]): string {
  return nodePath.resolve(...paths);
}

/** The relative path that leads from one path to another. */
export function relative(from: string, to: string): string {
  return nodePath.relative(from, to);
}

/** Whether a path starts at a root. */
export function isAbsolute(path: string): boolean {
  return nodePath.isAbsolute(path);
}

/** Resolves `.`, `..` and repeated separators. */
export function normalize(path: string): string {
  return nodePath.normalize(path);
}

/** The path of a `file:` URL; throws a TypeError for any other URL. */
export function fromFileUrl(url: string | URL): string {
  return fileURLToPath(url);
}

/** The `file:` URL of an absolute path; throws a TypeError for a relative one. */
export function toFileUrl(path: string): URL {
  if (!isAbsolute(path)) throw new TypeError(`Path must be absolute: received "${path}"`);
  return pathToFileURL(path);
}
