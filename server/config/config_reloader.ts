/**
 * Follows the config file: reads it again when it changed, keeps the last good configuration when it is faulty, and hands
 * the steps between the two on.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import type { Config, Overrides } from "../../core/config/config.ts";
import { listLines } from "../../core/config/edit.ts";
import { formatFault } from "../../core/config/diagnostic.ts";
import { parseConfig, type ParsedConfig } from "../../core/config/parse.ts";
import { plan, type Step } from "../../core/config/plan.ts";
import { configInForce } from "../../core/config/restart.ts";
import { asOperationError, OperationError } from "../../core/error.ts";
import { Backoff, type BackoffOptions } from "../../core/async/backoff.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { readConfigFile } from "../../system/config/config_file.ts";
import type { IdleKeyLog } from "./ineffective_settings.ts";
import type { InitialConfig } from "./initial_config.ts";
import type { ConfigStatus } from "../status/status_document.ts";

const log = getLogger("config");

/** Milliseconds for which a file that was emptied is taken for one that is still being written. */
export const EMPTY_HOLD = 2_000;

/** The pauses until steps that failed are taken again. */
const RETRY: BackoffOptions = { firstMs: 1_000, maxMs: 30_000 };

/**
 * Takes the steps to the given configuration. Steps that failed are given again, before those of later changes, so that taking one twice
 * must do no harm.
 *
 * @throws {OperationError} where something could not be put in force
 */
export type ApplySteps = (steps: readonly Step[], config: Config) => Promise<void>;

/** Calls back once after some time, unless it is cancelled before. */
export type Later = (milliseconds: number, callback: () => void) => { cancel(): void };

/** What a configuration is followed with. */
export interface ConfigFollowerSettings {
  /** The file, the configuration that was read from it, and the flags that stay in force over it. */
  readonly initial: InitialConfig;
  /** Puts changes in force. */
  readonly apply: ApplySteps;
  /** Told of each configuration that is put in force. */
  readonly idleKeys: IdleKeyLog;
  /** The clock; by default the real one. */
  readonly later?: Later;
}

/** The configuration in force and the file it comes from. */
export class ConfigFollower implements AsyncDisposable {
  readonly #file: string;
  readonly #overrides: Overrides;
  readonly #apply: ApplySteps;
  readonly #idleKeys: IdleKeyLog;
  readonly #later: Later;
  readonly #queue = new SerialQueue((error) => this.#lost(error));
  #inForce: Config;
  /** Whether the last good text said nothing. */
  #isEmpty: boolean;
  #hold: { cancel(): void } | undefined;
  #faults: readonly string[] = [];
  #loadedAt = new Date();
  /** Steps that could not be taken yet. */
  #pending: readonly Step[] = [];
  #pendingFault: string | undefined;
  #retry: { cancel(): void } | undefined;
  readonly #backoff = new Backoff(RETRY);

  constructor({ initial, apply, idleKeys, later = realLater }: ConfigFollowerSettings) {
    this.#file = initial.file;
    this.#overrides = initial.overrides;
    this.#inForce = initial.config;
    this.#isEmpty = initial.isEmpty;
    this.#apply = apply;
    this.#idleKeys = idleKeys;
    this.#later = later;
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#inForce;
  }

  /** What `status` shows. */
  get status(): ConfigStatus {
    const faults = this.#pendingFault === undefined ? this.#faults : [...this.#faults, this.#pendingFault];
    return { file: this.#file, loadedAt: this.#loadedAt.toISOString(), faults };
  }

  /** Reads the file again, one reload after the other. What fails is logged once, shown by `status` and tried again. */
  reload(): Promise<void> {
    return this.#queue.isClosed ? Promise.resolve() : this.#queue.run(() => this.#reloadNow());
  }

  /** No step is taken any more once the promise is kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#hold?.cancel();
    this.#retry?.cancel();
    await this.#queue.close();
  }

  async #reloadNow(holdIsOver = false): Promise<void> {
    const outcome = await this.#read();
    if (Array.isArray(outcome)) return this.#keepLastGood(outcome);
    const { config, idle, isEmpty } = outcome;
    if (isEmpty && !this.#isEmpty && !holdIsOver) return this.#holdEmpty();
    this.#hold?.cancel();
    this.#hold = undefined;
    this.#isEmpty = isEmpty;
    const isFixed = this.#faults.length > 0;
    this.#faults = [];
    if (isFixed) log.info("the file is free of faults again", { file: this.#file });
    this.#idleKeys.tell(config, idle);
    const steps = plan(this.#inForce, config);
    if (steps.length === 0) return;
    this.#inForce = configInForce(this.#inForce, config);
    this.#loadedAt = new Date();
    for (const step of steps) {
      if (step.kind !== "needs-restart") continue;
      log.warn(`${step.key} changed in the file; restart to put it in force`, {
        running: step.running,
        written: step.written,
      });
    }
    this.#backoff.reset();
    await this.#take([...this.#pending, ...steps]);
  }

  #keepLastGood(faults: readonly string[]): void {
    this.#hold?.cancel();
    this.#hold = undefined;
    // One save can be seen more than once; the same faults are said once.
    if (faults.join("\n") === this.#faults.join("\n")) return;
    this.#faults = faults;
    for (const fault of faults) log.error(fault);
    log.warn("the last good configuration stays in force", { file: this.#file });
  }

  /** `generate | sudo tee FILE` empties the file first and fills it when the generator is ready. */
  #holdEmpty(): void {
    this.#hold ??= this.#later(EMPTY_HOLD, () => this.#queue.start(() => this.#reloadNow(true)));
  }

  /** Takes steps, and takes them again later where they failed. */
  async #take(steps: readonly Step[]): Promise<void> {
    this.#retry?.cancel();
    this.#retry = undefined;
    try {
      await this.#apply(steps, this.#inForce);
      if (this.#pendingFault !== undefined) {
        log.info("the configuration is in force now", { file: this.#file });
      }
      this.#pending = [];
      this.#pendingFault = undefined;
    } catch (error) {
      this.#pending = steps;
      const fault = faultOf(error);
      if (fault !== this.#pendingFault) log.error(fault);
      this.#pendingFault = fault;
      if (this.#queue.isClosed) return;
      const pause = this.#backoff.next();
      this.#retry = this.#later(pause, () => this.#queue.start(() => this.#take(this.#pending)));
    }
  }

  #lost(error: unknown): void {
    log.error(faultOf(error));
  }

  /** The file's configuration, or its faults as lines. */
  async #read(): Promise<(ParsedConfig & { config: Config; isEmpty: boolean }) | string[]> {
    try {
      const text = await readConfigFile(this.#file);
      const parsed = parseConfig(text, this.#file, this.#overrides);
      if (parsed.config === undefined) return parsed.faults.map(formatFault);
      return { ...parsed, isEmpty: listLines(text).length === 0 };
    } catch (error) {
      if (error instanceof OperationError) return [error.report];
      throw error;
    }
  }
}

function faultOf(error: unknown): string {
  const remedy = "It is tried again; if that does not help, restart docker-connector";
  return asOperationError(error, "Cannot put the configuration in force", remedy).report;
}

function realLater(milliseconds: number, callback: () => void): { cancel(): void } {
  const timer = setTimeout(callback, milliseconds);
  return { cancel: () => clearTimeout(timer) };
}
