import { isHostName } from "../core/net/host_name.ts";
import { LOG_LEVELS, type LogLevel, parseLogLevel } from "../core/config/log_level.ts";
import { err, ok, quote, type Result } from "../core/result.ts";
import {
  readListenAddress,
  readMtu,
  readPathPreference,
  readPort,
  readVirtualNetwork,
} from "../core/config/values.ts";
import { OperationError } from "../core/error.ts";
import { PATH_PREFERENCES, type PathPreference } from "../core/path/path_kind.ts";
import { type IpAddress, isZonedAddress, parseAddress } from "../core/net/address.ts";
import type { Prefix } from "../core/net/prefix.ts";
import { parseHostPort } from "../core/net/endpoint.ts";
import { LOG_FORMATS, type LogFormat } from "./log_line.ts";

/** A word that could come next, and what it means; empty where that is plain. */
export type Suggestion = readonly [word: string, meaning: string];

/** One kind of value, in a flag or an environment variable. */
export interface ValueSyntax<T> {
  /** The value's name in the help, in capitals. */
  readonly metavar: string;
  /** Reads a value. The problem of a value that may be a secret must not repeat it. */
  readonly read: (text: string) => Result<T>;
  /** The values there are, where they can be listed. */
  readonly choices?: readonly string[];
  /**
   * Looks for values that depend on the running program or its config file; must not fail, and takes a bounded time.
   *
   * @param before the words of the same command that come before it
   */
  readonly suggest?: (before: readonly string[]) => Promise<readonly Suggestion[]>;
  /** True for a path, which completions leave to the shell. */
  readonly isPath?: boolean;
}

/** A UDP port other than 0. */
export const portSyntax: ValueSyntax<number> = { metavar: "PORT", read: readPort };

/** Bytes of the largest packet in the tunnel. */
export const mtuSyntax: ValueSyntax<number> = { metavar: "BYTES", read: readMtu };

/** The Docker side's address with the length of the virtual network; the server takes the next address of it. */
export const virtualNetworkSyntax: ValueSyntax<Prefix> = { metavar: "CIDR", read: readVirtualNetwork };

/** A local address to listen on. */
export const listenAddressSyntax: ValueSyntax<IpAddress> = { metavar: "ADDRESS", read: readListenAddress };

/** The paths that packets may take between the server and Docker's machine. */
export const pathPreferenceSyntax: ValueSyntax<PathPreference> = {
  metavar: "PATH",
  choices: PATH_PREFERENCES,
  read: readPathPreference,
};

/** Milliseconds between heartbeats. Below 100 ms they are load, above 60 s a lost peer is noticed too late. */
export const heartbeatSyntax: ValueSyntax<number> = {
  metavar: "MILLISECONDS",
  read: (text) => {
    const value = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : NaN;
    return value >= 100 && value <= 60_000
      ? ok(value)
      : invalid("interval", text, "a number of milliseconds from 100 to 60000");
  },
};

/** A host to send to: a name or an IP address. */
export const hostSyntax: ValueSyntax<string> = {
  metavar: "HOST",
  read: (text) =>
    parseAddress(text) !== undefined || isZonedAddress(text) ||
      isHostName(text.toLowerCase().replace(/\.$/, ""))
      ? ok(text)
      : invalid("host", text, 'a name or an IP address such as "host.docker.internal"'),
};

/** Where a server is: a host name or an IP address, with its UDP port. The value is as it was written. */
export const serverSyntax: ValueSyntax<string> = {
  metavar: "HOST:PORT",
  read: (text) =>
    parseHostPort(text) !== undefined
      ? ok(text)
      : invalid("server", text, 'a host and a port such as "desk.example.com:2512"'),
};

/** The path of a file. */
export const fileSyntax: ValueSyntax<string> = { metavar: "FILE", read: readPath, isPath: true };

/** An image: the path of a tar, a name as `docker run` takes it, or "off". */
export const imageSyntax: ValueSyntax<string> = {
  metavar: "IMAGE",
  isPath: true,
  read: (text) => {
    if (/^[./]|\.tar$/.test(text)) return readPath(text);
    // The characters of a reference (distribution's reference/regexp.go); no blank and no control character.
    return /^[A-Za-z0-9][A-Za-z0-9._\-/:@]{0,254}$/.test(text)
      ? ok(text)
      : invalid("image", text, 'a tar or a name such as "mac-docker-connector:0.1.0"');
  },
};

