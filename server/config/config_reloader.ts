/**
 * Reads the config file again when it changed, stays with the last good configuration when it is faulty, and
 * applies the changes.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { activeConfig, type ConfigChange, diffConfigs, restartNotices } from "../../core/config/changes.ts";
import type { Config, Overrides } from "../../core/config/config.ts";
import { listLines } from "../../core/config/edit.ts";
import { formatDiagnostic } from "../../core/config/diagnostic.ts";
import { parseConfig, type ParsedConfig } from "../../core/config/parse.ts";
import { asOperationError, OperationError } from "../../core/error.ts";
import { Backoff, type BackoffOptions } from "../../core/async/backoff.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { readConfigFile } from "../../system/config/config_file.ts";
import type { IneffectiveSettingsLog } from "./ineffective_settings.ts";
import type { InitialConfig } from "./initial_config.ts";
import type { ConfigStatus } from "../status/status_document.ts";

const log = getLogger("config");

/** Milliseconds for which an emptied file may still be in the middle of a write. */
export const EMPTY_HOLD = 2_000;

/** The pauses until changes that failed are applied again. */
const RETRY: BackoffOptions = { firstMs: 1_000, maxMs: 30_000 };

/**
 * Applies the changes that lead to the given configuration. Failed changes come again, before later ones:
 * applying a change twice must do no harm.
 *
 * @throws {OperationError} if something could not be applied
 */
export type ApplyChanges = (changes: readonly ConfigChange[], config: Config) => Promise<void>;

/** Calls back once after some time, unless it is cancelled before. */
export type Later = (milliseconds: number, callback: () => void) => { cancel(): void };

/** Collaborators of a {@link ConfigReloader}. */
export interface ConfigReloaderDeps {
  /** The file, the configuration that was read from it, and the flags that win over it. */
  readonly initial: InitialConfig;
  /** Applies changes. */
  readonly apply: ApplyChanges;
  /** Reports settings without effect. */
  readonly ineffectiveSettings: IneffectiveSettingsLog;
  /** The clock; by default the real one. */
  readonly later?: Later;
}

/** The active configuration and the file it comes from. */
export class ConfigReloader implements AsyncDisposable {
  readonly #file: string;
  readonly #overrides: Overrides;
  readonly #apply: ApplyChanges;
  readonly #ineffectiveSettings: IneffectiveSettingsLog;
  readonly #later: Later;
  readonly #queue = new SerialQueue((error) => this.#lost(error));
  #active: Config;
  /** Whether the last good text had only blank lines and comments. */
  #isEmpty: boolean;
  #hold: { cancel(): void } | undefined;
  #faults: readonly string[] = [];
  #loadedAt = new Date();
  /** Changes that failed. */
  #pending: readonly ConfigChange[] = [];
  #pendingFault: string | undefined;
  #retry: { cancel(): void } | undefined;
  readonly #backoff = new Backoff(RETRY);

  constructor({ initial, apply, ineffectiveSettings, later = realLater }: ConfigReloaderDeps) {
    this.#file = initial.file;
    this.#overrides = initial.overrides;
    this.#active = initial.config;
    this.#isEmpty = initial.isEmpty;
    this.#apply = apply;
    this.#ineffectiveSettings = ineffectiveSettings;
    this.#later = later;
  }

  /** The active configuration. */
  get config(): Config {
    return this.#active;
  }

  /** The part of `status` about the config file. */
  get status(): ConfigStatus {
    const faults = this.#pendingFault === undefined ? this.#faults : [...this.#faults, this.#pendingFault];
    return { file: this.#file, loadedAt: this.#loadedAt.toISOString(), faults };
  }

  /** Reads the file again. What fails is logged once, shown by `status` and tried again. */
  reload(): Promise<void> {
    return this.#queue.isClosed ? Promise.resolve() : this.#queue.run(() => this.#reloadNow());
  }

  /** Stops; nothing is applied once the promise has resolved. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#hold?.cancel();
    this.#retry?.cancel();
    await this.#queue.close();
  }

  async #reloadNow(holdIsOver = false): Promise<void> {
    const outcome = await this.#read();
    if (Array.isArray(outcome)) return this.#keepLastGood(outcome);
    const { config, ignored, isEmpty } = outcome;
    if (isEmpty && !this.#isEmpty && !holdIsOver) return this.#holdEmpty();
    this.#hold?.cancel();
    this.#hold = undefined;
    this.#isEmpty = isEmpty;
    const isFixed = this.#faults.length > 0;
    this.#faults = [];
    if (isFixed) log.info("the file is free of faults again", { file: this.#file });
    this.#ineffectiveSettings.report(config, ignored);
    const changes = diffConfigs(this.#active, config);
    if (changes.length === 0) return;
    this.#active = activeConfig(this.#active, config);
    this.#loadedAt = new Date();
    for (const { key, running, written } of restartNotices(changes)) {
      log.warn(`${key} changed in the file; restart to apply it`, { running, written });
    }
    this.#backoff.reset();
    await this.#applyChanges([...this.#pending, ...changes]);
  }

  #keepLastGood(faults: readonly string[]): void {
    this.#hold?.cancel();
    this.#hold = undefined;
    // One save can cause more than one reload; the same faults are logged once.
    if (faults.join("\n") === this.#faults.join("\n")) return;
    this.#faults = faults;
    for (const fault of faults) log.error(fault);
    log.warn("the last good configuration stays active", { file: this.#file });
  }

  /** `generate | sudo tee FILE` empties the file first and fills it when the generator is ready. */
  #holdEmpty(): void {
    this.#hold ??= this.#later(EMPTY_HOLD, () => this.#queue.start(() => this.#reloadNow(true)));
  }

  /** Applies changes, and applies them again later if they failed. */
  async #applyChanges(changes: readonly ConfigChange[]): Promise<void> {
    this.#retry?.cancel();
    this.#retry = undefined;
    try {
      await this.#apply(changes, this.#active);
      if (this.#pendingFault !== undefined) {
        log.info("the configuration is active now", { file: this.#file });
      }
      this.#pending = [];
      this.#pendingFault = undefined;
    } catch (error) {
      this.#pending = changes;
      const fault = faultOf(error);
      if (fault !== this.#pendingFault) log.error(fault);
      this.#pendingFault = fault;
      if (this.#queue.isClosed) return;
      const pause = this.#backoff.next();
      this.#retry = this.#later(pause, () => this.#queue.start(() => this.#applyChanges(this.#pending)));
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
      if (parsed.config === undefined) return parsed.faults.map(formatDiagnostic);
      return { ...parsed, isEmpty: listLines(text).length === 0 };
    } catch (error) {
      if (error instanceof OperationError) return [error.report];
      throw error;
    }
  }
}

function faultOf(error: unknown): string {
  const remedy = "It is tried again; if that does not help, restart docker-connector";
  return asOperationError(error, "Cannot apply the configuration", remedy).report;
}

function realLater(milliseconds: number, callback: () => void): { cancel(): void } {
  const timer = setTimeout(callback, milliseconds);
  return { cancel: () => clearTimeout(timer) };
}
