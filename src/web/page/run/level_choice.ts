/// <reference lib="dom" />
/** The level that the person has chosen, in one place for curves, maps, kernels, table and pad. */

/** A value that several parts of the page show; who listens hears of every change. */
export class Shared<T> {
  readonly #listeners = new Set<() => void>();

  constructor(public value: T) {}

  /** Calls `listener` whenever the value has changed. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  set(value: T): void {
    if (value === this.value) return;
    this.value = value;
    for (const listener of this.#listeners) listener();
  }
}

/** The chosen level; null: the latest. */
export class LevelChoice extends Shared<number | null> {
  /** @param root where buttons with `data-level` choose a level, and are marked */
  constructor(private readonly root: HTMLElement) {
    super(null);
    root.addEventListener("click", ({ target }) => {
      const button = (target as Element).closest<HTMLElement>("button[data-level]");
      if (button) this.toggle(Number(button.dataset.level));
    });
    this.listen(() => this.mark());
  }

  /** Chooses a level; the same once more: the latest again. */
  toggle(level: number): void {
    this.set(level === this.value ? null : level);
  }

  /** Marks what belongs to the chosen level, after something was drawn anew. */
  mark(): void {
    for (const element of this.root.querySelectorAll<HTMLElement>("[data-level].of-level")) {
      const isChosen = element.dataset.level === `${this.value}`;
      element.classList.toggle("is-chosen", isChosen);
      const button = element.querySelector("button");
      if (button) button.ariaPressed = `${isChosen}`;
    }
  }
}
