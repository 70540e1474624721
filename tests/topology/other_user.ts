/**
 * Another user of the desktop: `nobody`, in a namespace, without a group or a capability.
 *
 * @module
 */
import { compiledProgram } from "./compiled_program.ts";
import type { Namespace } from "./namespace.ts";
import type { Process, ProcessOptions } from "./process.ts";
import { UdpPeer } from "./udp_peer.ts";

/** The user id of `nobody`, on each system that the tests run on. */
const NOBODY = 65_534;

/** What a server is to another user. */
export interface Target {
  readonly pid: number;
  readonly port: number;
  readonly clientAddress: string;
  readonly interfaceName: string;
  /** A folder with its files. */
  readonly folder: string;
  /** Paths of unix sockets. */
  readonly sockets: readonly string[];
}

/** The other user, who can run programs there. */
export class OtherUser {
  private constructor(readonly namespace: Namespace, readonly program: string) {}

  /**
   * Prepares programs/other_user.c.
   *
   * @param folder that everyone can enter, for a copy of it
   */
  static async create(namespace: Namespace, folder: string): Promise<OtherUser> {
    const program = `${folder}/other_user`;
    await Deno.copyFile(await compiledProgram("other_user"), program);
    await Deno.chmod(program, 0o755);
    return new OtherUser(namespace, program);
  }

  /** The argv by which that user runs a program. */
  argv(argv: readonly string[]): string[] {
    const ids = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`];
    return ["setpriv", ...ids, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", ...argv];
  }

  /** Starts a program as that user. */
  spawn(argv: readonly string[], options: ProcessOptions = {}): Process {
    return this.namespace.spawn(this.argv(argv), options);
  }

  /** Tries each thing on a server; `done` or the error's name for each. */
  async attempts(target: Target): Promise<Record<string, string>> {
    const { pid, port, clientAddress, interfaceName, folder, sockets } = target;
    const words = [`${pid}`, `${port}`, clientAddress, interfaceName, folder, ...sockets];
    const text = await this.namespace.exec(this.argv([this.program, "try", ...words]));
    return Object.fromEntries(text.split("\n").map((line) => line.split(" ", 2)));
  }

  /** Binds a UDP socket as that user; an Error where the system refuses. */
  async bind(address: string, port: number): Promise<UdpPeer> {
    return await UdpPeer.of(this.spawn([this.program, "udp", address, String(port)]));
  }
}
