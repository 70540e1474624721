/**
 * Follows the config file: reads it again when it changed, keeps the last good configuration when it is faulty, and hands
 * the steps between the two on.
 *
 * @module
 */
import { getLogger } from "../cli/log.ts";
import type { Config, Overrides } from "../core/config/config.ts";
import { formatFault } from "../core/config/fault.ts";
import { parseConfig } from "../core/config/parse.ts";
import { plan, type Step } from "../core/config/plan.ts";
import { configInForce } from "../core/config/restart.ts";
import { OperationError } from "../core/error.ts";
import { readConfigFile } from "../system/config_file.ts";
import type { ConfigStatus } from "./status_document.ts";

const log = getLogger("config");

/** Carries out the steps to a configuration. It logs what fails; it does not throw. */
export type ApplySteps = (steps: readonly Step[]) => Promise<void>;

/** The configuration in force and the file it comes from. */
export class ConfigFollower {
  #inForce: Config;
  #faults: readonly string[] = [];
  #loadedAt = new Date();
  #reloading = Promise.resolve();

  /**
   * @param file the file that is followed
   * @param overrides values of flags, which stay in force over the file's
   * @param initial the configuration that was read from it
   */
  constructor(
    readonly file: string,
    readonly overrides: Overrides,
    initial: Config,
    readonly apply: ApplySteps,
  ) {
    this.#inForce = initial;
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#inForce;
  }

  /** What `status` shows. */
  get status(): ConfigStatus {
    return { file: this.file, loadedAt: this.#loadedAt.toISOString(), faults: this.#faults };
  }

  /** Reads the file again; one reload after the other. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#reloadNow());
    return this.#reloading;
  }

  async #reloadNow(): Promise<void> {
    const outcome = await this.#read();
    if (Array.isArray(outcome)) {
      // One save can be seen more than once; the same faults are said once.
      if (outcome.join("\n") === this.#faults.join("\n")) return;
      this.#faults = outcome;
      for (const fault of outcome) log.error(fault);
      log.warn("the last good configuration stays in force", { file: this.file });
      return;
    }
    const steps = plan(this.#inForce, outcome);
    const mended = this.#faults.length > 0;
    this.#faults = [];
    if (mended) log.info("the file is free of faults again", { file: this.file });
    if (steps.length === 0) return;
    this.#inForce = configInForce(this.#inForce, outcome);
    this.#loadedAt = new Date();
    for (const step of steps) {
      if (step.kind !== "needs-restart") continue;
      log.warn(`${step.key} changed in the file; restart to put it in force`, {
        running: step.running,
        written: step.written,
      });
    }
    await this.apply(steps);
  }

  /** The file's configuration, or its faults as lines. */
  async #read(): Promise<Config | string[]> {
    try {
      const { config, faults } = parseConfig(await readConfigFile(this.file), this.file, this.overrides);
      return config ?? faults.map(formatFault);
    } catch (error) {
      if (error instanceof OperationError) return [error.report];
      throw error;
    }
  }
}
