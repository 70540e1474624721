/**
 * `docker-connector-client run`: the other end of the tunnel, in the foreground.
 *
 * @module
 */
import { type Command, defineCommand } from "../cli/command.ts";
import { CAPTURE_FLAG, NO_OFFLOAD_FLAG, valueFlag, type ValuesOf } from "../cli/flag.ts";
import {
  chainSyntax,
  type EnvironmentReader,
  environmentValue,
  fileSyntax,
  heartbeatSyntax,
  hostSyntax,
  keySyntax,
  mtuSyntax,
  offloadSyntax,
  portSyntax,
  socketSyntax,
  type ValueSyntax,
  virtualNetworkSyntax,
} from "../cli/value_syntax.ts";
import { DEFAULT_CONFIG } from "../core/config/config.ts";

/** Where the client's status socket is unless `--control` says otherwise. */
export const DEFAULT_CLIENT_CONTROL = "/var/run/docker-connector-client.sock";

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
  capture: CAPTURE_FLAG,
  noOffload: NO_OFFLOAD_FLAG,
};

/** The values of the flags; undefined where one is not given. */
export type ClientFlags = ValuesOf<typeof flags>;

/** The settings of the client. The key is never printed; without a host the server is searched for. */
export type ClientRunOptions = ReturnType<typeof clientOptions>;

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
 * @throws {OperationError} `config`, for a faulty variable whose flag is not given
 */
export function clientOptions(given: ClientFlags, read: EnvironmentReader) {
  const variable = <T>(name: string, syntax: ValueSyntax<T>) =>
    environmentValue(read, `DOCKER_CONNECTOR_${name}`, syntax);
  return {
    host: given.host ?? variable("HOST", hostSyntax),
    port: given.port ?? variable("PORT", portSyntax) ?? DEFAULT_CONFIG.port,
    addr: given.addr ?? variable("ADDR", virtualNetworkSyntax) ?? DEFAULT_CONFIG.addr,
    mtu: given.mtu ?? variable("MTU", mtuSyntax) ?? DEFAULT_CONFIG.mtu,
    chain: given.chain ?? variable("CHAIN", chainSyntax) ?? "DOCKER-USER",
    heartbeatMs: given.heartbeat ?? variable("HEARTBEAT", heartbeatSyntax) ?? 5000,
    key: given.key ?? variable("KEY", keySyntax),
    control: clientControl(given.control, read),
    capture: given.capture ?? variable("CAPTURE", fileSyntax),
    offload: !given.noOffload && (variable("OFFLOAD", offloadSyntax) ?? true),
  };
}

/**
 * Where the status socket is: by the flag, the environment or the default.
 *
 * @throws {OperationError} `config`, for a faulty variable whose flag is not given
 */
export function clientControl(given: string | undefined, read: EnvironmentReader): string {
  return given ?? environmentValue(read, "DOCKER_CONNECTOR_CONTROL", socketSyntax) ?? DEFAULT_CLIENT_CONTROL;
}
