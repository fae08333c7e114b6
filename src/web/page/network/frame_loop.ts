/// <reference lib="dom" />
/** Asks for frames while there is something to move and it is seen. */

/** A frame brings at most so much time: after a rest the drawing goes on where it was. */
const MOST_SECONDS = 0.25;
/** A frame that takes longer is late, and then so many times as long nothing is drawn. */
const LATE_MS = 24, REST = 4;

/** The frames of a drawing. */
export class FrameLoop {
  /** Whether frames that come late leave a processor that trains its time. */
  isPatient = false;
  #isVisible = false;
  /** Whether a frame has been asked for. */
  #isWoken = false;
  #last = 0;

  /**
   * @param seen    the element that is to be seen
   * @param advance moves on by some seconds; returns whether there is more to come
   */
  constructor(seen: Element, private readonly advance: (seconds: number) => boolean) {
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#isVisible = isIntersecting;
      this.wake();
    }, { threshold: 0.25 }).observe(seen);
  }

  /** Begins, unless it runs already. */
  wake(): void {
    if (this.#isWoken || !this.#isVisible) return;
    this.#isWoken = true;
    this.#last = performance.now();
    this.#ask();
  }

  #ask(): void {
    const asked = performance.now();
    requestAnimationFrame((now) => {
      const seconds = Math.min(MOST_SECONDS, Math.max(0, now - this.#last) / 1000);
      this.#last = now;
      this.#isWoken = this.#isVisible && this.advance(seconds);
      if (!this.#isWoken) return;
      const late = performance.now() - asked;
      if (this.isPatient && late > LATE_MS) setTimeout(() => this.#ask(), REST * late);
      else this.#ask();
    });
  }
}
