/** What the two drawings of a network have in common: where they are, and what they show. */

/** Where a pane is in its drawing, in pixels. */
export interface Place {
  x: number;
  width: number;
  height: number;
  /** Whether it says whose it is. */
  titled: boolean;
}

/** What a pane shows; by connection but for the last three. */
export interface PaneState {
  values: Float32Array;
  presence: Float32Array;
  marked: Float32Array;
  begun: Float32Array;
  bins: ArrayLike<number>;
  /** Live weights of the whole first layer. */
  live: number;
  /** The largest value, either way, that the axis shows. */
  reach: number;
  /** The bin's count at the top of the histogram. */
  top: number;
  threshold: number | null;
}

/** One of two drawings side by side, or the only one. */
export interface Pane {
  readonly element: SVGElement;
  place(place: Place): void;
  show(state: PaneState): void;
  /** The connection at a point of the drawing; null where there is none. */
  at(x: number, y: number): number | null;
  /** Marks a connection, or none. */
  mark(connection: number | null): void;
}
