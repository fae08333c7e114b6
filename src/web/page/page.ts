/// <reference lib="dom" />
/**
 * The page: a lottery-ticket laboratory in a browser tab. Opens the worker in which everything is
 * trained, and ties the parts of index.html to it.
 */

import { LaboratoryClient } from "../client.ts";
import { joinLine } from "../../flags/shell_words.ts";
import { EXAMPLE_WORDS, isOfExample } from "../example/about_example.ts";
import type { ExperimentEntry } from "../messages.ts";
import { comparisonTable } from "./comparison.ts";
import { confirmed } from "./confirm.ts";
import { KernelFigure } from "./charts/kernel_figure.ts";
import { DigitAnswers } from "./digits/digit_answers.ts";
import { byId, el } from "./dom.ts";
import { placedArgs } from "./settings/experiment_place.ts";
import { showExperiments, spaceText } from "./experiments_list.ts";
import {
  attempt,
  tell,
  tellError,
  tellFileError,
  tellLeftOut,
  tellObstacle,
  untell,
} from "./failures.ts";
import { acceptFiles, showDataState } from "./files_in.ts";
import { findGpu } from "./gpu_search.ts";
import { NetworkSession } from "./network/network_session.ts";
import { NetworkView } from "./network/network_view.ts";
import { fileName, RunButtons } from "./run/run_buttons.ts";
import { RunControl } from "./run/run_control.ts";
import { RunModel } from "./run/run_model.ts";
import { RunView } from "./run/run_view.ts";
import { Forecast } from "./settings/forecast.ts";
import { NetworkChoice } from "./settings/network_choice.ts";
import { planText } from "./settings/plan.ts";
import { SettingsForm } from "./settings/settings_form.ts";
import { SharedLink } from "./settings/shared_link.ts";

const client = new LaboratoryClient(
  () => new Worker(new URL("worker.js", import.meta.url), { type: "module" }),
);
/** An address that ends so opens with the example. */
const EXAMPLE_HASH = "#example";
let canTrain = false, hasMnist = false, hasCifar = false;
const forecast = new Forecast();
let entries: ExperimentEntry[] = [];
/** The experiments of which boxes stand on the page. */
let offered = "", compared: readonly string[] = [];

const form = new SettingsForm(() => {
  link?.write();
  showPlan();
});
let link: SharedLink | null = null;
byId("settings-fields").replaceChildren(form.element);
const networks = new NetworkChoice(form);
byId("networks").replaceChildren(networks.element);
const view = new RunView();
const answers = new DigitAnswers(client, view.choice, (error) => tellError(error));
const kernels = new KernelFigure(client, view.choice, (error) => tellError(error));
const networkView = new NetworkView();
byId("network").append(networkView.element);
const network = new NetworkSession(client, networkView, (error) => tellError(error));
const control = new RunControl(client, view, network, {
  onState: () => {
    showPlan();
    buttons.show(entries, canTrain);
    refreshList();
  },
  onRun: () => showNetworks(view.model),
  onRestart: () => findOut(),
});
const buttons = new RunButtons(client, control, view, (args) => {
  form.setArgs(args);
  byId("settings").scrollIntoView();
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
  byId("expected").textContent = valid ? forecast.text(valid) : "";
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

async function start(): Promise<void> {
  const { valid } = form;
  if (!valid || !canTrain) return form.focusComplaint();
  if (!await forecast.isWanted(valid)) return;
  // RunRequest for while the person is present; a browser that refuses works without it.
  navigator.storage?.persist?.();
  const begun = performance.now(), args = placedArgs(valid, entries, hasMnist);
  const isFinished = await control.run({ task: "run-lottery", args });
  if (!isFinished || view.model.runs.some(({ found }) => found)) return;
  forecast.learn(valid, (performance.now() - begun) / 1000);
  showPlan();
}

const open = (path: string) =>
  attempt(async () => {
    const title = isOfExample(path) ? "A finished example" : "A saved experiment";
    const shown = await client.ask("view", { path });
    control.release();
    const model = RunModel.of(shown);
    view.open(model, title, isOfExample(path) ? EXAMPLE_WORDS : "");
    network.open(model, false);
    byId("run-stage").focus({ preventScroll: true });
    // The drawing of its weights comes first, what came of it below.
    byId("network").scrollIntoView();
    showNetworks(model);
    await control.loadCurves();
    view.finish(shown.verdict.sentence, title);
    tellLeftOut(shown.faults);
    buttons.show(entries, canTrain);
  });

const openExample = () =>
  attempt(async () => {
    if (control.isBusy) return;
    const { path } = await client.ask("example");
    await open(path);
  });

/** What can be done without a GPU. */
const INSTEAD = [{ text: "Open a finished example", run: openExample }];

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
    const actions = {
      open,
      goOn,
      download: (path: string) => buttons.downloadZip(path),
      remove,
      compare,
    };
    showPlan();
    showExperiments(entries, control.isBusy || !canTrain, actions);
    buttons.show(entries, canTrain);
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
  if (!isLinked && entry.request[0]?.task === "run-lottery") form.setArgs(entry.request[0].args);
  tell({
    key: "continue",
    title: `${fileName(entry.path)} was interrupted`,
    text: `${runs}It can resume from its last checkpoint, as if nothing had happened.`,
    actions: [{ text: "Continue", run: () => goOn(entry) }],
  });
  // After a reload the browser goes back to where the page was, below.
  byId("messages").scrollIntoView({ block: "center" });
}

byId("open-example").addEventListener("click", (event) => {
  event.preventDefault();
  history.replaceState(null, "", EXAMPLE_HASH);
  openExample();
});
byId("copy-link").addEventListener("click", (event) =>
  attempt(async () => {
    await navigator.clipboard.writeText(link!.address);
    (event.target as HTMLElement).textContent = "Copied";
  }));
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
    if (opened.obstacle) return tellObstacle(opened.obstacle, INSTEAD);
    await refreshList();
    const { adapter, obstacle } = await findGpu(client);
    forecast.adapter = adapter;
    canTrain = obstacle === null;
    if (obstacle) tellObstacle(obstacle, INSTEAD);
    byId("adapter").textContent = adapter
      ? `Trains on ${adapter.name}${adapter.isSoftware ? ", in software on the processor" : ""}.`
      : "";
    await refreshList();
    offerToGoOn();
  });
}

link = new SharedLink(form, networks);
const isLinked = link.read();
const isExampleAsked = location.hash === EXAMPLE_HASH;
const found = findOut();
if (isExampleAsked) await openExample();
await found;
