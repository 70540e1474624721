import { isInMainNetwork } from "../../ffi/libc/proc_linux.ts";
import { OperationError } from "../../core/error.ts";
import { type CommandOutcome, type RunCommand, runCommand } from "../process/command.ts";
import { isAbsent, wordsOf } from "../process/runtime_error.ts";
import type { ResolverSpec, ResolverState, SystemResolver } from "./resolver.ts";

/** The program of systemd-resolved, since version 239. */
export const RESOLVECTL = "/usr/bin/resolvectl";

/** The program of Debian's resolvconf and of openresolv. */
export const RESOLVCONF = "/usr/sbin/resolvconf";

/** Where the system's files are; tests have their own. */
export interface LinuxResolverFiles {
  readonly resolvConf: string;
  /** The folder that systemd-resolved has while it runs. */
  readonly resolvedFolder: string;
  readonly resolvectl: string;
  readonly resolvconf: string;
}

const FILES: LinuxResolverFiles = {
  resolvConf: "/etc/resolv.conf",
  resolvedFolder: "/run/systemd/resolve",
  resolvectl: RESOLVECTL,
  resolvconf: RESOLVCONF,
};

/** Addresses at which systemd-resolved answers programs; see systemd-resolved.service(8). */
const STUBS = ["127.0.0.53", "127.0.0.54"];

/** Milliseconds that one of the programs may take: they need some, and the server's end waits for them. */
const TIMEOUT_MS = 3_000;

/** Bytes that are read of resolv.conf. */
const MAX_FILE = 65_536;

/**
 * The resolver of Linux: systemd-resolved, which asks the interface's name server for the domains alone, or resolvconf,
 * which writes the server into /etc/resolv.conf before the others.
 */
export class LinuxResolver implements SystemResolver {
  /** What was set up, and for which interface. */
  #active: { readonly kind: "systemd-resolved" | "resolvconf"; readonly interfaceName: string } | undefined;

  /** All of it differs in tests; `isServed` tells whether the machine's resolver serves the interface's namespace. */
  constructor(
    readonly run: RunCommand = runCommand,
    readonly files: LinuxResolverFiles = FILES,
    readonly isServed: (interfaceName: string) => boolean = isInMainNetwork,
  ) {}

  async apply(spec: ResolverSpec): Promise<ResolverState> {
    try {
      if (!this.isServed(spec.interfaceName)) {
        // The resolver of the machine takes the number of an interface, which is another one's there.
        return { kind: "other-namespace" };
      }
      if (await isThere(this.files.resolvedFolder) && await isThere(this.files.resolvectl)) {
        return await this.#useResolved(spec);
      }
      const text = await this.#resolvConf();
      if (await isThere(this.files.resolvconf)) return await this.#useResolvconf(spec, text);
      return { kind: "none", ...faultWithout(spec, text, this.files.resolvConf) };
    } catch (error) {
      const fault = error instanceof OperationError
        ? error.report
        : `Cannot set up the resolver: ${wordsOf(error)}`;
      return { kind: "none", fault };
    }
  }

