/**
 * The options of the client's `run`, from flags and environment, with defaults.
 *
 * @module
 */

import type { Prefix } from "../core/net/prefix.ts";

/** The settings of `docker-connector-client run`; a flag wins over its environment variable. */
export interface ClientRunOptions {
  /** `--host`, `DOCKER_CONNECTOR_HOST`: name or IP address of the server. Undefined: it is searched for. */
  readonly host: string | undefined;
  /** `--port`, `DOCKER_CONNECTOR_PORT`: the server's UDP port, 1 to 65535. Default 2511. */
  readonly port: number;
  /** `--addr`, `DOCKER_CONNECTOR_ADDR`: this side's address with the virtual network's length. Default 192.168.251.1/24. */
  readonly addr: Prefix;
  /** `--mtu`, `DOCKER_CONNECTOR_MTU`: bytes of the largest packet in the tunnel, 576 to 65507. Default 1400. */
  readonly mtu: number;
  /** `--chain`, `DOCKER_CONNECTOR_CHAIN`: the iptables chain that gets the rules. Default `DOCKER-USER`. */
  readonly chain: string;
  /** `--heartbeat`, `DOCKER_CONNECTOR_HEARTBEAT`: milliseconds between heartbeats, 100 to 60000. Default 5000. */
  readonly heartbeatMs: number;
  /** `--key`, `DOCKER_CONNECTOR_KEY`: the secret proven in every heartbeat; never printed. Undefined: none. */
  readonly key: string | undefined;
  /** `--control`, `DOCKER_CONNECTOR_CONTROL`: path of the status socket. */
  readonly control: string;
  /** False with `--no-offload` or `DOCKER_CONNECTOR_OFFLOAD=off`: the kernel cuts and joins nothing, packets are carried one by one. */
  readonly offload: boolean;
}

/** Where the client's status socket is unless `--control` says otherwise. */
export const DEFAULT_CLIENT_CONTROL = "/var/run/docker-connector-client.sock";
