/// <reference lib="dom" />
/**
 * The page: a lottery-ticket laboratory in a browser tab. Opens the worker in which everything is
 * trained, and ties the parts of index.html to it.
 */

import { LaboratoryClient } from "../client.ts";
import { joinLine } from "../../flags/shell_words.ts";
import type { ExperimentEntry } from "../messages.ts";
import { KernelFigure } from "./charts/kernel_figure.ts";
import { DigitAnswers } from "./digits/digit_answers.ts";
import { byId, el } from "./dom.ts";
import { ExampleView } from "./example_view.ts";
import {
  attempt,
  tellError,
  tellFileError,
  tellLeftOut,
  tellObstacle,
  untell,
} from "./failures.ts";
import { acceptFiles, showDataState } from "./files_in.ts";
import { setFolds } from "./folds.ts";
import { findGpu } from "./gpu_search.ts";
import { NetworkSession } from "./network/network_session.ts";
import { NetworkView } from "./network/network_view.ts";
import { SHOWN_EXAMPLE } from "./network/shown_example.ts";
import { RunButtons } from "./run/run_buttons.ts";
import { RunControl } from "./run/run_control.ts";
import { RunModel } from "./run/run_model.ts";
import { RunView } from "./run/run_view.ts";
import { SavedExperiments } from "./saved_experiments.ts";
import { placedArgs } from "./settings/experiment_place.ts";
import { Forecast } from "./settings/forecast.ts";
import { NetworkChoice } from "./settings/network_choice.ts";
import { planText } from "./settings/plan.ts";
import { SettingsForm } from "./settings/settings_form.ts";
import { SharedLink } from "./settings/shared_link.ts";

setFolds();
const client = new LaboratoryClient(
  () => new Worker(new URL("worker.js", import.meta.url), { type: "module" }),
);
/** An address that ends so opens with the example. */
const EXAMPLE_HASH = "#example";
let canTrain = false, hasMnist = false, hasCifar = false;
const forecast = new Forecast();

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
const networkView = new NetworkView(view.choice);
byId("network").append(networkView.element);
const network = new NetworkSession(client, networkView, (error) => tellError(error));
const control = new RunControl(client, view, network, {
  onState: () => {
    showPlan();
    showButtons();
    saved.refresh();
  },
  onRun: () => showNetworks(view.model),
  onRestart: () => findOut(),
});
const buttons = new RunButtons(client, control, view, (args) => {
  form.setArgs(args);
  byId("settings").scrollIntoView();
});
const saved = new SavedExperiments(client, () => control.isBusy || !canTrain, {
  open: (path) => open(path),
  goOn: (entry) => goOn(entry),
  download: (path) => buttons.downloadZip(path),
  onRemoved: (path) => {
    if (view.model.path !== path) return;
    untell("error"); // Its offer to try again would begin anew.
    example.show();
  },
  onList: () => {
    showPlan();
    showButtons();
  },
});
const example = new ExampleView(view, network, control, ({ tickets, runs }) => {
  // It has no kernels, and of its images all is known: nothing is asked before the reader asks.
  answers.setNetworks({ tickets, runs, shape: SHOWN_EXAMPLE.shape });
  kernels.setTickets([]);
  showButtons();
});

const showButtons = () => buttons.show(saved.entries, canTrain);

function setMnist(has: boolean): void {
  hasMnist = has;
  byId("download-mnist").hidden = has;
}

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
  const words = valid
    ? placedArgs(valid, saved.entries, hasMnist).map((arg) => joinLine([arg]))
    : [];
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
  const begun = performance.now(), args = placedArgs(valid, saved.entries, hasMnist);
  const isFinished = await control.run({ task: "run-lottery", args });
  if (!isFinished || view.model.runs.some(({ found }) => found)) return;
  forecast.learn(valid, (performance.now() - begun) / 1000);
  showPlan();
}

const open = (path: string) =>
  attempt(async () => {
    const title = "A saved experiment";
    const shown = await client.ask("view", { path });
    control.release();
    const model = RunModel.of(shown);
    view.open(model, title);
    network.open(model, false);
    byId("run-stage").focus({ preventScroll: true });
    // The drawing of its weights comes first, what came of it below.
    byId("network").scrollIntoView();
    showNetworks(model);
    await control.loadCurves();
    view.finish(shown.verdict.sentence, title);
    tellLeftOut(shown.faults);
    showButtons();
  });

/** What can be done without a GPU. */
const INSTEAD = [{ text: "Look at the finished example", run: () => example.open() }];

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

byId("open-example").addEventListener("click", (event) => {
  event.preventDefault();
  history.replaceState(null, "", EXAMPLE_HASH);
  example.open();
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
    setMnist(has);
    showPlan();
  },
  onCifar,
  onImported: async (path) => {
    await saved.refresh();
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
    setMnist(opened.hasMnist);
    onCifar(opened.hasCifar);
    if (hasMnist) showDataState("MNIST is here: choose it as the dataset.");
    if (opened.obstacle) return tellObstacle(opened.obstacle, INSTEAD);
    await saved.refresh();
    const { adapter, obstacle } = await findGpu(client);
    forecast.adapter = adapter;
    canTrain = obstacle === null;
    if (obstacle) tellObstacle(obstacle, INSTEAD);
    byId("adapter").textContent = adapter
      ? adapter.isSoftware
        ? "Trains on the processor: this browser offers no GPU."
        : `Trains on ${adapter.name}.`
      : "";
    await saved.refresh();
    const request = saved.offerToGoOn()?.request[0];
    if (!isLinked && request?.task === "run-lottery") form.setArgs(request.args);
  });
}

link = new SharedLink(form, networks);
const isLinked = link.read();
// The form has been drawn by one task; the example is another's.
await new Promise((resolve) => setTimeout(resolve));
example.show();
const found = findOut();
if (location.hash === EXAMPLE_HASH) example.open();
await found;
