/**
 * Hosts files (hosts(5)): which of their names containers can resolve.
 *
 * @module
 */
import { type IpAddress, parseAddress } from "../net/address.ts";
import { isHostName } from "../net/host_name.ts";

/** One line that is for containers. */
export interface HostEntry {
  /** The address of the file, also one of the loopback. */
  readonly address: IpAddress;
  /** Its names in lower case, at least one; the first is the canonical one. */
  readonly names: readonly string[];
}

/** What a hosts file says to containers. */
export interface HostsFileEntries {
  /** The lines in the order of the file. */
  readonly entries: readonly HostEntry[];
  /** Lines that are for containers and cannot be used: a bad address, or a name that no DNS name can be. */
  readonly faulty: number;
}

/** Comments with which mac-docker-connector takes a line in or leaves it out. */
const RESOLVE = "docker-connector:resolve";
const IGNORE = "docker-connector:ignore";

/**
 * Reads a hosts file. A line is for containers if one of its names has one of the endings, or if its comment says so; all its
 * names are then, as with mac-docker-connector.
 *
 * @param endings in lower case: "test" takes the name `test` and all below it, ".test" only those below
 */
export function parseHostsFile(text: string, endings: readonly string[]): HostsFileEntries {
  const entries: HostEntry[] = [];
  let faulty = 0;
  for (const line of text.split(/\r\n|\n|\r/)) {
    const [data = "", ...comments] = line.split("#");
    const comment = comments.join("#");
    const [addressText, ...words] = data.trim().split(/\s+/);
    if (addressText === undefined || words.length === 0 || comment.includes(IGNORE)) continue;
    const names = words.map((word) => word.toLowerCase());
    if (!comment.includes(RESOLVE) && !names.some((name) => endings.some((one) => hasEnding(name, one)))) {
      continue;
    }
    const address = parseAddress(addressText);
    const sound = names.filter(isHostName);
    if (address === undefined || sound.length < names.length) faulty++;
    if (address !== undefined && sound.length > 0) entries.push({ address, names: sound });
  }
  return { entries, faulty };
}

/** Whether a name has an ending: "test" is that of `test` and `a.test`, ".test" of the latter alone. */
export function hasEnding(name: string, ending: string): boolean {
  return ending.startsWith(".") ? name.endsWith(ending) : name === ending || name.endsWith(`.${ending}`);
}
