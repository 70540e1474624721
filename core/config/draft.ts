/**
 * What has been read of a config file so far, each value with its place.
 *
 * @module
 */
import type { IpAddress } from "../net/address.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { Prefix } from "../net/prefix.ts";
import type { BridgePair, DockerSetting, Expose, HostsFile, Proxy, Route } from "./config.ts";
import type { LineReader, Located } from "./line_reader.ts";
import type { LogLevel } from "./log_level.ts";

/** Values of the lines that had no fault of their own; a key that is not there was not given or is faulty. */
export interface Draft {
  /** The `addr` line. */
  addr?: Located<Prefix>;
  /** The `addr6` line; undefined in its place means off. */
  addr6?: Located<Prefix | undefined>;
  /** The `host` line. */
  host?: Located<IpAddress>;
  /** The `port` line. */
  port?: Located<number>;
  /** The `mtu` line. */
  mtu?: Located<number>;
  /** The `docker` line. */
  docker?: Located<DockerSetting>;
  /** The `key` line: a secret. */
  key?: Located<string>;
  /** The `loglevel` line. */
  logLevel?: Located<LogLevel>;
  /** The `pong` line. */
  pong?: Located<boolean>;
  /** The `expose` line; undefined in its place means off. */
  expose?: Located<Expose | undefined>;
  /** The `dns` line; undefined in its place means off. */
  dns?: Located<string | undefined>;
  /** The `web` line; undefined in its place means off. */
  web?: Located<Endpoint | undefined>;
  /** The `route` lines in the file's order, as all lists here. */
  readonly routes: Located<Route>[];
  /** The `iptables` lines. */
  readonly bridgePairs: Located<BridgePair>[];
  /** The names of the `network` lines. */
  readonly networksOff: string[];
  /** The `token` lines. */
  readonly tokens: TokenLine[];
  /** The `hosts` lines. */
  readonly hosts: HostsFile[];
  /** The `proxy` lines. */
  readonly proxies: Located<Proxy>[];
}

/** A `token` line with the places of both words. */
export interface TokenLine {
  /** The secret's place and value. */
  readonly name: Located<string>;
  /** The address's place and value. */
  readonly address: Located<IpAddress>;
}

/** A draft of nothing. */
export function emptyDraft(): Draft {
  return { routes: [], bridgePairs: [], networksOff: [], tokens: [], hosts: [], proxies: [] };
}

/** Reads the words of one key's line into the draft. */
export type KeyReader = (reader: LineReader, draft: Draft) => void;
