/**
 * Stands in for ifconfig, route and netstat of a Mac: keeps interfaces and a routing table, answers in the programs' own
 * texts, and fails on an argv it does not know. What is inconvenient about a real Mac is so here: `route delete` goes by the
 * destination alone, and `route` exits with 0 also when it failed (network_cmds-741.100.2, route.tproj/route.c).
 *
 * @module
 */
import { formatAddress, type IpAddress, parseAddress } from "../../core/net/address.ts";
import { equalPrefix, formatPrefix, parsePrefix, type Prefix } from "../../core/net/prefix.ts";
import type { CommandOutcome, RunCommand } from "../../system/process/command.ts";

interface FakeAddress {
  readonly local: IpAddress;
  readonly peer?: IpAddress;
}

interface FakeInterface {
  mtu: number;
  up: boolean;
  addresses: FakeAddress[];
}

interface FakeRoute {
  readonly prefix: Prefix;
  readonly netif: string;
  readonly flags: string;
}

/** What the Mac is like. */
export interface FakeMacOptions {
  /** Without it, nothing may be changed. */
  readonly root?: boolean;
  /** No IPv6 address can be given. */
  readonly withoutIpv6?: boolean;
  /** netstat has the columns of releases before macOS 10.15. */
  readonly oldColumns?: boolean;
}

const OK: CommandOutcome = { code: 0, stdout: "", stderr: "" };

/** One fake Mac. */
export class FakeMac {
  readonly interfaces = new Map<string, FakeInterface>();
  readonly routes: FakeRoute[] = [];
  /** The argvs so far, joined by blanks. */
  readonly argvs: string[] = [];
  readonly #options: FakeMacOptions;

  constructor(options: FakeMacOptions = {}) {
    this.#options = options;
    this.addInterface("en0");
    this.addRoute("0.0.0.0/0", "en0", "UGScg");
    this.addRoute("127.0.0.0/8", "lo0", "UCS");
    this.addRoute("169.254.0.0/16", "en0", "UCS");
    this.addRoute("192.168.0.0/24", "en0", "UCS");
    this.addRoute("192.168.0.20/32", "en0", "UHLWIi");
    this.addRoute("224.0.0.0/4", "en0", "UmCS");
    this.addRoute("255.255.255.255/32", "en0", "UCS");
  }

  /** A utun as the kernel makes it: up, 1500, no address; with the system's own routes. */
  addInterface(name: string): void {
    this.interfaces.set(name, { mtu: 1500, up: true, addresses: [] });
  }

  addRoute(prefix: string, netif: string, flags: string): void {
    this.routes.push({ prefix: prefixOf(prefix), netif, flags });
  }

  /** Interfaces with an address, then routes that are no default of every Mac. */
  get state(): string[] {
    const interfaces = [...this.interfaces].filter(([, { addresses }]) => addresses.length > 0).map(
      ([name, { mtu, up, addresses }]) =>
        `${name} mtu ${mtu} ${up ? "up" : "down"} ${
          addresses.map(({ local, peer }) =>
            `${formatAddress(local)} > ${peer ? formatAddress(peer) : "none"}`
          )
            .join(", ")
        }`,
    );
    const routes = this.routes.slice(7).map(({ prefix, netif }) => `${formatPrefix(prefix)} ${netif}`);
    return [...interfaces, ...routes];
  }

