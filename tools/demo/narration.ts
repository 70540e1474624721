import { OperationError } from "../../core/error.ts";

/** The demo's story: one numbered line for each step with its time, and the step's name in the fault when one fails. */
export class Narration {
  #count = 0;

  constructor(readonly print: (line: string) => void) {}

  /**
   * Takes a step.
   *
   * @param name what it does, as a statement
   * @param action returns its result and the words to show for it
   * @throws OperationError that names the step when the action throws
   */
  async step<T>(name: string, action: () => Promise<readonly [T, string]>): Promise<T> {
    const number = ++this.#count;
    const start = performance.now();
    try {
      const [result, words] = await action();
      const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(5);
      this.print(`${String(number).padStart(2)}. ${seconds} s  ${name}${words === "" ? "" : `: ${words}`}`);
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const reason = error instanceof OperationError ? error.report : message;
      throw new OperationError("failure", `Step ${number} failed, ${name}: ${reason}`, "", { cause: error });
    }
  }

  /** Takes a step that has no result but its words. */
  async tell(name: string, action: () => Promise<string>): Promise<void> {
    await this.step(name, async () => [undefined, await action()]);
  }
}
