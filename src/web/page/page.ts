/// <reference lib="dom" />
/**
 * The page: a lottery-ticket laboratory in a browser tab. Opens the worker in which everything is
 * trained, and ties the parts of index.html to it.
 */

import type { AdapterDescription } from "../../engine/mod.ts";
import { LaboratoryClient } from "../client.ts";
import { joinLine } from "../../flags/shell_words.ts";
import type { ExperimentEntry, StorageSpace } from "../messages.ts";
import { comparisonTable } from "./comparison.ts";
import { confirmed } from "./confirm.ts";
import { KernelFigure } from "./charts/kernel_figure.ts";
import { DigitAnswers } from "./digits/digit_answers.ts";
import { button, byId, el, offerDownload } from "./dom.ts";
import { moreTrialsArgs, placedArgs } from "./settings/experiment_place.ts";
import { showExperiments } from "./experiments_list.ts";
import { tell, tellError, tellFileError, tellLeftOut, tellObstacle, untell } from "./failures.ts";
import { acceptFiles, showDataState } from "./files_in.ts";
import { findGpu } from "./gpu_search.ts";
import { NetworkSession } from "./network/network_session.ts";
import { NetworkView } from "./network/network_view.ts";
import { keepSettings, keptSettings } from "./settings/kept_settings.ts";
import { RunControl } from "./run_control.ts";
import { RunModel } from "./run_model.ts";
import { RunView } from "./run_view.ts";
import {
  aboutText,
  expectedSeconds,
  keepSeconds,
  keptSpeeds,
  workOf,
} from "./settings/expected_time.ts";
import { NetworkChoice } from "./settings/network_choice.ts";
import { planText } from "./settings/plan.ts";
import { SettingsForm, type ValidSettings } from "./settings/settings_form.ts";

const client = new LaboratoryClient(
  () => new Worker(new URL("worker.js", import.meta.url), { type: "module" }),
);
let canTrain = false, hasMnist = false, hasCifar = false;
let adapter: AdapterDescription | null = null;
/** A run that takes longer is asked about. */
const LONG_SECONDS = 3600;
let entries: ExperimentEntry[] = [];
/** The experiments of which boxes stand on the page. */
let offered = "", compared: readonly string[] = [];

const form = new SettingsForm(() => {
  keepSettings(form.texts);
  showPlan();
});
byId("settings-fields").replaceChildren(form.element);
const networks = new NetworkChoice(form);
byId("networks").replaceChildren(networks.element);
const view = new RunView();
const answers = new DigitAnswers(client, (error) => tellError(error));
const kernels = new KernelFigure(client, (error) => tellError(error));
const networkView = new NetworkView();
byId("network").append(networkView.element);
const network = new NetworkSession(client, networkView, (error) => tellError(error));
const control = new RunControl(client, view, network, {
  onState: () => {
    showPlan();
    showFiles();
    refreshList();
  },
  onRun: () => showNetworks(view.model),
  onRestart: () => findOut(),
});

/** What can be asked or looked at of an experiment's networks. */
function showNetworks({ tickets, runs }: RunModel): void {
  answers.setNetworks({ tickets, runs });
  kernels.setTickets(tickets);
}

/** The settings that would be run, if they can be. */
function showPlan(): void {
  const { valid } = form;
  const isReady = canTrain && valid !== null && !control.isBusy;
  for (const id of ["start", "start-below"]) byId<HTMLButtonElement>(id).disabled = !isReady;
  networks.show();
  byId("plan").textContent = valid ? planText(valid, { hasMnist, hasCifar }) : "";
  const seconds = valid && expected(valid);
  byId("expected").textContent = seconds === null ? "" : `Takes ${aboutText(seconds)} here.`;
  // Each argument a part of its own: lines break between them, not at their dashes.
  const words = valid ? placedArgs(valid, entries, hasMnist).map((arg) => joinLine([arg])) : [];
  byId("command").replaceChildren(
    ...(valid ? [el("span", {}, "deno task run-lottery")] : []),
    ...words.flatMap((word) => [" ", el("span", {}, word)]),
  );
  byId("settings-state").textContent = valid
    ? ""
    : "A setting needs another value before this can run.";
}

/** Seconds that the settings are expected to take; null where nobody can tell. */
function expected(settings: ValidSettings): number | null {
  const work = workOf(settings);
  return work && adapter && expectedSeconds(work, adapter, keptSpeeds());
}

