/**
 * Makes methods of the web platform refuse an explicit undefined, as an argument or inside of one:
 * browsers take it for absent in some calls and not in others (Chromium 150 rejects
 * `setBindGroup(0, group, undefined)` once V8 has optimized the call), so nothing here passes it.
 */

/**
 * Patches WebGPU's interfaces, or in a browser those of the whole platform and the global
 * functions. Needs nothing from outside of itself, so that its text can be sent into a page.
 */
export function refuseExplicitUndefined(what: "webgpu" | "platform"): void {
  /** Where plain data holds an undefined: "2", "0.entries.1.resource.size"; null if nowhere. */
  function findUndefined(data: unknown): string | null {
    if (typeof data !== "object" || data === null) return null;
    if (!Array.isArray(data) && Object.getPrototypeOf(data) !== Object.prototype) return null;
    for (const [key, value] of Object.entries(data)) {
      if (value === undefined) return key;
      const inside = findUndefined(value);
      if (inside !== null) return `${key}.${inside}`;
    }
    return null;
  }
  function patch(owner: object, ownerName: string, name: string): void {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name)!;
    const method = descriptor.value;
    // JavaScript's own methods are not enumerable, those of web interfaces are.
    if (typeof method !== "function" || name === "constructor") return;
    if (what === "platform" && !descriptor.enumerable) return;
    const isPatched = method.name === "refusing";
    // A cloned value may hold an undefined, which arrives as one.
    const isClone = name === "postMessage" || name === "structuredClone";
    if (isPatched || !descriptor.configurable || isClone) return;
    const refusing = function (this: unknown, ...args: unknown[]) {
      const place = findUndefined(args);
      if (place !== null) {
        throw new TypeError(`${ownerName}.${name}: explicit undefined at argument ${place}`);
      }
      return Reflect.apply(method, this, args);
    };
    Object.defineProperty(owner, name, { ...descriptor, value: refusing });
  }
  const scope = globalThis as unknown as Record<string, { prototype?: object } | undefined>;
  for (const name of Object.getOwnPropertyNames(scope)) {
    if (!/^[A-Z]/.test(name) || (what === "webgpu" && !name.startsWith("GPU"))) continue;
    const prototype = scope[name]?.prototype;
    if (!prototype) continue;
    for (const method of Object.getOwnPropertyNames(prototype)) patch(prototype, name, method);
  }
  if (what === "webgpu") return;
  for (const name of ["fetch", "setTimeout", "clearTimeout", "requestAnimationFrame"]) {
    if (Object.hasOwn(scope, name)) patch(scope, "globalThis", name);
  }
}
