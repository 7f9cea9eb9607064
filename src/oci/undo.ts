/**
 * Steps that take back what was done so far, newest first. Each has a name, so that a step that fails is told.
 *
 * ```ts
 * await using undo = new Undo();
 * const volume = await createVolume(name);
 * undo.add("remove the volume", () => removeVolume(volume));
 * // … what may fail …
 * undo.release();
 * ```
 */
export class Undo implements AsyncDisposable {
  #steps: { readonly name: string; readonly run: () => unknown }[] = [];

  add(name: string, run: () => unknown): void {
    this.#steps.push({ name, run });
  }

  /** It worked: nothing is taken back. */
  release(): void {
    this.#steps = [];
  }

  /** Every step runs, also after one that failed; what failed is told together. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: Error[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step.run();
      } catch (cause) {
        failures.push(new Error(`could not ${step.name}: ${String(cause)}`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((f) => f.message).join("; "));
  }
}
