/**
 * The options of the accessor's `run`, from flags and environment.
 *
 * @module
 */
import type { Prefix } from "../core/net/prefix.ts";
import type { HostPort } from "../core/net/host_port.ts";

/** The settings of `docker-accessor run`. */
export interface AccessorRunOptions {
  /** `--remote`: where the server's `expose` listens. */
  readonly remote: HostPort;
  /** `--token`, `--token-file` or `DOCKER_ACCESSOR_TOKEN`; never printed. */
  readonly token: string;
  /** `--exclude`: networks that are not routed, nor those inside them. */
  readonly exclude: readonly Prefix[];
  /** `--control`: path of the status socket. */
  readonly control: string;
  /** False with `--no-offload`: the kernel cuts and joins nothing, packets are carried one by one. */
  readonly offload: boolean;
}

/** Where the accessor's status socket is unless `--control` says otherwise. */
export const DEFAULT_ACCESSOR_CONTROL = "/var/run/docker-accessor.sock";
