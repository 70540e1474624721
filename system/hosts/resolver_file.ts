/**
 * The machine's own name servers, from its resolver file.
 *
 * @module
 */
import { equalAddress, formatAddress, type IpAddress, parseAddress } from "../../core/net/address.ts";
import { readBounded } from "../config/config_file.ts";

const RESOLVER_FILE = "/etc/resolv.conf";
/** Name servers that the C library asks at most (MAXNS of resolv.h). */
const MAX_NAME_SERVERS = 3;

/** Reads the addresses of the name servers; the machine's own where none is named, as resolv.conf(5) says. */
export async function readNameServers(path = RESOLVER_FILE): Promise<IpAddress[]> {
  const text = await readText(path).catch(() => "");
  const words = text.split("\n").map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1]);
  const servers = words.flatMap((word) => {
    const address = word === undefined ? undefined : parseAddress(word);
    return address === undefined ? [] : [address];
  }).slice(0, MAX_NAME_SERVERS);
  return servers.length > 0 ? servers : [{ family: 4, bytes: new Uint8Array([127, 0, 0, 1]) }];
}

async function readText(path: string): Promise<string> {
  // Opening a pipe would wait for a writer.
  if (!(await Deno.stat(path)).isFile) return "";
  using file = await Deno.open(path);
  return new TextDecoder().decode(await readBounded(file));
}

/** Milliseconds for which the file is not read again. */
const FRESH_MS = 5_000;

/** The name servers to ask, without this program's own addresses: those would ask themselves. */
export class NameServers {
  #servers: Promise<IpAddress[]> | undefined;
  #readAt = -Infinity;

  /**
   * @param own the addresses on which this program itself answers
   * @param now milliseconds of a monotonic clock
   */
  constructor(
    readonly own: () => readonly IpAddress[],
    readonly now: () => number,
    readonly read: () => Promise<IpAddress[]> = readNameServers,
  ) {}

  /** Their addresses as texts, in the order in which they are asked. */
  async list(): Promise<string[]> {
    if (this.#servers === undefined || this.now() - this.#readAt >= FRESH_MS) {
      this.#readAt = this.now();
      this.#servers = this.read();
    }
    const servers = await this.#servers;
    return servers.filter((one) => !this.own().some((own) => equalAddress(own, one))).map(formatAddress);
  }
}
