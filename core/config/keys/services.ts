import { formatAddress, parseAddress } from "../../net/address.ts";
import { formatEndpoint, formatHostPort } from "../../net/endpoint.ts";
import { isHostName, readDomain, readDomainEnding } from "../../net/host_name.ts";
import { err, ok, quote, type Result } from "../../result.ts";
import { suggest } from "../../suggest.ts";
import { formatOr, listKey, orOff, singleKey } from "../key.ts";
import { LOG_LEVELS, type LogLevel, parseLogLevel } from "../log_level.ts";
import { readListenEndpoint, readPort, readSwitch } from "../values.ts";

/** A hosts file and which of its names the containers can resolve. */
export interface HostsFile {
  /** Absolute path. */
  readonly file: string;
  /** Endings of names, in lower case, some with a leading dot. */
  readonly domains: readonly string[];
}

/** A service, by TCP and UDP, that containers reach at the server's virtual address. */
export interface Proxy {
  /** Where the service is: an address or a host name. */
  readonly host: string;
  /** The service's port. */
  readonly port: number;
  /** The port at the server's virtual address. */
  readonly listenPort: number;
}

const PROXY = /^(?:(?:\[([^\]]+)\]|([^:]*[^:\d][^:]*)):)?([^:]*)(?::([^:]*))?$/;
const PROXY_FORM = `[HOST:]PORT[:LISTENPORT], for example "3306" or "127.0.0.1:3306:13306"`;

// HOST is 127.0.0.1 and LISTENPORT is PORT where they are left out.
function readProxy(text: string): Result<Proxy> {
  const [, bracketed, plain, portText, listenText] = PROXY.exec(text) ?? [];
  if (portText === undefined) return err(`invalid proxy ${quote(text)}: expected ${PROXY_FORM}`);
  const host = proxyHost(bracketed, plain);
  const shown = quote(bracketed ?? plain ?? "");
  if (host === undefined) return err(`invalid host ${shown}: expected ${PROXY_FORM}`);
  const [port, listenPort] = [readPort(portText), readPort(listenText ?? portText)];
  if (port.problem !== undefined) return port;
  if (listenPort.problem !== undefined) return listenPort;
  return ok({ host, port: port.value, listenPort: listenPort.value });
}

function proxyHost(bracketed: string | undefined, plain: string | undefined): string | undefined {
  const address = parseAddress(bracketed ?? plain ?? "127.0.0.1");
  if (address !== undefined) {
    return (address.family === 6) === (bracketed !== undefined) ? formatAddress(address) : undefined;
  }
  const name = plain?.toLowerCase();
  return name !== undefined && isHostName(name) ? name : undefined;
}

function readHostsPath(text: string): Result<string> {
  return text.startsWith("/") && !text.endsWith("/")
    ? ok(text)
    : err(`invalid path ${quote(text)}: expected the absolute path of a file, for example "/etc/hosts"`);
}

// People add domains to a file by appending lines, so several lines may name one file.
function mergeHosts(lines: readonly HostsFile[]): HostsFile[] {
  return [...Map.groupBy(lines, ({ file }) => file)].map(([file, same]) => ({
    file,
    domains: [...new Set(same.flatMap(({ domains }) => domains))],
  }));
}

function readLogLevel(text: string): Result<LogLevel> {
  const level = parseLogLevel(text);
  if (level !== undefined) return ok(level);
  const nearest = suggest(text, LOG_LEVELS);
  const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  return err(`unknown log level ${quote(text)}: expected error, warn, info or debug${hint}`);
}

/** The records, by their fields of the configuration. */
export const serviceKeys = {
  /** How much is logged. */
  logLevel: singleKey({
    name: "loglevel",
    syntax: "loglevel error|warn|info|debug",
    default: "info",
    example: "loglevel debug",
    meaning: "how much is logged",
    effect: ["log"],
    read: (line) => line.only("LEVEL", readLogLevel),
    format: String,
  }),
  /** The hosts files; no file is there twice. */
  hosts: listKey({
    name: "hosts",
    syntax: "hosts FILE DOMAIN...",
    default: "none",
    example: "hosts /etc/hosts .test shop.local",
    meaning: "a file in the hosts format whose names of these domains the containers can resolve",
    effect: ["hosts"],
    read: (line) => {
      const file = line.value("FILE", readHostsPath);
      const domains = file && line.values("DOMAIN", readDomainEnding);
      return domains &&
        { ...file, value: { file: file.value, domains: domains.map(({ value }) => value) } as HostsFile };
    },
    format: ({ file, domains }) => [file, ...domains].join(" "),
    merge: mergeHosts,
  }),
  /** The proxied services; no two share a `listenPort`. */
  proxies: listKey({
    name: "proxy",
    syntax: "proxy [HOST:]PORT[:LISTENPORT]",
    default: "none",
    example: "proxy 127.0.0.1:3306:13306",
    meaning: "a TCP and UDP service of the desktop that containers reach at the server's virtual address",
    effect: ["proxies", "hosts"],
    read: (line) => line.only("PORT", readProxy),
    format: (proxy) => `${formatHostPort(proxy)}:${proxy.listenPort}`,
  }),
  /** The containers' domain, in lower case; undefined if names are off. */
  dns: singleKey({
    name: "dns",
    syntax: "dns DOMAIN|off",
    default: "container.internal",
    meaning: "the domain under which containers are found by name",
    effect: ["names", "sharing", "https"],
    read: (line) => line.only("DOMAIN", orOff(readDomain)),
    format: formatOr("off", String),
  }),
  /** Whether names of containers answer HTTPS. */
  https: singleKey({
    name: "https",
    syntax: "https on|off",
    default: "off",
    example: "https on",
    meaning: "whether containers answer HTTPS under their names, by a local authority",
    effect: ["https"],
    read: (line) => line.only("on or off", readSwitch),
    format: (isOn) => isOn ? "on" : "off",
  }),
  /** Where the status page is served; undefined if it is off. */
  web: singleKey({
    name: "web",
    syntax: "web ADDRESS:PORT or web off",
    default: "off",
    example: "web 127.0.0.1:2580",
    meaning: "where the status page and /metrics are served over HTTP",
    effect: ["web"],
    read: (line) => line.only("ADDRESS:PORT", orOff((text) => readListenEndpoint(text, "127.0.0.1:2580"))),
    format: formatOr("off", formatEndpoint),
  }),
} as const;
