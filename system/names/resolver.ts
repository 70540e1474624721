import { platform } from "../../ffi/platform.ts";

/** What leads the system's resolver to the name server. */
export interface ResolverSpec {
  /** Domains whose names are asked here, without dots at the ends; the first is the configured one. */
  readonly domains: readonly string[];
  /** The tunnel's interface. */
  readonly interfaceName: string;
  /** The name server's address and port, as programs of this machine reach it. */
  readonly server: string;
  readonly port: number;
}

/** What sets the resolver up on a system. */
export type ResolverKind = "resolver-files" | "systemd-resolved" | "resolvconf" | "other-namespace" | "none";

/** How it is set up. */
export interface ResolverState {
  readonly kind: ResolverKind;
  /** What is missing. */
  readonly fault?: string;
  /** What the user can do about it. */
  readonly remedy?: string;
}

/** The set-up of the system's resolver. Calls come one after the other. */
export interface SystemResolver {
  /** Sets up what is missing of it, and takes away what is there too many. It throws nothing but programming errors. */
  apply(spec: ResolverSpec): Promise<ResolverState>;
  /** Takes everything away. */
  remove(): Promise<void>;
}

/**
 * The resolver of the running system.
 *
 * @param program the name of the program that sets it up
 */
export async function systemResolver(program: string): Promise<SystemResolver> {
  if (platform.os === "darwin") return new (await import("./resolver_darwin.ts")).DarwinResolver(program);
  return new (await import("./resolver_linux.ts")).LinuxResolver();
}
