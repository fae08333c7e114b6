/**
 * Finds a WebGPU adapter and opens a device. Every wait on the GPU goes through `Gpu.wait`, so that
 * a lost device ends in a `DeviceLostError` and never in a hang.
 */

import { DeviceLostError, GpuError, NoAdapterError, OutOfMemoryError } from "../errors.ts";
import { type AdapterDescription, describeAdapter } from "./adapter.ts";
import { prepareGpuEnvironment } from "./environment.ts";
import { type Tuned, tunedFor } from "./kernels/tiles.ts";
import { submitMillisecondsOf } from "./submits/submit_budget.ts";

const LOSS_NEWS_MILLISECONDS = 50;

/** An open device and what is known about it. */
export class Gpu {
  #failure: DeviceLostError | GpuError | null = null;
  readonly #loss: Promise<never>;

  /**
   * Watches an open device for errors and its loss.
   *
   * @param device  the open device
   * @param adapter what is known of its adapter
   * @param tuned   the choices of all programs on it; by default those of the adapter's class
   * @param submitMilliseconds how long a submit may take, which may change; null: as it likes
   */
  constructor(
    readonly device: GPUDevice,
    readonly adapter: AdapterDescription,
    readonly tuned: Tuned = tunedFor(adapter),
    public submitMilliseconds: number | null = submitMillisecondsOf(adapter),
  ) {
    this.#loss = device.lost.then((info) => {
      this.#failure = new DeviceLostError(
        `the GPU device "${adapter.name}" was lost (${
          info.message || info.reason || "no reason given"
        }); ` +
          `run the same command again`,
      );
      throw this.#failure;
    });
    this.#loss.catch(() => {});
    // Commands that the device rejects do nothing: without this, their results would read as zeros.
    device.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      this.#failure ??= new GpuError(`GPU "${adapter.name}": ${error.message}`);
    });
  }

  /** The same device with other choices: programs that were made before keep to theirs. */
  tunedAs(tuned: Tuned): Gpu {
    return new Gpu(this.device, this.adapter, tuned, this.submitMilliseconds);
  }

  /** Throws if the device has been lost, or has rejected commands outside of `scoped`. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Awaits work of the device; rejects with `DeviceLostError` as soon as the device is lost. */
  async wait<T>(work: Promise<T>): Promise<T> {
    let value: T;
    try {
      value = await Promise.race([work, this.#loss]);
    } catch (error) {
      // Work may fail a moment before the news that the device is lost.
      await new Promise((resolve) => setTimeout(resolve, LOSS_NEWS_MILLISECONDS));
      this.check();
      throw error;
    }
    this.check();
    return value;
  }

  /** Runs `create` and throws if the device reports that it is invalid or out of memory. */
  async scoped<T>(what: string, create: () => T): Promise<T> {
    this.device.pushErrorScope("out-of-memory");
    this.device.pushErrorScope("validation");
    let value: T;
    let validation, memory;
    try {
      value = create();
    } finally {
      [validation, memory] = [this.device.popErrorScope(), this.device.popErrorScope()];
    }
    const invalid = await this.wait(validation);
    const exhausted = await this.wait(memory);
    if (exhausted) {
      throw new OutOfMemoryError(
        `${what}: the adapter is out of memory; use fewer replicas or a smaller network`,
      );
    }
    if (invalid) throw new GpuError(`${what}: ${invalid.message}`);
    return value;
  }

  /** Releases the device. */
  destroy(): void {
    this.device.destroy();
  }
}

/** Whether kernels may read storage textures, a feature that came to WGSL later. */
export function canReadStorageTextures(): boolean {
  // Deno 2.9's types lack it.
  const gpu = globalThis.navigator?.gpu as { wgslLanguageFeatures?: ReadonlySet<string> } & GPU;
  return gpu?.wgslLanguageFeatures?.has("readonly_and_readwrite_storage_textures") ?? false;
}

/**
 * Opens the best adapter: a hardware one where there is one, else a software one.
 *
 * In Deno it needs no permission. On Linux it sets DENO_WEBGPU_BACKEND and XDG_RUNTIME_DIR where
 * they are not set, if `--allow-env` permits that; without, the driver may print that
 * XDG_RUNTIME_DIR is missing.
 *
 * @throws NoAdapterError if there is no WebGPU or no adapter
 */
export async function openGpu(gpu: GPU | undefined = globalThis.navigator?.gpu): Promise<Gpu> {
  prepareGpuEnvironment();
  if (!gpu) {
    throw new NoAdapterError("WebGPU is not available here; use Deno 2.9 or later, or Chrome");
  }
  const adapter = await bestAdapter(gpu);
  if (!adapter) {
    throw new NoAdapterError(
      "no WebGPU adapter was found; install a GPU driver with Vulkan, or Mesa's software driver " +
        "(Debian, Ubuntu: apt-get install mesa-vulkan-drivers libvulkan1)",
    );
  }
  // Limits that are not asked for fall to the specification's defaults (128 MiB bindings).
  const {
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxTextureDimension2D,
    maxStorageTexturesPerShaderStage,
    maxStorageBuffersPerShaderStage,
  } = adapter.limits;
  const description = describeAdapter(adapter.info);
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxBufferSize,
      maxStorageBufferBindingSize,
      maxTextureDimension2D,
      maxStorageTexturesPerShaderStage,
      maxStorageBuffersPerShaderStage,
    },
    requiredFeatures: adapter.features.has("timestamp-query") ? ["timestamp-query"] : [],
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NoAdapterError(
      `"${description.name}" opens no device (${reason}); close other programs that use the GPU ` +
        `or update its driver`,
    );
  });
  return new Gpu(device, description);
}

async function bestAdapter(gpu: GPU): Promise<GPUAdapter | null> {
  const first = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!first || !describeAdapter(first.info).isSoftware) return first;
  for (const options of [{}, { powerPreference: "low-power" }] as const) {
    const other = await gpu.requestAdapter(options);
    if (other && !describeAdapter(other.info).isSoftware) return other;
  }
  return first;
}
