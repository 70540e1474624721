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
  /** Values of keys that a file has once; undefined inside a place means "off". */
  addr?: Located<Prefix>;
  addr6?: Located<Prefix | undefined>;
  host?: Located<IpAddress>;
  port?: Located<number>;
  mtu?: Located<number>;
  docker?: Located<DockerSetting>;
  key?: Located<string>;
  logLevel?: Located<LogLevel>;
  pong?: Located<boolean>;
  expose?: Located<Expose | undefined>;
  dns?: Located<string | undefined>;
  web?: Located<Endpoint | undefined>;
  /** Values of keys that may repeat, in the file's order. */
  readonly routes: Located<Route>[];
  readonly bridgePairs: Located<BridgePair>[];
  readonly networksOff: string[];
  readonly tokens: TokenLine[];
  readonly hosts: HostsFile[];
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
