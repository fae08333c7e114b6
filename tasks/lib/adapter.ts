/**
 * Makes sure that there is a WebGPU adapter before a task needs one: where there is none it
 * installs Mesa's software Vulkan driver (Debian, Ubuntu, as root) and runs the task again in a new
 * process, or throws a `NoAdapterError` that says which command to run.
 */
import { prepareGpuEnvironment } from "../../src/engine/environment.ts";
import { NoAdapterError } from "../../src/errors.ts";
import { fromFileUrl } from "@std/path";
import { aptInstall, mayAptInstall } from "./apt.ts";
import { leaveInterruptsToChild, notice } from "./support.ts";

const PACKAGES = ["mesa-vulkan-drivers", "libvulkan1"];

/** Set for the second process, so that it never becomes a third. */
export const GUARD = "LOTTERY_DRIVER_INSTALLED";

/** Commands that install a software Vulkan driver, by the distribution's ID in /etc/os-release. */
const INSTALL_COMMANDS: readonly [distribution: RegExp, command: string][] = [
  [/debian|ubuntu/, `sudo apt-get install -y ${PACKAGES.join(" ")}`],
  [/fedora|rhel|centos/, "sudo dnf install -y mesa-vulkan-drivers vulkan-loader"],
  [/arch/, "sudo pacman -S vulkan-swrast vulkan-icd-loader"],
  [/suse/, "sudo zypper install libvulkan_lvp libvulkan1"],
];

/**
 * Returns if there is an adapter; otherwise installs a driver and ends the process with the exit
 * code of the same task run anew, or throws.
 *
 * @param task    name of the task in deno.json, to run it again
 * @param onAgain called before that: the new process shows its own progress
 * @throws NoAdapterError no adapter, and none could be installed; the message says what to do
 */
export async function ensureAdapter(task: string, onAgain = () => {}): Promise<void> {
  prepareGpuEnvironment();
  if (await navigator.gpu?.requestAdapter()) return;
  if (Deno.env.get(GUARD)) {
    throw new NoAdapterError(
      "no WebGPU adapter was found, although Mesa's software Vulkan driver is installed; " +
        "`vulkaninfo --summary` (package vulkan-tools) tells what the driver lacks",
    );
  }
  if (!await mayAptInstall()) throw new NoAdapterError(await advice());
  await install();
  onAgain();
  Deno.exit(await runAgain(task));
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return "";
  }
}

/** The user's next action where there is no adapter. */
async function advice(): Promise<string> {
  const missing = "no WebGPU adapter was found";
  if (Deno.build.os !== "linux") {
    return `${missing}; update the graphics driver of this machine, then run the same command ` +
      `again`;
  }
  const release = await readText("/etc/os-release");
  const ids = [...release.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].map((match) => match[1]).join(" ");
  const command = INSTALL_COMMANDS.find(([distribution]) => distribution.test(ids))?.[1];
  return command
    ? `${missing}; install Mesa's software Vulkan driver with \`${command}\`, ` +
      `then run the same command again`
    : `${missing}; install a Vulkan driver and the Vulkan loader (Mesa's software driver is ` +
      `called lavapipe), then run the same command again`;
}

async function install(): Promise<void> {
  notice("No WebGPU adapter was found. Installing Mesa's software Vulkan driver, about a minute:");
  const failure = await aptInstall(PACKAGES);
  if (failure === null) return;
  throw new NoAdapterError(`no WebGPU adapter was found, and ${failure}`);
}

/**
 * Runs the task in a new process, because this one has looked for drivers already and never sees a
 * new one. `deno task` grants it the permissions of deno.json. Returns its exit code.
 */
async function runAgain(task: string): Promise<number> {
  const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
  notice("The driver is installed; starting again.");
  try {
    const child = new Deno.Command("deno", {
      args: ["task", "--quiet", "--config", config, "--cwd", Deno.cwd(), task, ...Deno.args],
      env: { [GUARD]: "1" },
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
    leaveInterruptsToChild();
    return (await child.status).code;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable)) {
      throw error;
    }
    throw new NoAdapterError("the driver is installed; run the same command again");
  }
}
