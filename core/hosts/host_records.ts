import { equalAddress, type IpAddress, parseAddress } from "../net/address.ts";
import { isHostName, readDomainEnding } from "../net/host_name.ts";
import type { ControlCommand } from "../protocol/control.ts";
import { reverseName } from "./reverse_name.ts";

/** The name of the desktop as containers see it. */
export const DESKTOP_NAME = "desktop.container.internal";

/** Endings whose queries are taken over at most: each is a rule that every query to a name server passes. */
const MAX_DOMAINS = 128;

/** The names that a client resolves for containers, as its server's control texts say. */
export class HostRecords {
  readonly #domains = new Set<string>();
  #addresses = new Map<string, IpAddress[]>();
  #names = new Map<string, string>();
  /** Endings that found no room. */
  omittedDomains = 0;

  /** Endings of names whose queries are taken over: "test" or ".test". */
  get domains(): readonly string[] {
    return [...this.#domains];
  }

  /** How many names have an address. */
  get size(): number {
    return this.#addresses.size;
  }

  /**
   * Takes the commands of one control text. The addresses are those of the newest text alone. A text with a `revision` names
   * all domains; in any other, as mac-docker-connector sends them, one stays until it comes with a leading "-".
   *
   * @returns how many of the `dns` and `host` commands could not be understood
   */
  take(commands: readonly ControlCommand[]): number {
    if (commands.some(({ name }) => name === "revision")) this.#domains.clear();
    this.#addresses = new Map();
    this.#names = new Map();
    this.omittedDomains = 0;
    let faulty = 0;
    for (const { name, words } of commands) {
      if (name === "dns") faulty += this.#takeDomains(words) ? 0 : 1;
      if (name === "host") faulty += this.#takeHost(words) ? 0 : 1;
    }
    return faulty;
  }

  /** The addresses of a name in lower case; undefined where it is not known. */
  addressesOf(name: string): readonly IpAddress[] | undefined {
    return this.#addresses.get(name);
  }

  /** The name of an address, by its name in the reverse tree in lower case. */
  nameOf(reverse: string): string | undefined {
    return this.#names.get(reverse);
  }

  #takeDomains(words: readonly string[]): boolean {
    for (const word of words.flatMap(splitBlanks)) {
      const { value, problem } = readDomainEnding(word.replace(/^-/, ""));
      if (problem !== undefined) return false;
      if (word.startsWith("-")) this.#domains.delete(value);
      else if (this.#domains.has(value) || this.#domains.size < MAX_DOMAINS) this.#domains.add(value);
      else this.omittedDomains++;
    }
    return words.length > 0;
  }

  #takeHost([word, ...more]: readonly string[]): boolean {
    // mac-docker-connector passes the names on as they stand in the file, with tabs.
    const [addressText = "", ...names] = [word ?? "", ...more].flatMap(splitBlanks);
    const address = parseAddress(addressText);
    const sound = names.map((name) => name.toLowerCase()).filter(isHostName);
    const [canonical] = sound;
    if (address === undefined || canonical === undefined) return false;
    for (const name of sound) {
      const known = this.#addresses.get(name) ?? [];
      if (!known.some((one) => equalAddress(one, address))) known.push(address);
      this.#addresses.set(name, known);
    }
    const reverse = reverseName(address);
    if (!this.#names.has(reverse)) this.#names.set(reverse, canonical);
    return sound.length === names.length;
  }
}

function splitBlanks(word: string): string[] {
  return word.split(/\s+/).filter((part) => part !== "");
}