async function start(): Promise<void> {
  const { valid } = form;
  if (!valid || !canTrain) return form.focusComplaint();
  const seconds = expected(valid);
  if (seconds !== null && seconds > LONG_SECONDS) {
    const text = "It can be paused, and continued after the tab was closed. A shorter training, " +
      "fewer prunings or a smaller network take less.";
    const title = `This takes ${aboutText(seconds)} here. Start anyway?`;
    if (!await confirmed(title, text, "Start")) return;
  }
  // RunRequest for while the person is present; a browser that refuses works without it.
  navigator.storage?.persist?.();
  const begun = performance.now(), args = placedArgs(valid, entries, hasMnist);
  const isFinished = await control.run({ task: "run-lottery", args });
  const work = workOf(valid), { runs } = view.model;
  if (!isFinished || !work || !adapter || runs.some(({ found }) => found)) return;
  keepSeconds(work, adapter, (performance.now() - begun) / 1000, keptSpeeds());
  showPlan();
}

/** The seeds that one press adds. */
const MORE_SEEDS = 3;

/** The button beside the answer that adds seeds to the experiment that is shown. */
function showMoreSeeds(): void {
  const { path, runs } = view.model;
  const entry = entries.find((entry) => entry.path === path);
  const trials = [...new Set(runs.map(({ trial }) => trial))];
  const args = entry && moreTrialsArgs(entry, trials, MORE_SEEDS);
  const isPossible = args && canTrain && !control.isBusy;
  byId("more-seeds").replaceChildren(
    ...(isPossible
      ? [
        button(`Run ${MORE_SEEDS} more seeds`, () => {
          control.run({ task: "run-lottery", args }, view.model);
        }),
        el("p", { class: "note" }, "They are pooled with what is here: means, with intervals."),
      ]
      : []),
  );
}

/** Buttons for the files of the experiment that is shown. */
function showFiles(): void {
  const { path, tickets, runs } = view.model;
  const ticket = tickets.at(-1);
  if (control.isBusy || path === "" || runs.length === 0) {
    return byId("run-files").replaceChildren();
  }
  const hasLevels = ticket !== undefined && ticket.level > 0;
  byId("run-files").replaceChildren(
    button("Download the experiment (zip)", () => downloadZip(path)),
    ...(hasLevels
      ? [button("Download the ticket (safetensors)", () => downloadTicket(ticket.folder))]
      : []),
    ...(hasLevels && canTrain
      ? [button("Train three reinitialized controls of every level", () =>
        control.run(
          { task: "reinitialize", args: [`--experiment-path=${path}`] },
          view.model,
        ))]
      : []),
  );
}

const fileName = (path: string) => path.replace(/^results\//, "").replaceAll("/", "-");

/** Does something that may fail, and shows the failure. */
async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    tellError(error);
  }
}

const downloadZip = (path: string) =>
  attempt(async () => {
    const zip = await client.ask("exportZip", { path });
    offerDownload(`${fileName(path)}.zip`, zip, "application/zip");
  });

const downloadTicket = (folder: string) =>
  attempt(async () => {
    const ticket = await client.ask("exportTicket", { folder });
    offerDownload(`${fileName(folder)}.safetensors`, ticket, "application/octet-stream");
  });

const open = (path: string) =>
  attempt(async () => {
    const shown = await client.ask("view", { path });
    control.release();
    const model = RunModel.of(shown);
    view.open(model, "A saved experiment");
    network.open(model, false);
    byId("run-stage").focus({ preventScroll: true });
    byId("run").scrollIntoView();
    showNetworks(model);
    await control.loadCurves();
    view.finish(shown.verdict.sentence, "A saved experiment");
    tellLeftOut(shown.faults);
    showFiles();
    showMoreSeeds();
  });

