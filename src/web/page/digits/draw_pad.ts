/// <reference lib="dom" />
/**
 * A pad to draw a digit on, with a mouse, a finger, a pen or the keyboard. Gives the drawing as the
 * network's input whenever it changes.
 */

import { SIDE, toDigit } from "./digit_image.ts";
import { button, el } from "../dom.ts";

/** Canvas pixels: five times the network's own. */
const SIZE = 140;
const PEN = 11;
/** How far an arrow key moves the pen. */
const STEP = 5;

const HOW = "Draw one digit, large.";
const KEYS =
  " By keyboard: arrow keys move the pen, space puts it down and lifts it, Delete clears.";

/** A pad for drawing a digit. */
export class DrawPad {
  readonly element: HTMLElement;
  /** The drawing as the network's input; null if there is none. */
  digit: number[] | null = null;
  readonly #canvas = el("canvas", {
    width: SIZE,
    height: SIZE,
    tabindex: 0,
    role: "application",
    "aria-label": "Drawing pad",
    "aria-describedby": "pad-keys",
  });
  readonly #state = el("p", { class: "visually-hidden", role: "status" });
  /** The ink alone: what is shown has the keyboard's pen on top. */
  readonly #ink = new OffscreenCanvas(SIZE, SIZE);
  readonly #pen = this.#ink.getContext("2d", { willReadFrequently: true })!;
  #last: { x: number; y: number } | null = null;
  readonly #cursor = { x: SIZE / 2, y: SIZE / 2, isDown: false, isShown: false };

  constructor(private readonly onChange: (digit: number[] | null) => void) {
    this.element = el(
      "div",
      { class: "pad" },
      this.#canvas,
      el("p", { class: "note", id: "pad-keys" }, HOW, el("span", { class: "keys" }, KEYS)),
      el(
        "div",
        { class: "actions" },
        button("Clear", () => this.clear(), { class: "small", id: "clear-pad" }),
      ),
      this.#state,
    );
    this.#pen.strokeStyle = "#fff";
    this.#pen.lineCap = "round";
    this.#pen.lineJoin = "round";
    this.#pen.lineWidth = PEN;
    this.#listen();
    this.#show();
  }

  clear(): void {
    this.#pen.clearRect(0, 0, SIZE, SIZE);
    this.#last = null;
    this.#cursor.isDown = false;
    this.#changed();
  }

  /** Shows an image of the network's own size, as if it had been drawn; tells nobody. */
  show(pixels: readonly number[]): void {
    const small = new OffscreenCanvas(SIDE, SIDE), context = small.getContext("2d")!;
    const image = context.createImageData(SIDE, SIDE);
    pixels.forEach((value, i) => image.data.set([255, 255, 255, 255 * value], 4 * i));
    context.putImageData(image, 0, 0);
    this.#pen.clearRect(0, 0, SIZE, SIZE);
    this.#pen.imageSmoothingEnabled = false;
    this.#pen.drawImage(small, 0, 0, SIZE, SIZE);
    this.#last = null;
    this.digit = [...pixels];
    this.#show();
  }

  #listen(): void {
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#cursor.isShown = false;
      this.#last = null;
      this.#lineTo(this.#place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons === 0 || !canvas.hasPointerCapture(event.pointerId)) return;
      for (const part of event.getCoalescedEvents?.() ?? [event]) this.#lineTo(this.#place(part));
    });
    canvas.addEventListener("pointerup", () => this.#last = null);
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => {
      this.#cursor.isShown = canvas.matches(":focus-visible");
      this.#show();
    });
    canvas.addEventListener("blur", () => {
      this.#cursor.isShown = false;
      this.#cursor.isDown = false;
      this.#show();
    });
  }

  #place(event: PointerEvent): { x: number; y: number } {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return {
      x: (event.clientX - left) / width * SIZE,
      y: (event.clientY - top) / height * SIZE,
    };
  }

  #key(event: KeyboardEvent): void {
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-STEP, 0],
      ArrowRight: [STEP, 0],
      ArrowUp: [0, -STEP],
      ArrowDown: [0, STEP],
    };
    const cursor = this.#cursor, move = moves[event.key];
    if (!move && event.key !== " " && event.key !== "Delete" && event.key !== "Backspace") return;
    event.preventDefault();
    cursor.isShown = true;
    if (move) {
      const inside = (value: number) => Math.min(SIZE - 6, Math.max(6, value));
      cursor.x = inside(cursor.x + move[0]);
      cursor.y = inside(cursor.y + move[1]);
      if (cursor.isDown) this.#lineTo(cursor);
      else this.#show();
    } else if (event.key === " ") {
      cursor.isDown = !cursor.isDown;
      this.#last = null;
      if (cursor.isDown) this.#lineTo(cursor);
      else this.#show();
      this.#state.textContent = cursor.isDown ? "pen down" : "pen up";
    } else {
      this.clear();
      this.#state.textContent = "cleared";
    }
  }

  #lineTo({ x, y }: { x: number; y: number }): void {
    const from = this.#last ?? { x, y };
    this.#pen.beginPath();
    this.#pen.moveTo(from.x, from.y);
    this.#pen.lineTo(x, y);
    this.#pen.stroke();
    this.#last = { x, y };
    this.#changed();
  }

  #changed(): void {
    const { data } = this.#pen.getImageData(0, 0, SIZE, SIZE);
    const pixels = Float32Array.from({ length: SIZE * SIZE }, (_, i) => data[4 * i + 3] / 255);
    this.digit = toDigit({ side: SIZE, pixels });
    this.#show();
    this.onChange(this.digit);
  }

  #show(): void {
    const context = this.#canvas.getContext("2d")!;
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIZE, SIZE);
    context.drawImage(this.#ink, 0, 0);
    const { x, y, isDown, isShown } = this.#cursor;
    if (!isShown && !this.digit) {
      context.fillStyle = "#9aa3aa";
      context.font = `10px ${getComputedStyle(this.#canvas).fontFamily}`;
      context.textAlign = "center";
      context.fillText("draw here", SIZE / 2, SIZE / 2 + 3);
    }
    if (!isShown) return;
    context.beginPath();
    context.arc(x, y, 5, 0, 2 * Math.PI);
    context.lineWidth = 2;
    context.strokeStyle = "#56b4e9";
    context.fillStyle = isDown ? "#56b4e9" : "transparent";
    context.fill();
    context.stroke();
  }
}
