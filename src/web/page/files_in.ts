/// <reference lib="dom" />
/**
 * Takes files in, dropped or chosen: MNIST as four files or by download, CIFAR-10's binary files,
 * experiments as zips.
 */

import { isCifarFile } from "../stored/cifar_files.ts";
import type { LaboratoryClient } from "../client.ts";
import { byId } from "./dom.ts";

/** The page's reaction to files that have come in. */
export interface FilesInActions {
  onMnist(hasMnist: boolean): void;
  onCifar(hasCifar: boolean): void;
  onImported(path: string): void;
  onError(error: unknown): void;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Says what is known of MNIST. */
export function showDataState(text: string): void {
  byId("data-state").textContent = text;
}

/** Listens to the buttons, the file fields and to drops. */
export function acceptFiles(client: LaboratoryClient, actions: FilesInActions): void {
  const { onMnist, onImported, onError } = actions;

  async function storeMnist(files: File[]): Promise<void> {
    showDataState("Reading the files …");
    try {
      const { missing, hasMnist } = await client.ask("storeMnist", { files });
      showDataState(
        missing.length === 0
          ? "MNIST is here: choose it as the dataset."
          : `Kept. Still missing: ${missing.join(", ")}.`,
      );
      onMnist(hasMnist);
    } catch (error) {
      showDataState("Nothing was stored.");
      onError(error);
    }
  }

  async function storeCifar(files: File[]): Promise<void> {
    showDataState("Reading the files …");
    try {
      const { missing, hasCifar } = await client.ask("storeCifar", { files });
      showDataState(
        missing === null
          ? "CIFAR-10 is here: choose the network for colour photos."
          : `Kept. Still: ${missing}.`,
      );
      actions.onCifar(hasCifar);
    } catch (error) {
      showDataState("Not all was stored.");
      onError(error);
    }
  }

  async function importZip(file: File): Promise<void> {
    try {
      const { path } = await client.ask("importZip", { file, name: file.name });
      onImported(path);
    } catch (error) {
      onError(error);
    }
  }

  async function take(files: File[]): Promise<void> {
    const zips = files.filter(({ name }) => /\.zip$/i.test(name));
    const photos = files.filter(({ name }) => isCifarFile(name));
    const others = files.filter((file) => !zips.includes(file) && !photos.includes(file));
    for (const zip of zips) await importZip(zip);
    if (photos.length > 0) await storeCifar(photos);
    if (others.length > 0) await storeMnist(others);
  }

  const download = byId<HTMLButtonElement>("download-mnist");
  download.addEventListener("click", async () => {
    download.disabled = true;
    showDataState("Connecting …");
    try {
      await client.ask("downloadMnist");
      showDataState("MNIST is here: choose it as the dataset.");
      onMnist(true);
    } catch (error) {
      showDataState("The download failed. The four files can be dropped on this page instead.");
      onError(error);
    } finally {
      download.disabled = false;
    }
  });
  client.listen((event) => {
    if (event.type !== "download") return;
    const of = event.total === null ? "" : ` of ${megabytes(event.total)}`;
    showDataState(`${event.file}: ${megabytes(event.bytes)}${of}`);
  });

  for (const id of ["mnist-files", "zip-file"]) {
    const field = byId<HTMLInputElement>(id);
    field.addEventListener("change", async () => {
      await take([...field.files ?? []]);
      field.value = "";
    });
  }

  const hint = byId("drop-hint");
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    hint.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) hint.hidden = true;
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    hint.hidden = true;
    take([...event.dataTransfer!.files]);
  });
}
