/** Installs packages of Debian and its relatives for tasks that need them; says so. */
import { notice } from "./support.ts";

/** Whether this is Debian or a relative of it, with apt-get at hand, and the user is root. */
export async function mayAptInstall(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    await Deno.stat("/etc/debian_version");
  } catch {
    return false;
  }
  const { state } = await Deno.permissions.query({ name: "run", command: "apt-get" });
  return state === "granted" && Deno.uid() === 0;
}

/** Installs packages; returns null, or why that failed and which command to run. */
export async function aptInstall(packages: string[]): Promise<string | null> {
  const command = ["install", "-y", "--no-install-recommends", ...packages];
  notice(`  apt-get ${command.join(" ")}`);
  if (await aptGet(...command) === null) return null;
  // A fresh container knows no packages until it has updated its lists.
  const failure = await aptGet("update") ?? await aptGet(...command);
  if (failure === null) return null;
  return `apt-get could not install ${packages.join(" and ")} (${failure}); ` +
    `run \`apt-get update && apt-get ${command.join(" ")}\`, then the same command again`;
}

/** Runs apt-get; returns null, or the line that says why it failed. */
async function aptGet(...args: string[]): Promise<string | null> {
  const patience = ["DPkg::Lock::Timeout=120", "Acquire::http::Timeout=20", "Acquire::Retries=1"];
  const { success, stderr, stdout } = await new Deno.Command("apt-get", {
    args: [...patience.flatMap((option) => ["-o", option]), ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
  }).output();
  if (success) return null;
  const lines = [stdout, stderr].flatMap((bytes) =>
    new TextDecoder().decode(bytes).trim().split("\n")
  );
  return lines.findLast((line) => line.startsWith("E: ")) ?? lines.at(-1) ?? "no reason given";
}
