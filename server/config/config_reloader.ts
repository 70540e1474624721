import { activeConfig, type ConfigChange, diffConfigs, restartNotices } from "../../core/config/changes.ts";
import type { Config } from "../../core/config/config.ts";
import { listLines } from "../../core/config/text.ts";
import { formatDiagnostic } from "../../core/config/diagnostic.ts";
import { parseConfig, type ParsedConfig } from "../../core/config/parse.ts";
import { asOperationError, OperationError } from "../../core/error.ts";
import { Backoff } from "../../core/async/backoff.ts";
import type { Clock } from "../../core/async/clock.ts";
import { SerialQueue } from "../../core/async/serial_queue.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { problemStatus } from "../../program/status.ts";
import { readConfigFile } from "../../system/config/config_file.ts";
import { isLack } from "../../system/process/runtime_error.ts";
import { ineffectiveSettings, type InitialConfig } from "./initial_config.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { ConfigStatus } from "../status/status_document.ts";

const log = getLogger("config");

/** Milliseconds for which an emptied file may still be in the middle of a write. */
export const EMPTY_HOLD = 2_000;

/**
 * Applies the changes that lead to the given configuration. Failed changes come again, before later ones:
 * applying a change twice must do no harm.
 *
 * @throws {OperationError} if something could not be applied
 */
export type ApplyChanges = (changes: readonly ConfigChange[], config: Config) => Promise<void>;

export interface ConfigReloaderDeps {
  /** The file, the configuration that was read from it, and the flags that win over it. */
  readonly initial: InitialConfig;
  readonly apply: ApplyChanges;
  readonly clock?: Clock;
}

/**
 * The active configuration and the file it comes from. It is read again when it has changed; when it is faulty, the
 * last good configuration stays.
 */
export class ConfigReloader implements AsyncDisposable {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #ineffective = new LogOnChange();
  readonly #queue = new SerialQueue((error) => log.error(faultOf(error).report));
  #active: Config;
  /** Whether the last good text had only blank lines and comments. */
  #isEmpty: boolean;
  #hold: Disposable | undefined;
  #faults: readonly string[] = [];
  #loadedAt: number;
  #pending: readonly ConfigChange[] = [];
  #pendingFault: OperationError | undefined;
  #retry: Disposable | undefined;
  /** The pauses until changes that failed are applied again. */
  readonly #backoff = new Backoff();
  #reread: Disposable | undefined;
  /** The pauses until a file that the system could not read is read again, which no event of the file tells. */
  readonly #rereads = new Backoff({ firstMs: 500, maxMs: 2_000 });

  /** Logs which settings have no effect. */
  constructor(readonly deps: ConfigReloaderDeps) {
    const { initial, clock = SYSTEM_CLOCK } = deps;
    this.#file = initial.file;
    this.#active = initial.config;
    this.#isEmpty = initial.isEmpty;
    this.#clock = clock;
    this.#loadedAt = clock.wallClock();
    this.#logIneffective(initial.config);
  }

  get config(): Config {
    return this.#active;
  }

  /** The part of `status` about the config file. */
  get status(): ConfigStatus {
    return {
      file: this.#file,
      loadedAt: new Date(this.#loadedAt).toISOString(),
      faults: this.#faults,
      ...problemStatus(this.#pendingFault),
    };
  }

  /** Reads the file again. What fails is logged once, shown by `status` and tried again. */
  reload(): Promise<void> {
    return this.#queue.isClosed ? Promise.resolve() : this.#queue.run(() => this.#reloadNow());
  }

  /** Stops; nothing is applied once the promise has resolved. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#endHold();
    this.#retry?.[Symbol.dispose]();
    this.#reread?.[Symbol.dispose]();
    await this.#queue.close();
  }

  async #reloadNow(holdIsOver = false): Promise<void> {
    const outcome = await this.#read();
    const isEmpty = !Array.isArray(outcome) && !(outcome instanceof OperationError) && outcome.isEmpty;
    // `generate | sudo tee FILE` empties the file first and fills it when the generator is ready.
    if (isEmpty && !this.#isEmpty && !holdIsOver) {
      this.#hold ??= this.#clock.after(EMPTY_HOLD, () => this.#queue.start(() => this.#reloadNow(true)));
      return;
    }
    this.#endHold();
    this.#reread?.[Symbol.dispose]();
    if (outcome instanceof OperationError && isLack(outcome.cause)) {
      this.#reread = this.#clock.after(
        this.#rereads.next(),
        () => this.#queue.start(() => this.#reloadNow()),
      );
    }
    if (outcome instanceof OperationError) return this.#keepLastGood([outcome.report]);
    this.#rereads.reset();
    if (Array.isArray(outcome)) return this.#keepLastGood(outcome);
    const { config } = outcome;
    this.#isEmpty = isEmpty;
    if (this.#faults.length > 0) log.info("the file is free of faults again", { file: this.#file });
    this.#faults = [];
    this.#logIneffective(config);
    const changes = diffConfigs(this.#active, config);
    if (changes.length === 0) return;
    this.#active = activeConfig(this.#active, config);
    this.#loadedAt = this.#clock.wallClock();
    for (const { key, running, written } of restartNotices(changes)) {
      log.warn(`${key} changed in the file; restart to apply it`, { running, written });
    }
    this.#backoff.reset();
    await this.#applyChanges([...this.#pending, ...changes]);
  }

  #keepLastGood(faults: readonly string[]): void {
    // One save can cause more than one reload; the same faults are logged once.
    if (faults.join("\n") === this.#faults.join("\n")) return;
    this.#faults = faults;
    for (const fault of faults) log.error(fault);
    log.warn("the last good configuration stays active", { file: this.#file });
  }

  #endHold(): void {
    this.#hold?.[Symbol.dispose]();
    this.#hold = undefined;
  }

  /** Logs which settings have no effect, and logs it again only when they are others. */
  #logIneffective(config: Config): void {
    const settings = ineffectiveSettings(config);
    if (settings === undefined) this.#ineffective.clear("settings");
    else if (this.#ineffective.changed("settings", settings)) log.warn(settings);
  }

  /** Applies changes, and applies them again later if they failed. */
  async #applyChanges(changes: readonly ConfigChange[]): Promise<void> {
    this.#retry?.[Symbol.dispose]();
    try {
      await this.deps.apply(changes, this.#active);
      if (this.#pendingFault !== undefined) {
        log.info("the configuration is active now", { file: this.#file });
      }
      this.#pending = [];
      this.#pendingFault = undefined;
    } catch (error) {
      this.#pending = changes;
      const fault = faultOf(error);
      if (fault.report !== this.#pendingFault?.report) log.error(fault.report);
      this.#pendingFault = fault;
      if (this.#queue.isClosed) return;
      const retry = () => this.#queue.start(() => this.#applyChanges(this.#pending));
      this.#retry = this.#clock.after(this.#backoff.next(), retry);
    }
  }

  /** The file's configuration, its faults as lines, or why it cannot be read. */
  async #read(): Promise<(ParsedConfig & { config: Config; isEmpty: boolean }) | string[] | OperationError> {
    try {
      const text = await readConfigFile(this.#file);
      const parsed = parseConfig(text, this.#file, this.deps.initial.overrides);
      if (parsed.config === undefined) return parsed.faults.map(formatDiagnostic);
      return { ...parsed, isEmpty: listLines(text).length === 0 };
    } catch (error) {
      if (error instanceof OperationError) return error;
      throw error;
    }
  }
}

function faultOf(error: unknown): OperationError {
  const remedy = "It is tried again; if that does not help, restart docker-connector";
  return asOperationError(error, "Cannot apply the configuration", remedy);
}
