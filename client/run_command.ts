/**
 * `docker-connector-client run`: the other end of the tunnel, in the foreground.
 *
 * @module
 */

import { type Command, defineCommand } from "../cli/command.ts";
import { type EnvironmentReader, environmentValue } from "../program/environment.ts";
import { NO_OFFLOAD_FLAG, valueFlag, type ValuesOf } from "../cli/flag.ts";
import {
  chainSyntax,
  heartbeatSyntax,
  hostSyntax,
  keySyntax,
  mtuSyntax,
  offloadSyntax,
  portSyntax,
  socketSyntax,
  virtualNetworkSyntax,
} from "../cli/value_syntax.ts";
import { DEFAULT_CONFIG } from "../core/config/config.ts";
import { type ClientRunOptions, DEFAULT_CLIENT_CONTROL } from "./options.ts";

const flags = {
  host: valueFlag("--host", hostSyntax, "The server's host. Default: where VMs have their desktop."),
  port: valueFlag("--port", portSyntax, "The server's UDP port. Default: 2511."),
  addr: valueFlag("--addr", virtualNetworkSyntax, "This side's virtual address. Default: 192.168.251.1/24."),
  mtu: valueFlag("--mtu", mtuSyntax, "The largest packet in the tunnel. Default: 1400."),
  chain: valueFlag("--chain", chainSyntax, "The iptables chain for rules. Default: DOCKER-USER."),
  heartbeat: valueFlag("--heartbeat", heartbeatSyntax, "Time between heartbeats. Default: 5000."),
  key: valueFlag(
    "--key",
    keySyntax,
    "The secret of the server's key line. Local users can see it: prefer the variable.",
  ),
  control: valueFlag("--control", socketSyntax, `The status socket. Default: ${DEFAULT_CLIENT_CONTROL}.`),
  noOffload: NO_OFFLOAD_FLAG,
};

/** The values of the flags; undefined where one is not given. */
export type ClientFlags = ValuesOf<typeof flags>;

/** The command. Its code is loaded when it is called, so that the others start fast. */
export const runCommand: Command = defineCommand(
  "run",
  {
    brief: "Carry the tunnel, in the foreground.",
    description:
      "Carries the tunnel until it is stopped. Needs root in the VM's own network. Each flag can come from " +
      "an environment variable instead: DOCKER_CONNECTOR_ and the flag's name in capitals; " +
      "--no-offload is DOCKER_CONNECTOR_OFFLOAD=off.",
    examples: ["run --host 192.168.65.2 --port 2511"],
  },
  flags,
  async (given) => {
    const options = clientOptions(given, (name) => Deno.env.get(name));
    const { runClient } = await import("./run.ts");
    return await runClient(options);
  },
);

/**
 * Completes the flags from the environment, then with the defaults.
 *
 * @param given the flags
 * @param read looks an environment variable up
 * @throws {OperationError} `config`, for a faulty variable whose flag is not given
 */
export function clientOptions(given: ClientFlags, read: EnvironmentReader): ClientRunOptions {
  return {
    host: given.host ?? environmentValue(read, "DOCKER_CONNECTOR_HOST", hostSyntax),
    port: given.port ?? environmentValue(read, "DOCKER_CONNECTOR_PORT", portSyntax) ?? DEFAULT_CONFIG.port,
    addr: given.addr ?? environmentValue(read, "DOCKER_CONNECTOR_ADDR", virtualNetworkSyntax) ??
      DEFAULT_CONFIG.addr,
    mtu: given.mtu ?? environmentValue(read, "DOCKER_CONNECTOR_MTU", mtuSyntax) ?? DEFAULT_CONFIG.mtu,
    chain: given.chain ?? environmentValue(read, "DOCKER_CONNECTOR_CHAIN", chainSyntax) ?? "DOCKER-USER",
    heartbeatMs: given.heartbeat ?? environmentValue(read, "DOCKER_CONNECTOR_HEARTBEAT", heartbeatSyntax) ??
      5000,
    key: given.key ?? environmentValue(read, "DOCKER_CONNECTOR_KEY", keySyntax),
    control: clientControl(given.control, read),
    offload: !given.noOffload &&
      (environmentValue(read, "DOCKER_CONNECTOR_OFFLOAD", offloadSyntax) ?? true),
  };
}

/**
 * Where the status socket is: by the flag, the environment or the default.
 *
 * @param given the flag
 * @param read looks an environment variable up
 * @throws {OperationError} `config`, for a faulty variable whose flag is not given
 */
export function clientControl(given: string | undefined, read: EnvironmentReader): string {
  return given ?? environmentValue(read, "DOCKER_CONNECTOR_CONTROL", socketSyntax) ?? DEFAULT_CLIENT_CONTROL;
}