  readonly run: RunCommand = (argv) => {
    const [program = "", ...words] = argv;
    this.argvs.push(argv.join(" "));
    switch (program) {
      case "/sbin/ifconfig":
        return Promise.resolve(this.#ifconfig(words));
      case "/sbin/route":
        return Promise.resolve(this.#route(words));
      case "/usr/sbin/netstat":
        return Promise.resolve(this.#netstat(words));
    }
    return unexpected(argv);
  };

  get #mayChange(): boolean {
    return this.#options.root !== false;
  }

  #ifconfig([name = "", ...words]: string[]): CommandOutcome {
    const state = this.interfaces.get(name);
    if (state === undefined) {
      return { code: 1, stdout: "", stderr: `ifconfig: interface ${name} does not exist\n` };
    }
    if (words.length === 0) return { ...OK, stdout: describe(name, state) };
    const text = words.join(" ");
    const ipv4 = /^inet (\S+)\/32 (\S+) mtu (\d+) up$/.exec(text);
    const ipv6 = /^inet6 (\S+) (\S+) prefixlen 128 alias$/.exec(text);
    const gone = /^inet6? (\S+) -alias$/.exec(text);
    const link = /^mtu (\d+) up$/.exec(text);
    if (!ipv4 && !ipv6 && !gone && !link) return unexpected(["/sbin/ifconfig", name, ...words]);
    if (!this.#mayChange) {
      return { code: 1, stdout: "", stderr: "ifconfig: ioctl (SIOCDIFADDR): permission denied\n" };
    }
    if (ipv6 && this.#options.withoutIpv6) {
      return { code: 1, stdout: "", stderr: "ifconfig: ioctl (SIOCAIFADDR): Invalid argument\n" };
    }
    if (gone) this.#removeAddress(name, state, gone[1] ?? "");
    if (ipv4) {
      // Without "alias" the first address makes room.
      const [first] = state.addresses.filter(({ local }) => local.family === 4);
      if (first) this.#removeAddress(name, state, formatAddress(first.local));
    }
    const pair = ipv4 ?? ipv6;
    if (pair) {
      state.addresses.push({ local: addressOf(pair[1] ?? ""), peer: addressOf(pair[2] ?? "") });
      this.addRoute(`${pair[2]}/${ipv4 ? 32 : 128}`, name, "UH");
    }
    const mtu = link?.[1] ?? ipv4?.[3];
    if (mtu !== undefined) Object.assign(state, { mtu: Number(mtu), up: true });
    return OK;
  }

  /** Routes of the interface go with its last address of the family. */
  #removeAddress(name: string, state: FakeInterface, text: string): void {
    const { family } = addressOf(text);
    state.addresses = state.addresses.filter(({ local }) => formatAddress(local) !== text);
    if (state.addresses.some(({ local }) => local.family === family)) return;
    const left = this.routes.filter(({ prefix, netif }) =>
      netif !== name || prefix.address.family !== family
    );
    this.routes.splice(0, this.routes.length, ...left);
  }

  #route(words: string[]): CommandOutcome {
    const text = words.join(" ");
    const [, verb = "", family, prefixText = "", netif] =
      /^(?:-q -n (add|delete)|-n (?=get)) ?(?:get )?-(inet6?) (\S+?)(?: -interface (\S+))?$/.exec(text) ?? [];
    const prefix = parsePrefix(prefixText);
    if (prefix === undefined || (verb === "add") !== (netif !== undefined)) {
      return unexpected(["/sbin/route", ...words]);
    }
    if ((family === "inet") !== (prefix.address.family === 4)) return unexpected(["/sbin/route", ...words]);
    if (verb === "") return this.#get(prefix);
    if (!this.#mayChange) {
      return { code: 77, stdout: "", stderr: "route: must be root to alter routing table\n" };
    }
    const index = this.routes.findIndex((route) => equalPrefix(route.prefix, prefix));
    const telling = `${verb} net ${prefixText}${netif === undefined ? "" : `: gateway ${netif}`}`;
    if (verb === "delete") {
      if (index < 0) return refusal("not in table", telling);
      this.routes.splice(index, 1);
      return { ...OK, stdout: `${telling}\n` };
    }
    if (index >= 0) return refusal("File exists", telling);
    const hasAddress = this.interfaces.get(netif ?? "")?.addresses.some(({ local }) =>
      local.family === prefix.address.family
    );
    if (!hasAddress) return refusal("Device not configured", telling);
    this.routes.push({ prefix, netif: netif ?? "", flags: "USc" });
    return { ...OK, stdout: `${telling}\n` };
  }

  /** By prefix and mask: no wider route is found in place of one that is not there (rn_lookup in bsd/net/radix.c of xnu). */
  #get(prefix: Prefix): CommandOutcome {
    const found = this.routes.find((route) => equalPrefix(route.prefix, prefix));
    if (found === undefined) return refusal("not in table");
    const { prefix: { address, length }, netif } = found;
    const isHost = length === address.bytes.length * 8;
    const lines = [
      `   route to: ${formatAddress(prefix.address)}`,
      `destination: ${length === 0 ? "default" : formatAddress(address)}`,
      ...isHost ? [] : [`       mask: ${length === 0 ? "default" : maskOf(address.family, length)}`],
      `  interface: ${netif}`,
      "      flags: <UP,DONE,STATIC,PRCLONING>",
      " recvpipe  sendpipe  ssthresh  rtt,msec    rttvar  hopcount      mtu     expire",
      "       0         0         0         0         0         0      1400         0 ",
    ];
    return { ...OK, stdout: lines.join("\n") + "\n" };
  }

  #netstat(words: string[]): CommandOutcome {
    const family = { "-nr -f inet": 4, "-nr -f inet6": 6 }[words.join(" ")];
    if (family === undefined) return unexpected(["/usr/sbin/netstat", ...words]);
    const old = this.#options.oldColumns === true;
    const row = (destination: string, gateway: string, flags: string, netif: string, rest: string) =>
      `${destination.padEnd(18)} ${gateway.padEnd(18)} ${flags.padEnd(10)}${
        old ? (rest === "" ? " Refs      Use" : "   12      345") : ""
      }   ${netif.padStart(6)} ${rest === "" ? "Expire" : ""}`;
    const lines = this.routes.filter(({ prefix }) => prefix.address.family === family).map(
      (route) =>
        row(
          family === 4 ? abbreviate(route) : full(route.prefix),
          "link#14",
          route.flags,
          route.netif,
          "row",
        ),
    );
    const head = row("Destination", "Gateway", "Flags", "Netif", "");
    const name = family === 4 ? "Internet" : "Internet6";
    return { ...OK, stdout: ["Routing tables", "", `${name}:`, head, ...lines, ""].join("\n") };
  }
}

