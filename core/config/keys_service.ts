/**
 * The keys of names, services and output: hosts, dns, proxy, web, loglevel.
 *
 * @module
 */
import { formatAddress, parseAddress } from "../net/address.ts";
import type { Proxy } from "./config.ts";
import type { KeyReader } from "./draft.ts";
import { isHostName, readDomain, readDomainEnding } from "../net/host_name.ts";
import type { KeyName } from "./keys.ts";
import { LOG_LEVELS, type LogLevel, parseLogLevel } from "./log_level.ts";
import { nearestWord } from "./suggest.ts";
import { found, problem, quote, type Reading } from "./result.ts";
import { readListenEndpoint, readPort } from "./values.ts";

const PROXY = /^(?:(?:\[([^\]]+)\]|([^:]*[^:\d][^:]*)):)?([^:]*)(?::([^:]*))?$/;
const PROXY_FORM = `[HOST:]PORT[:LISTENPORT] as in "3306" or "127.0.0.1:3306:13306"`;

/** Reads `[HOST:]PORT[:LISTENPORT]`; HOST is 127.0.0.1 and LISTENPORT is PORT where they are left out. */
export function readProxy(text: string): Reading<Proxy> {
  const [, bracketed, plain, portText, listenText] = PROXY.exec(text) ?? [];
  if (portText === undefined) return problem(`${quote(text)} is no proxy; expected ${PROXY_FORM}`);
  const host = proxyHost(bracketed, plain);
  if (host === undefined) {
    return problem(`${quote(bracketed ?? plain ?? "")} is no host; expected ${PROXY_FORM}`);
  }
  const port = readPort(portText);
  if (port.problem !== undefined) return port;
  const listenPort = listenText === undefined ? port : readPort(listenText);
  if (listenPort.problem !== undefined) return listenPort;
  return found({ host, port: port.value, listenPort: listenPort.value });
}

function proxyHost(bracketed: string | undefined, plain: string | undefined): string | undefined {
  const address = parseAddress(bracketed ?? plain ?? "127.0.0.1");
  if (address !== undefined) {
    return (address.family === 6) === (bracketed !== undefined) ? formatAddress(address) : undefined;
  }
  const name = plain?.toLowerCase();
  return name !== undefined && isHostName(name) ? name : undefined;
}

/** Reads the absolute path of a hosts file. */
export function readHostsPath(text: string): Reading<string> {
  return text.startsWith("/") && !text.endsWith("/")
    ? found(text)
    : problem(`${quote(text)} is no absolute path of a file; expected one as in "/etc/hosts"`);
}

/** Reads the name of a log level. */
export function readLogLevel(text: string): Reading<LogLevel> {
  const level = parseLogLevel(text);
  if (level !== undefined) return found(level);
  const meant = nearestWord(text, LOG_LEVELS);
  const hint = meant === undefined ? "" : `; did you mean ${quote(meant)}?`;
  return problem(`${quote(text)} is no log level; expected error, warn, info or debug${hint}`);
}

/** How the lines of these keys are read. */
export const serviceKeys = {
  hosts(reader, draft) {
    const file = reader.value("FILE", readHostsPath);
    const domains = file && reader.values("DOMAIN", readDomainEnding);
    if (file === undefined || domains === undefined) return;
    draft.hosts.push({ file: file.value, domains: domains.map((domain) => domain.value) });
  },
  dns(reader, draft) {
    const dns = reader.value<string | undefined>(
      "DOMAIN",
      (text) => text === "off" ? found(undefined) : readDomain(text),
    );
    reader.end();
    if (dns !== undefined) draft.dns = dns;
  },
  proxy(reader, draft) {
    const proxy = reader.value("PORT", readProxy);
    reader.end();
    if (proxy !== undefined) draft.proxies.push(proxy);
  },
  web(reader, draft) {
    const web = reader.value(
      "ADDRESS:PORT",
      (text) => text === "off" ? found(undefined) : readListenEndpoint(text, "127.0.0.1:2580"),
    );
    reader.end();
    if (web !== undefined) draft.web = web;
  },
  loglevel(reader, draft) {
    const level = reader.value("LEVEL", readLogLevel);
    reader.end();
    if (level !== undefined) draft.logLevel = level;
  },
} as const satisfies Partial<Record<KeyName, KeyReader>>;
