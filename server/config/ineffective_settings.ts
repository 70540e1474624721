/**
 * Settings that the server reads and checks but does nothing with: in this version, or while another key is
 * off.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import { linesWithoutExpose } from "../../core/config/changes.ts";
import type { Config } from "../../core/config/config.ts";

const log = getLogger("config");

/** Texts for the keys that this version ignores, and for lines that need `expose`. */
export const INEFFECTIVE = {
  ignored: "ignored settings (not implemented in this version)",
  withoutExpose: 'settings without effect (they need "expose ADDRESS:PORT")',
} as const;

/** Logs which settings of a configuration have no effect, and logs it again only when they are others. */
export class IneffectiveSettingsLog {
  readonly #logged = new LogOnChange();

  /**
   * Logs the settings of a configuration that have no effect.
   *
   * @param config the configuration
   * @param ignored its keys that this version does nothing with
   */
  report(config: Config, ignored: readonly string[]): void {
    this.#report(INEFFECTIVE.ignored, ignored);
    this.#report(INEFFECTIVE.withoutExpose, linesWithoutExpose(config));
  }

  #report(text: string, names: readonly string[]): void {
    const keys = names.join(", ");
    if (keys === "") this.#logged.clear(text);
    else if (this.#logged.changed(text, keys)) log.warn(text, { keys });
  }
}
