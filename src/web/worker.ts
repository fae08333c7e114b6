/** The worker: answers the page's requests (messages.ts), each by the module whose job it is. */

import { openGpu } from "../engine/mod.ts";
import { InputError, LotteryError, NoAdapterError, StorageError } from "../errors.ts";
import { once } from "../memo.ts";
import { OpfsStorage } from "../storage/opfs.ts";
import { hasCifar, storeCifar } from "./stored/cifar_files.ts";
import { exportZip, importZip, tidyImports } from "./archives.ts";
import { downloadMnist, isMnistAtHand, storeMnist } from "./examples.ts";
import { Experiments } from "./stored/experiments.ts";
import { holderOf, WebLaboratory } from "./laboratory.ts";
import { answerLook, isLook, type LookName } from "./looks.ts";
import type {
  FoundGpu,
  LaboratoryEvent,
  Obstacle,
  RequestMessage,
  RequestName,
  Requests,
  WorkerMessage,
} from "./messages.ts";
import { readRequest } from "./runners.ts";
import { storageSpace } from "./space.ts";

/** The part of a worker's global scope that is used; Deno's libraries do not know it. */
const scope = globalThis as unknown as Pick<Worker, "postMessage" | "addEventListener">;

const post = (message: WorkerMessage): void => scope.postMessage(message);
const send = (event: LaboratoryEvent): void => post({ event });

interface Place {
  storage: OpfsStorage;
  laboratory: WebLaboratory;
  experiments: Experiments;
}

const openPlace = once(async (): Promise<Place> => {
  const storage = await OpfsStorage.open();
  return {
    storage,
    laboratory: new WebLaboratory(storage, send),
    experiments: new Experiments(storage),
  };
});

/** How each request is answered that is no look. */
const ANSWERS: {
  [N in Exclude<RequestName, LookName>]: (
    argument: Requests[N][0],
    place: Place,
  ) => Promise<Requests[N][1]>;
} = {
  open: async (_, { storage }) => {
    await tidyImports(storage);
    return {
      obstacle: null,
      hasMnist: await isMnistAtHand(storage),
      hasCifar: await hasCifar(storage),
    };
  },
  gpu: () => findGpu(),
  list: (_, { experiments, laboratory }) => experiments.list(laboratory.path),
  check: (request) => {
    readRequest(request);
    return Promise.resolve({ isFine: true });
  },
  run: (request, { laboratory }) => laboratory.run(request),
  pause: async ({ isStopped }, { laboratory }) => ({
    wasRunning: await laboratory.pause(isStopped),
  }),
  storeMnist: ({ files }, { storage }) => storeMnist(storage, files),
  storeCifar: ({ files }, { storage }) => storeCifar(storage, files),
  downloadMnist: async (_, { storage }) => {
    await downloadMnist(
      storage,
      (progress) => send({ type: "download", ...progress }),
      (text) => send({ type: "notice", text }),
    );
    return { hasMnist: true };
  },
  remove: async ({ path }, { experiments, laboratory }) => {
    await experiments.remove(path, laboratory.path);
    return { removed: path };
  },
  exportZip: ({ path }, { storage }) => exportZip(storage, path),
  importZip: async ({ file, name }, { storage }) => ({
    path: await importZip(storage, file, name, holderOf(`import ${name}`)),
  }),
  exportTicket: ({ folder }, { experiments }) => experiments.exportTicket(folder),
  space: (_, { storage }) => storageSpace(storage),
};

async function findGpu(): Promise<FoundGpu> {
  if (!globalThis.navigator.gpu) {
    return { adapter: null, obstacle: { kind: "no-webgpu", message: NO_WEBGPU } };
  }
  try {
    const gpu = await openGpu();
    gpu.destroy();
    return { adapter: gpu.adapter, obstacle: null };
  } catch (error) {
    if (!(error instanceof NoAdapterError)) throw error;
    return { adapter: null, obstacle: { kind: "no-adapter", message: NO_ADAPTER } };
  }
}

const NO_WEBGPU =
  "This browser has no WebGPU, through which networks are trained on the GPU. Use Chrome " +
  "or Edge 121 or later, at an address that begins with https:// or http://127.0.0.1.";
const NO_ADAPTER = "This browser has WebGPU but found no GPU that it may use. Turn on hardware " +
  "acceleration in its settings, update the graphics driver and start the browser again; on " +
  "Linux, start Chrome with --enable-unsafe-webgpu --enable-features=Vulkan. Without a GPU, add " +
  "--use-webgpu-adapter=swiftshader: it is slower, but works.";

async function replyTo(name: RequestName, argument: object): Promise<Requests[RequestName][1]> {
  if (isLook(name)) {
    return await answerLook(name, argument, async () => (await openPlace()).experiments);
  }
  if (!Object.hasOwn(ANSWERS, name)) throw new InputError(`there is no request "${name}"`);
  const handle = ANSWERS[name] as (argument: unknown, place: Place) => Promise<never>;
  return await handle(argument, await openPlace());
}

async function answer({ id, name, argument }: RequestMessage): Promise<void> {
  try {
    post({ id, reply: await replyTo(name, argument) });
  } catch (error) {
    if (name === "open" && error instanceof StorageError) {
      const obstacle: Obstacle = { kind: "storage", message: error.message };
      return post({ id, reply: { obstacle, hasMnist: false, hasCifar: false } });
    }
    const isError = error instanceof Error;
    post({
      id,
      error: {
        name: isError ? error.name : "Error",
        message: isError ? error.message : String(error),
        stack: isError && error.stack ? error.stack : String(error),
        isBug: !(error instanceof LotteryError),
      },
    });
  }
}

scope.addEventListener("message", (event) => answer((event as MessageEvent<RequestMessage>).data));
