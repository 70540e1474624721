/**
 * Keys that the server reads and checks but does nothing with: in this version, or while another key is off.
 *
 * @module
 */
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import type { Config } from "../../core/config/config.ts";
import type { KeyName } from "../../core/config/keys.ts";

const log = getLogger("config");

/** The keys of a configuration that are for accessors, none of whom can log in while `expose` is off. */
export function unsharedKeys(config: Config): string[] {
  if (config.expose !== undefined) return [];
  const given: readonly (readonly [name: string, isGiven: boolean])[] = [
    ["route ... expose", config.routes.some(({ expose }) => expose)],
    ["token", config.tokens.length > 0],
    ["pong", config.pong],
  ];
  return given.filter(([, isGiven]) => isGiven).map(([name]) => name);
}

/** Says which lines of a configuration have no effect, and says it again only when they are others. */
export class IdleKeyLog {
  readonly #said = new LogOnChange();

  /**
   * @param config the configuration
   * @param idle its keys that this version does nothing with
   */
  tell(config: Config, idle: readonly KeyName[]): void {
    this.#tellNews("not in this version: these keys have no effect", idle);
    this.#tellNews(
      'keys without effect while "expose" is off; see "expose ADDRESS:PORT"',
      unsharedKeys(config),
    );
  }

  #tellNews(text: string, names: readonly string[]): void {
    const keys = names.join(", ");
    if (keys === "") this.#said.clear(text);
    else if (this.#said.changed(text, keys)) log.warn(text, { keys });
  }
}