/** The path of a unix socket. */
export const socketSyntax: ValueSyntax<string> = {
  metavar: "PATH",
  isPath: true,
  read: (text) =>
    // sun_path holds 104 bytes on macOS (sys/un.h), a closing zero among them.
    new TextEncoder().encode(text).length <= 103
      ? readPath(text)
      : err(`${quote(text)} is too long for a socket: expected a path of at most 103 bytes`),
};

/** A number of packets or lines. */
export const countSyntax: ValueSyntax<number> = numberSyntax("N", "count", 1, 1_000_000);

/** Bytes that are kept of each captured packet: 128 hold the headers up to those of TCP, 65,535 the longest packet. */
export const snapLengthSyntax: ValueSyntax<number> = numberSyntax("BYTES", "length", 128, 65_535);

/** A Docker network: its name or a prefix. */
export const networkSyntax: ValueSyntax<string> = {
  metavar: "NETWORK",
  // The characters of a name (moby's daemon/names); a prefix has no others but "/" and ":".
  read: (text) =>
    /^[A-Za-z0-9:][A-Za-z0-9_.:/-]{0,254}$/.test(text)
      ? ok(text)
      : invalid("network", text, 'the name of a Docker network or a subnet such as "172.20.0.0/16"'),
};

/** Use of the kernel's offloads. */
export const offloadSyntax: ValueSyntax<boolean> = {
  metavar: "on|off",
  choices: ["on", "off"],
  read: (text) => text === "on" || text === "off" ? ok(text === "on") : invalid("value", text, "on or off"),
};

/** An iptables chain. */
export const chainSyntax: ValueSyntax<string> = {
  metavar: "CHAIN",
  read: (text) =>
    // 28 bytes: XT_EXTENSION_MAXNAMELEN of linux/netfilter/x_tables.h, less the closing zero.
    /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,27}$/.test(text)
      ? ok(text)
      : invalid("iptables chain", text, 'a name such as "DOCKER-USER"'),
};

/** The secret that a client proves: one word, as in the config file's `key` line. */
export const keySyntax: ValueSyntax<string> = {
  metavar: "SECRET",
  read: (text) =>
    /^[^\s\p{C}]+$/u.test(text)
      ? ok(text)
      : err("invalid secret: expected one word, the same as in the server's key line"),
};

/** The log level. */
export const logLevelSyntax: ValueSyntax<LogLevel> = {
  metavar: "LEVEL",
  choices: LOG_LEVELS,
  read: (text) => {
    const level = parseLogLevel(text);
    return level === undefined ? invalid("log level", text, "error, warn, info or debug") : ok(level);
  },
};

/** The shape of log lines. */
export const logFormatSyntax: ValueSyntax<LogFormat> = {
  metavar: "FORMAT",
  choices: LOG_FORMATS,
  read: (text) => {
    const format = LOG_FORMATS.find((known) => known === text);
    return format === undefined ? invalid("log format", text, "text or json") : ok(format);
  },
};

function numberSyntax(metavar: string, kind: string, least: number, most: number): ValueSyntax<number> {
  return {
    metavar,
    read: (text) => {
      const value = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
      return value >= least && value <= most
        ? ok(value)
        : invalid(kind, text, `a number from ${least} to ${most}`);
    },
  };
}

function readPath(text: string): Result<string> {
  if (text === "") return err("the path is empty: expected one as in a shell");
  return /\p{Cc}/u.test(text) ? err("the path has a control character: expected one without") : ok(text);
}

function invalid(kind: string, text: string, expected: string): Result<never> {
  return err(`invalid ${kind} ${quote(text)}: expected ${expected}`);
}

/**
 * Reads the value of a flag, a word or an environment variable of this name.
 *
 * @throws {OperationError} `code`, if it is invalid
 */
export function readValue<T>(
  code: "usage" | "config",
  name: string,
  syntax: ValueSyntax<T>,
  text: string,
): T {
  const { value, problem } = syntax.read(text);
  if (problem !== undefined) throw new OperationError(code, `Cannot use ${name}: ${problem}`);
  return value;
}

/** Looks up an environment variable, usually `Deno.env.get`. */
export type EnvironmentReader = (name: string) => string | undefined;

/**
 * Reads a setting from the environment. An empty variable counts as unset: composed files leave such ones behind.
 *
 * @returns undefined if the variable is unset
 * @throws {OperationError} `config`, if the value is invalid
 */
export function environmentValue<T>(
  read: EnvironmentReader,
  name: string,
  syntax: ValueSyntax<T>,
): T | undefined {
  const text = read(name);
  return text === undefined || text === "" ? undefined : readValue("config", name, syntax, text);
}
