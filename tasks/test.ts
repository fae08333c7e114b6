/**
 * `deno task test`: format, lint, type-checks and every test. Ends with the line `N passed, N
 * failed`, in which a check counts as a test; a test that is skipped, or a file that runs none, has
 * failed.
 */
import { prepareGpuEnvironment } from "../src/engine/environment.ts";
import { LotteryError, UsageError } from "../src/errors.ts";
import { string } from "../src/flags/kinds.ts";
import { makeTemporaryFolder } from "../src/storage/deno.ts";
import { findChromium } from "../tests/browser/chromium.ts";
import { hasSlurm, SLURM_PACKAGES } from "../tests/e2e/slurm.ts";
import { LOCK, ROOT } from "./lib/toolchain.ts";
import { addTo, countResults, type FileResult, readJunit, type Tally } from "./lib/junit.ts";
import { mnistLocation } from "./lib/mnist_location.ts";
import { numpyPython, PYTHONS } from "../tests/numpy.ts";
import { ensureAdapter, GUARD } from "./lib/adapter.ts";
import { runChecks } from "./lib/checks.ts";
import { aptInstall, mayAptInstall } from "./lib/apt.ts";
import { leaveInterruptsToChild, notice, print, runTask } from "./lib/support.ts";

/** The permissions of tests: files anywhere, programs by name, no network but this machine. */
const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--allow-net=127.0.0.1",
  `--allow-run=${["deno", Deno.execPath(), "/usr/bin/env", ...PYTHONS].join(",")}`,
];
/** Playwright looks at files of the system that only this lets it see. */
const BROWSER_PERMISSIONS = ["--allow-all"];

/** No run of tests takes nearly as long, unless one hangs. */
const TIME_LIMIT_MINUTES = 30;

/** Makes sure of a program that tests need: installs its packages where that may be done. */
async function provide(
  what: string,
  isThere: () => Promise<boolean>,
  ...packages: string[]
): Promise<void> {
  if (await isThere()) return;
  const missing = `the tests need ${what}, which was not found`;
  if (!await mayAptInstall()) {
    throw new LotteryError(
      `${missing}; install it (Debian, Ubuntu: \`sudo apt-get install -y ${
        packages.join(" ")
      }\`), ` +
        `then run the same command again`,
    );
  }
  notice(`The tests need ${what}. Installing it, about a minute:`);
  const failure = await aptInstall(packages);
  if (failure !== null) throw new LotteryError(`${missing}, and ${failure}`);
  if (!await isThere()) throw new LotteryError(`${missing}, although its packages are installed`);
}

/** Everything that the whole of the tests needs on this machine. */
async function provideAll(): Promise<void> {
  await ensureAdapter("test");
  await provide(
    "Python with NumPy",
    () => numpyPython().then(() => true, () => false),
    "python3-numpy",
  );
  if (Deno.build.os === "linux") {
    await provide("Slurm", () => Promise.resolve(hasSlurm()), ...SLURM_PACKAGES);
  }
  await provide("Chromium", () => Promise.resolve(findChromium() !== null), "chromium");
  print(`examples: ${await mnistLocation()}`);
}

/** Test files below a path, as paths from the project's folder. */
function testFiles(path: string): string[] {
  const clean = path.replace(/^\.\//, "").replace(/\/+$/, "");
  try {
    if (Deno.statSync(`${ROOT}/${clean}`).isFile) return [clean];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UsageError(
      `${path} does not exist; name test files, or folders such as tests/formats`,
    );
  }
  return [...Deno.readDirSync(`${ROOT}/${clean}`)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return testFiles(`${clean}/${name}`);
    return name.endsWith("_test.ts") ? [`${clean}/${name}`] : [];
  }).sort();
}

/** The modules of the library, whose docstrings hold examples. */
function documentedFiles(folder = "src"): string[] {
  return [...Deno.readDirSync(`${ROOT}/${folder}`)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return documentedFiles(path);
    return name.endsWith(".ts") && examplesOf(path).length > 0 ? [path] : [];
  }).sort();
}

