/**
 * The errors that a user can meet. Each message is one line that names the value, the place and the
 * next action; tasks print it without a stack. Anything else that is thrown is a bug in this
 * program.
 */

/** Base of every error that is meant for the user. */
export class LotteryError extends Error {
  /** The class of the error. */
  override name: string = this.constructor.name;

  /**
   * An error of this message.
   *
   * @param message one line; control characters, which names from files may hold, become blanks
   */
  constructor(message: string) {
    super(message.replace(/\s*\p{Cc}+\s*/gu, " ").trim());
  }
}

/** A flag or argument that cannot be understood (exit code 2). */
export class UsageError extends LotteryError {}

/** A value of the right form but with a meaning that cannot be used: shapes, ranges, names. */
export class InputError extends LotteryError {}

/** Bytes that do not follow their format: IDX, gzip, npy, logs. */
export class FormatError extends LotteryError {}

/** A file or folder that cannot be read or written. */
export class StorageError extends LotteryError {
  /** Whether the system is at fault, not the file: too many are open, permission is lacking. */
  readonly isOfSystem: boolean;
  /** The error of a file operation that failed. */
  constructor(message: string, isOfSystem = false) {
    super(message);
    this.isOfSystem = isOfSystem;
  }
}

/** A file or folder that does not exist. */
export class NotFoundError extends StorageError {}

/** A folder that another process works in. */
export class LockedError extends StorageError {}

/** Whether a file is at fault: it cannot be read or used. Not the system, nor a bug. */
export function isOfFile(error: unknown): error is LotteryError {
  return error instanceof FormatError || error instanceof InputError ||
    (error instanceof StorageError && !error.isOfSystem);
}

/** An npm package that cannot be loaded, as without a network. */
export class PackageError extends LotteryError {}

/** No WebGPU adapter on this machine. */
export class NoAdapterError extends LotteryError {}

/** The GPU device was lost (driver reset, unplugged, out of memory) while in use. */
export class DeviceLostError extends LotteryError {}

/** The adapter cannot hold what was asked for; the message says what would fit. */
export class CapacityError extends LotteryError {}

/** An allocation that fits the adapter's limits but not its memory, such as it is at the moment. */
export class OutOfMemoryError extends CapacityError {}

/** Work that was stopped on request: a signal, a button. Its results so far are kept (exit 130). */
export class InterruptedError extends LotteryError {}

/** A shader or pipeline that the adapter rejects: a defect of this program or of the driver. */
export class GpuError extends LotteryError {}

/** Training produced a loss or a weight that is not finite. */
export class DivergedError extends LotteryError {
  /** First iteration whose loss is not finite. */
  readonly iteration: number;
  /** The error of a training whose loss is not finite from `iteration` on. */
  constructor(message: string, iteration: number) {
    super(message);
    this.iteration = iteration;
  }
}
