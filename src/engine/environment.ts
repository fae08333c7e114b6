/**
 * Prepares Deno before a process first looks for an adapter. A browser needs none of it. This is
 * the one place of the engine that asks where it runs.
 */

/** Deno, as far as it is used here. */
interface DenoProcess {
  build: { os: string };
  permissions: { querySync(asked: { name: "env"; variable: string }): { state: string } };
  env: { has(name: string): boolean; set(name: string, value: string): void };
}

/**
 * Settings on Linux: Vulkan alone, since the OpenGL fallback lacks limits that the engine needs;
 * and a runtime folder, for want of which the Wayland library prints six lines that concern no one
 * here. Programs that a test starts make the folder where they can, as root nearly everywhere: not
 * below a device.
 */
const SETTINGS = [["DENO_WEBGPU_BACKEND", "vulkan"], ["XDG_RUNTIME_DIR", "/dev/null"]];

/** Whether this is a page or its worker: since Netscape, browsers call themselves Mozilla. */
export function isInBrowser(): boolean {
  return globalThis.navigator?.userAgent?.startsWith("Mozilla/") ?? false;
}

/** Makes the settings that the user has not made, if Deno permits it; never asks. */
export function prepareGpuEnvironment(): void {
  const { Deno: deno } = globalThis as { Deno?: DenoProcess };
  if (deno?.build.os !== "linux") return;
  for (const [variable, value] of SETTINGS) {
    const { state } = deno.permissions.querySync({ name: "env", variable });
    if (state === "granted" && !deno.env.has(variable)) deno.env.set(variable, value);
  }
}