/** The examples in a module's docstrings, by their names in `deno test --doc`. */
function examplesOf(file: string): string[] {
  const lines = Deno.readTextFileSync(`${ROOT}/${file}`).split("\n");
  return lines.flatMap((line, i) => {
    // Those marked `ignore` too: they do not run, which counts as failed.
    if (!/^\s*\* ```ts\b/.test(line)) return [];
    const end = lines.findIndex((later, j) => j > i && /^\s*\* ```$/.test(later));
    return [`${file}#${i + 1}-${end + 2}.ts`];
  });
}

/** Runs test files; returns the results of each, or none if it could not be loaded. */
async function runTests(
  files: string[],
  permissions: string[],
  options: string[],
): Promise<{ success: boolean; results: FileResult[] }> {
  const folder = await makeTemporaryFolder(), report = `${folder}/report.xml`;
  await Deno.writeTextFile(report, "");
  const signal = AbortSignal.timeout(TIME_LIMIT_MINUTES * 60_000);
  try {
    const child = new Deno.Command("deno", {
      args: ["test", "--quiet", LOCK, "--no-prompt", `--junit-path=${report}`].concat(
        permissions,
        options,
        files,
      ),
      cwd: ROOT,
      // Tests of what a task does without an adapter start it as a user would.
      env: { [GUARD]: "", ...(Deno.stdout.isTerminal() ? {} : { NO_COLOR: "1" }) },
      stdin: "null",
      signal,
    }).spawn();
    const { success } = await child.status;
    if (signal.aborted) print(`ended after ${TIME_LIMIT_MINUTES} minutes: a test hangs`);
    return { success, results: readJunit(await Deno.readTextFile(report)) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Whether the tests of a file compute on the GPU. */
function usesGpu(file: string): boolean {
  return /\bopen(Test)?Gpu\(/.test(Deno.readTextFileSync(`${ROOT}/${file}`));
}

const flags = {
  filter: string({ placeholder: "TEXT|/RE/", help: "run only the tests whose names contain this" }),
};

await runTask(
  {
    name: "test",
    summary: "Runs every check and test, or only the tests in the named files and folders.",
    operands: ["[PATH…]"],
    flags,
    examples: ["deno task test", "deno task test tests/formats --filter npy"],
  },
  async ({ filter }, paths) => {
    const isWhole = paths.length === 0 && filter === undefined;
    const files = (paths.length > 0 ? paths : ["tests"]).flatMap(testFiles);
    const tally: Tally = { passed: 0, failed: 0 };
    if (isWhole) {
      await provideAll();
      addTo(tally, await runChecks());
    } else prepareGpuEnvironment();

    leaveInterruptsToChild();
    // A whole run has checked the types already.
    const options = isWhole ? ["--no-check"] : filter === undefined ? [] : [`--filter=${filter}`];
    const isForBrowser = (file: string) => file.startsWith("tests/browser/");
    const groups = [
      { files: files.filter((file) => !isForBrowser(file)), permissions: PERMISSIONS },
      { files: files.filter(isForBrowser), permissions: BROWSER_PERMISSIONS },
    ];
    let gpuTests = 0;
    for (const { files, permissions } of groups.filter(({ files }) => files.length > 0)) {
      const { success, results } = await runTests(files, permissions, options);
      addTo(tally, countResults(files, results, { success, isFiltered: filter !== undefined }));
      for (const { file, passed } of results) if (usesGpu(file)) gpuTests += passed;
    }
    if (isWhole) {
      const documented = documentedFiles();
      const examples = documented.flatMap(examplesOf);
      if (examples.length === 0) {
        tally.failed++; // Without files, deno test would run all that there are.
        print("no example of a docstring was found; that counts as failed");
      } else {
        const options = ["--doc", "--no-check"];
        const { success, results } = await runTests(documented, PERMISSIONS, options);
        addTo(tally, countResults(examples, results, { success, isFiltered: false }));
      }
    }
    if (isWhole && gpuTests === 0) {
      tally.failed++;
      print("no test ran on the GPU; that counts as failed");
    }
    print(`${tally.passed} passed, ${tally.failed} failed`);
    if (tally.failed > 0 || tally.passed === 0) Deno.exit(1);
  },
);