/** What `route` says of a request that the kernel refuses, with what it prints of the request itself. */
function refusal(reason: string, telling?: string): CommandOutcome {
  const stdout = telling === undefined ? "" : `${telling}: ${reason}\n`;
  return { code: 0, stdout, stderr: `route: writing to routing socket: ${reason}\n` };
}

function unexpected(argv: readonly string[]): never {
  throw new Error(`unexpected argv: ${JSON.stringify(argv)}`);
}

function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(`no prefix: ${text}`);
  return prefix;
}

function addressOf(text: string): IpAddress {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`no address: ${text}`);
  return address;
}

function describe(name: string, { mtu, up, addresses }: FakeInterface): string {
  const lines = addresses.map(({ local, peer }) => {
    const arrow = peer === undefined ? "" : ` --> ${formatAddress(peer)}`;
    return local.family === 4
      ? `\tinet ${formatAddress(local)}${arrow} netmask 0xffffffff`
      : `\tinet6 ${formatAddress(local)}${isLinkLocal(local) ? `%${name}` : ""}${arrow} prefixlen 128 `;
  });
  const flags = up ? "8051<UP,POINTOPOINT,RUNNING,MULTICAST>" : "8010<POINTOPOINT,MULTICAST>";
  return [`${name}: flags=${flags} mtu ${mtu}`, ...lines, ""].join("\n");
}

function isLinkLocal({ bytes }: IpAddress): boolean {
  return bytes[0] === 0xfe && bytes[1] === 0x80;
}

function maskOf(family: 4 | 6, length: number): string {
  const bits = "1".repeat(length).padEnd(family === 4 ? 32 : 128, "0");
  const bytes = Uint8Array.from(bits.match(/.{8}/g) ?? [], (octet) => parseInt(octet, 2));
  return formatAddress({ family, bytes });
}

/** As netstat shows an IPv4 destination: shortened to the classful network, the length only where it differs. */
function abbreviate({ prefix: { address, length }, flags }: FakeRoute): string {
  if (length === 0) return "default";
  if (flags.includes("H")) return formatAddress(address);
  const [first = 0] = address.bytes;
  const classful = first < 128 ? 1 : first < 192 ? 2 : 3;
  let octets: number = classful;
  while (address.bytes.subarray(octets).some((octet) => octet !== 0)) octets++;
  const text = address.bytes.subarray(0, octets).join(".");
  return length === classful * 8 ? text : `${text}/${length}`;
}

function full(prefix: Prefix): string {
  return prefix.length === 128 ? formatAddress(prefix.address) : formatPrefix(prefix);
}
