/**
 * The signals by which a system asks a program to end while it can still save: ctrl-C, `kill`, a
 * terminal that is closed, a batch system whose time is nearly used up. SIGQUIT is for ending at
 * once.
 */

const NAMES: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK", "SIGHUP"]
  : ["SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU"];

/** Calls `listener` at each of them, from now on. */
export function onStopSignal(listener: () => void): void {
  for (const name of NAMES) Deno.addSignalListener(name, listener);
}
