/**
 * The flags of the server's `run`. A flag wins over the same key of the config file.
 *
 * @module
 */

import type { IpAddress } from "../core/net/address.ts";
import type { Prefix } from "../core/net/prefix.ts";
import type { LogLevel } from "../core/config/log_level.ts";

/** The parsed flags of `docker-connector run`; undefined where a flag was not given. */
export interface ServerRunOptions {
  /** `--config`: the file to read; undefined searches the default places. Relative paths are of the working directory. */
  readonly configFile: string | undefined;
  /** `--addr`: the address of the Docker side with the virtual network's length (IPv4). */
  readonly addr: Prefix | undefined;
  /** `--host`: the local address the UDP socket is bound to. */
  readonly host: IpAddress | undefined;
  /** `--port`: the UDP port, 1 to 65535. */
  readonly port: number | undefined;
  /** `--mtu`: bytes of the largest packet in the tunnel, 576 to 65507. */
  readonly mtu: number | undefined;
  /**
   * `--image`, `DOCKER_CONNECTOR_IMAGE`: the client container's image, as a tar or a name; "off" keeps no container;
   * undefined looks for the tar beside the program.
   */
  readonly image: string | undefined;
  /** `--control`: path of the control socket. */
  readonly control: string;
  /** False with `--no-watch`: the config file is read once and not followed. */
  readonly watch: boolean;
  /** False with `--no-offload`: the kernel cuts and joins nothing, packets are carried one by one. */
  readonly offload: boolean;
  /**
   * `--log-level`. The program has already set it when `run` starts; a `loglevel` line of the config file only
   * counts where this is undefined.
   */
  readonly logLevel: LogLevel | undefined;
}

/** Where the server's control socket is unless `--control` says otherwise. */
export const DEFAULT_SERVER_CONTROL = "/var/run/docker-connector.sock";