const remove = (path: string) =>
  attempt(async () => {
    const name = path.replace(/^results\//, "");
    const text = "All its files go: weights, masks, logs. A zip of it can be downloaded before.";
    if (!await confirmed(`Delete ${name}?`, text, "Delete it")) return;
    await client.ask("remove", { path });
    untell("left-out");
    if (view.model.path === path) {
      untell("error"); // Its offer to try again would begin anew.
      control.release();
      byId("run").hidden = true;
      network.close();
      view.model = new RunModel();
      showNetworks(view.model);
    }
    await refreshList();
    byId("saved-title").focus();
  });

const compare = (paths: string[]) =>
  attempt(async () => {
    const views = await Promise.all(paths.map((path) => client.ask("view", { path })));
    byId("comparison").replaceChildren(comparisonTable(views));
    compared = paths;
    tellLeftOut(views.flatMap(({ faults }) => faults));
    byId("comparison").hidden = false;
    byId("comparison").focus();
  });

/** Goes on with what was asked for and has not been finished, beside the runs that are. */
const goOn = (entry: ExperimentEntry) =>
  attempt(async () => {
    const request = entry.request.find(({ state }) => state !== "finished");
    if (!request || control.isBusy) return;
    const { path, runsFinished } = entry;
    // A damaged run cannot be shown; training names it and trains it again.
    const view = runsFinished > 0 ? await client.ask("view", { path }).catch(() => null) : null;
    const shown = view ? RunModel.of(view) : undefined;
    control.run({ task: request.task, args: request.args }, shown);
    await control.fetchCurves();
  });

async function refreshList(): Promise<void> {
  await attempt(async () => {
    entries = await client.ask("list");
    clearBoxes();
    const actions = { open, goOn, download: downloadZip, remove, compare };
    showPlan();
    showExperiments(entries, control.isBusy || !canTrain, actions);
    showMoreSeeds();
    byId("space").textContent = spaceText(await client.ask("space"));
  });
}

/** Takes away the boxes of experiments that are gone, or are no longer as the boxes say. */
function clearBoxes(): void {
  if (!entries.some(({ inUse }) => inUse === "elsewhere")) untell("elsewhere");
  if (!entries.some(({ path, isUnfinished }) => path === offered && isUnfinished)) {
    untell("continue");
  }
  const isGone = (path: string) => !entries.some((entry) => entry.path === path);
  if (compared.some(isGone)) byId("comparison").hidden = true;
}

/** How much room is taken, and whether it is safe there. */
function spaceText({ used, quota, isPersistent }: StorageSpace): string {
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6).toLocaleString("en")} MB`;
  const safety = isPersistent
    ? ""
    : " The browser may clear them when the disk is nearly full: download what matters.";
  return `${megabytes(used)} of ${megabytes(quota)} are taken.${safety}`;
}

/** Offers to continue an interrupted run. */
function offerToGoOn(): void {
  const entry = entries.find(({ isUnfinished, inUse }) => isUnfinished && inUse === null);
  const elsewhere = entries.find(({ inUse }) => inUse === "elsewhere");
  if (elsewhere) {
    tell({
      key: "elsewhere",
      title: "Another tab is training",
      text: `It works on ${fileName(elsewhere.path)}. Other experiments can be run here.`,
    });
  }
  if (!entry) return;
  const runs = entry.runsTotal === null
    ? ""
    : `${entry.runsFinished} of ${entry.runsTotal} runs are ` +
      "finished. ";
  offered = entry.path;
  if (!kept && entry.request[0]?.task === "run-lottery") form.setArgs(entry.request[0].args);
  tell({
    key: "continue",
    title: `${fileName(entry.path)} was interrupted`,
    text: `${runs}It can resume from its last checkpoint, as if nothing had happened.`,
    actions: [{ text: "Continue", run: () => goOn(entry) }],
  });
  // After a reload the browser goes back to where the page was, below.
  byId("messages").scrollIntoView({ block: "center" });
}

byId("start").addEventListener("click", start);
byId("settings-form").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
byId("copy-command").addEventListener("click", (event) =>
  attempt(async () => {
    await navigator.clipboard.writeText(byId("command").textContent!);
    (event.target as HTMLElement).textContent = "Copied";
  }));
acceptFiles(client, {
  onMnist: (has) => {
    hasMnist = has;
    showPlan();
  },
  onCifar,
  onImported: async (path) => {
    await refreshList();
    if (!control.isBusy) await open(path);
  },
  onError: tellFileError,
});

function onCifar(has: boolean): void {
  hasCifar = has;
  networks.setPhotos(has);
  showPlan();
}

/** Looks at the files, then for the GPU: what is saved is there at once. */
async function findOut(): Promise<void> {
  await attempt(async () => {
    canTrain = false;
    showPlan();
    const opened = await client.ask("open");
    hasMnist = opened.hasMnist;
    onCifar(opened.hasCifar);
    if (hasMnist) showDataState("MNIST is here: choose it as the dataset.");
    if (opened.obstacle) return tellObstacle(opened.obstacle);
    await refreshList();
    const { obstacle, ...found } = await findGpu(client);
    adapter = found.adapter;
    canTrain = obstacle === null;
    if (obstacle) tellObstacle(obstacle);
    byId("adapter").textContent = adapter
      ? `Trains on ${adapter.name}${adapter.isSoftware ? ", in software on the processor" : ""}.`
      : "";
    await refreshList();
    offerToGoOn();
  });
}

const kept = keptSettings();
if (kept) form.setTexts(kept);
else networks.chooseFirst();
await findOut();
