/** Records what a device is given to do: by submit, its dispatches in their order. */

/** A dispatch: its pipeline (programs share those of equal code), dynamic offsets and grid. */
export interface LoggedDispatch {
  pipeline: GPUComputePipeline;
  offsets: number[];
  grid: (number | undefined)[];
}

/** A log of submits. */
export interface SubmitLog {
  /** Dispatches of each submit since this was last taken. */
  take(): LoggedDispatch[][];
  /** Stops it. */
  end(): void;
}

/** Logs the submits of a device from now on. */
export function logSubmits(device: GPUDevice): SubmitLog {
  const { queue } = device;
  const create = device.createCommandEncoder.bind(device), submit = queue.submit.bind(queue);
  const recorded = new WeakMap<GPUCommandBuffer, LoggedDispatch[]>();
  let submits: LoggedDispatch[][] = [];
  device.createCommandEncoder = (...args) => {
    const encoder = create(...args), dispatches: LoggedDispatch[] = [];
    const begin = encoder.beginComputePass.bind(encoder), finish = encoder.finish.bind(encoder);
    encoder.beginComputePass = (...args) => logPass(begin(...args), dispatches);
    encoder.finish = (...args) => {
      const commands = finish(...args);
      recorded.set(commands, dispatches);
      return commands;
    };
    return encoder;
  };
  queue.submit = (commands) => {
    submits.push([...commands].flatMap((buffer) => recorded.get(buffer) ?? []));
    return submit(commands);
  };
  return {
    take() {
      const taken = submits.filter((dispatches) => dispatches.length > 0);
      submits = [];
      return taken;
    },
    end() {
      Reflect.deleteProperty(device, "createCommandEncoder");
      Reflect.deleteProperty(queue, "submit");
    },
  };
}

function logPass(pass: GPUComputePassEncoder, log: LoggedDispatch[]): GPUComputePassEncoder {
  const setPipeline = pass.setPipeline.bind(pass);
  const setBindGroup = pass.setBindGroup.bind(pass) as (...args: unknown[]) => undefined;
  const dispatch = pass.dispatchWorkgroups.bind(pass);
  let pipeline: GPUComputePipeline, offsets: number[] = [];
  pass.setPipeline = (next) => setPipeline(pipeline = next);
  pass.setBindGroup = (...args: unknown[]) => {
    offsets = [...(args[2] as number[] | undefined ?? [])];
    return setBindGroup(...args);
  };
  pass.dispatchWorkgroups = (...grid) => {
    log.push({ pipeline, offsets, grid });
    return dispatch(...grid);
  };
  return pass;
}
