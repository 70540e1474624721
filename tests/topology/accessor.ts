/**
 * A teammate's machine with `docker-accessor`.
 *
 * @module
 */
import type { AccessorStatus } from "./control_socket.ts";
import { Daemon } from "./daemon.ts";
import type { Lan, Network } from "./network.ts";
import { EXPOSED_PORT } from "./session_pair.ts";

/** What an accessor is made of. */
export interface AccessorOptions {
  readonly network: Network;
  readonly lan: Lan;
  readonly token: string;
  /** HOST:PORT of the server; its place in the local network where absent. */
  readonly remote?: string;
  /** The folder with the program; that of all tests where absent. */
  readonly programs?: string;
  /** Further flags. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of its control socket; the network's scratch folder where absent. */
  readonly stateFolder?: string;
  /** Put before the program, such as `unshare`. */
  readonly wrapper?: readonly string[];
}

/** Starts an accessor without waiting; its token is in the environment. */
export function launchAccessor(options: AccessorOptions): Daemon<AccessorStatus> {
  const { network, lan, token, remote = `${network.macLanAddress}:${EXPOSED_PORT}`, args = [] } = options;
  return new Daemon<AccessorStatus>({
    namespace: lan.namespace,
    program: "docker-accessor",
    ...options.programs === undefined ? {} : { programs: options.programs },
    args: ["run", "--remote", remote, ...args],
    control: `${options.stateFolder ?? network.folder}/accessor-${crypto.randomUUID().slice(0, 8)}.sock`,
    env: { DOCKER_ACCESSOR_TOKEN: token, ...options.env },
    ...options.wrapper === undefined ? {} : { wrapper: options.wrapper },
  });
}

/** Starts an accessor and waits until it has joined. */
export async function startAccessor(options: AccessorOptions): Promise<Daemon<AccessorStatus>> {
  const accessor = launchAccessor(options);
  try {
    await waitJoined(accessor);
    return accessor;
  } catch (error) {
    await accessor[Symbol.asyncDispose]();
    throw new Error(`The accessor did not join: ${error}\n${accessor.transcript()}`);
  }
}

/** Waits until an accessor hears its server and has active routes. */
export async function waitJoined(
  accessor: Daemon<AccessorStatus>,
  deadline = 15_000,
): Promise<AccessorStatus> {
  const isJoined = ({ server, routes }: AccessorStatus) =>
    server.state === "connected" && routes.some(({ state }) => state === "active");
  return await accessor.waitForStatus("the accessor has joined", isJoined, deadline);
}

/** Adds the accessor's log to the message of an error that the body throws. */
export async function withAccessorLog(
  accessor: Daemon<AccessorStatus>,
  body: () => Promise<void>,
): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (error instanceof Error) error.message += `\n  accessor:\n${accessor.transcript()}`;
    throw error;
  }
}