  async remove(): Promise<void> {
    if (this.#active === undefined) return;
    const { kind, interfaceName } = this.#active;
    this.#active = undefined;
    // The settings of a link go with it: a failure means that it is gone already.
    if (kind === "systemd-resolved") await this.#run([this.files.resolvectl, "revert", interfaceName]);
    else await this.#run([this.files.resolvconf, "-d", interfaceName]);
  }

  async #useResolved({ domains, interfaceName, server }: ResolverSpec): Promise<ResolverState> {
    // "~": only names of the domain are asked here, and single words are not completed by it.
    const routed = domains.map((domain) => `~${domain}`);
    const shown = await this.#run([this.files.resolvectl, "domain", interfaceName]);
    const servers = await this.#run([this.files.resolvectl, "dns", interfaceName]);
    const isSet = sameWords(shown.stdout, routed) && sameWords(servers.stdout, [server]);
    if (shown.code !== 0 || servers.code !== 0 || !isSet) {
      this.#active = { kind: "systemd-resolved", interfaceName };
      await this.#succeed([this.files.resolvectl, "dns", interfaceName, server]);
      await this.#succeed([this.files.resolvectl, "domain", interfaceName, ...routed]);
    }
    const nameServers = nameServersOf(await this.#resolvConf());
    if (nameServers.some((address) => STUBS.includes(address))) return { kind: "systemd-resolved" };
    return {
      kind: "systemd-resolved",
      fault: `${this.files.resolvConf} does not lead to systemd-resolved`,
      remedy: `Let the program that wrote it, such as a VPN, use systemd-resolved, or link it to ` +
        `${this.files.resolvedFolder}/stub-resolv.conf`,
    };
  }

  async #useResolvconf(
    { domains, interfaceName, server }: ResolverSpec,
    text: string,
  ): Promise<ResolverState> {
    if (this.#active === undefined || !nameServersOf(text).includes(server)) {
      this.#active = { kind: "resolvconf", interfaceName };
      const input = `nameserver ${server}\n`;
      await this.#succeed([this.files.resolvconf, "-a", interfaceName], input);
    }
    // A name that is not ours is refused, and the C library then asks the next server.
    if (nameServersOf(await this.#resolvConf())[0] === server) return { kind: "resolvconf" };
    return {
      kind: "resolvconf",
      fault: `${this.files.resolvConf} does not have ${server} first, so names below ${
        domains[0]
      } may not be found`,
      remedy: `Put ${interfaceName} first in /etc/resolvconf/interface-order`,
    };
  }

  async #succeed(argv: readonly string[], input?: string): Promise<void> {
    const { code, stderr } = await this.#run(argv, input);
    if (code === 0) return;
    const state = stderr.trim().split("\n", 1)[0] || `it ended with ${code}`;
    throw new OperationError("io", `Cannot set up the resolver by ${argv.join(" ")}: ${state}`);
  }

  #run(argv: readonly string[], input?: string): Promise<CommandOutcome> {
    return this.run(argv, { timeout: TIMEOUT_MS, ...input === undefined ? {} : { input } });
  }

  #resolvConf(): Promise<string> {
    return readResolvConf(this.files.resolvConf);
  }
}

/** The name servers that programs ask by /etc/resolv.conf, in their order; none without the file. */
export async function namedServers(): Promise<string[]> {
  return nameServersOf(await readResolvConf(FILES.resolvConf));
}

async function readResolvConf(path: string): Promise<string> {
  try {
    return (await Deno.readTextFile(path)).slice(0, MAX_FILE);
  } catch (error) {
    if (isAbsent(error)) return "";
    throw error;
  }
}

/** Without any program that does it, people may have written the server there themselves. */
function faultWithout(
  { domains, server }: ResolverSpec,
  text: string,
  path: string,
): Pick<ResolverState, "fault" | "remedy"> {
  if (nameServersOf(text)[0] === server) return {};
  return {
    fault: `this machine has neither systemd-resolved nor resolvconf, so names below ${
      domains[0]
    } are not found`,
    remedy: `Write "nameserver ${server}" as the first such line of ${path}`,
  };
}

/** The servers of a resolv.conf in their order; see resolv.conf(5). */
function nameServersOf(text: string): string[] {
  return text.split("\n").flatMap((line) => /^nameserver[ \t]+(\S+)/.exec(line)?.[1] ?? []);
}

/** Whether resolvectl shows these words, as in "Link 5 (connector0): ~a.test ~b.test". */
function sameWords(shown: string, wanted: readonly string[]): boolean {
  const words = shown.replaceAll("\n", " ").replace(/^[^:]*\):/, "").split(" ").filter((word) => word !== "");
  return words.sort().join() === [...wanted].sort().join();
}

function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, (error) => {
    if (isAbsent(error)) return false;
    throw error;
  });
}
