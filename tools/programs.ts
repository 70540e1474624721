/**
 * The three programs: which file each is compiled from and what it may do once compiled. A permission that is
 * absent here is denied at run time without a question.
 *
 * @module
 */
import { PACKAGED_RUNTIME } from "./runtime_file.ts";

/** One `deno compile` permission and why the program cannot do without it. */
export interface Grant {
  /** the flag as `deno compile` takes it */
  readonly flag: string;
  /** what fails without it */
  readonly reason: string;
  /** the only system whose binary gets it; every system where absent */
  readonly os?: "darwin" | "linux";
  /** the Deno version whose binaries can do without */
  readonly except?: string;
  /** the only Deno version whose binaries get it: those of others have the flag for another reason */
  readonly only?: string;
}

/** A program that is compiled to one file. */
export interface Program {
  /** name of the file in `dist/` */
  readonly binary: string;
  /** its main module, relative to the repository */
  readonly entry: string;
  /** the other modules that it starts by URL, which the compiler cannot see */
  readonly include: readonly string[];
  /** folders of further files that it reads from itself */
  readonly files?: readonly string[];
  /** the packages that such files are copies of, as the import map names them */
  readonly copiedPackages?: readonly string[];
  /** all that it may do */
  readonly grants: readonly Grant[];
}

/** What is being compiled for. */
export interface Build {
  /** the target triple, as in `x86_64-unknown-linux-gnu` */
  readonly target: string;
  /** the Deno version inside the binary */
  readonly version: string;
}

/**
 * V8's flags inside every program.
 *
 * No helper threads for garbage: the packet path makes none. Helper threads for recompilation: without them V8 optimizes a hot
 * function of the packet path on the packet thread itself, and packets wait up to 28 ms for it (bench/README.md). WebAssembly
 * is compiled well at once: the quick first version is several times slower, and nothing would replace it soon. `deno bench -A
 * --v8-flags=--single-threaded-gc bench/micro/aead_bench.ts`, with and without `--no-liftoff`, shows what that costs.
 */
export const V8_FLAGS: readonly string[] = ["--single-threaded-gc", "--no-liftoff"];

const EVERY_PROGRAM: readonly Grant[] = [
  {
    flag: "--allow-ffi",
    reason: "libc is opened by its bare name, which a grant limited to paths does not cover",
  },
  { flag: "--allow-read", reason: "the files to read and the control socket are named by flags" },
  { flag: "--allow-write", reason: "the control socket and the file to edit are named by flags" },
];

const LINUX_RESOLVER: Grant = {
  flag: "--allow-run=/usr/bin/resolvectl,/usr/sbin/resolvconf",
  reason: "the system's resolver finds names of containers",
  os: "linux",
};

/** Later Deno counts unix sockets as network too, and limits that only to paths known when compiling. */
const NETWORK: Grant = {
  flag: "--allow-net",
  reason:
    "the control socket; the status page; and what containers reach: names, and services of the desktop",
};

const DARWIN_PROGRAMS = "--allow-run=/sbin/ifconfig,/sbin/route,/usr/sbin/netstat";

const DARWIN_NETWORK: Grant = {
  flag: DARWIN_PROGRAMS,
  reason: "addresses and routes, and the watch for their changes (route -n monitor)",
  os: "darwin",
};

const JOURNAL: Grant = {
  flag: "--allow-run=/usr/bin/journalctl",
  reason: "logs shows the service's log, which systemd keeps",
  os: "linux",
};

const TRUST_STORES: readonly Grant[] = [
  {
    flag:
      "--allow-run=/usr/sbin/update-ca-certificates,/usr/bin/update-ca-trust,/usr/bin/certutil,/usr/bin/setpriv",
    reason: "trust and untrust change the system's store, and as the user those of browsers",
    os: "linux",
  },
  { flag: "--allow-run=/usr/bin/security", reason: "trust and untrust change the keychain", os: "darwin" },
];

function environment(...names: string[]): Grant {
  return {
    flag: `--allow-env=${["NO_COLOR", "TERM", ...names].join(",")}`,
    reason: "colour, defaults, settings",
  };
}

/** The programs in the order in which they are compiled. */
export const PROGRAMS: readonly Program[] = [
  {
    binary: "docker-connector",
    entry: "server/main.ts",
    include: ["dataplane/worker.ts"],
    files: ["server/web/page"],
    copiedPackages: ["uplot/"],
    grants: [
      ...EVERY_PROGRAM,
      NETWORK,
      environment(
        "DOCKER_CONNECTOR_IMAGE",
        "DOCKER_CONFIG",
        "DOCKER_CONTEXT",
        "DOCKER_HOST",
        "HOME",
        "HOMEBREW_PREFIX",
        "SUDO_UID",
      ),
      {
        flag: "--allow-sys=uid",
        reason: "a killed run's record is believed only if this user wrote it",
      },
      {
        ...DARWIN_NETWORK,
        flag: `${DARWIN_PROGRAMS},/usr/bin/open`,
        reason: `${DARWIN_NETWORK.reason}; "docker-connector web" opens the status page`,
      },
      LINUX_RESOLVER,
      JOURNAL,
      ...TRUST_STORES,
    ],
  },
  {
    binary: "docker-connector-client",
    entry: "client/main.ts",
    include: ["dataplane/worker.ts"],
    grants: [
      ...EVERY_PROGRAM,
      NETWORK,
      environment(
        "DOCKER_CONNECTOR_ADDR",
        "DOCKER_CONNECTOR_CAPTURE",
        "DOCKER_CONNECTOR_CHAIN",
        "DOCKER_CONNECTOR_CONTROL",
        "DOCKER_CONNECTOR_HEARTBEAT",
        "DOCKER_CONNECTOR_HOST",
        "DOCKER_CONNECTOR_KEY",
        "DOCKER_CONNECTOR_MTU",
        "DOCKER_CONNECTOR_OFFLOAD",
        "DOCKER_CONNECTOR_PORT",
      ),
      {
        flag: "--allow-run=/usr/sbin/xtables-legacy-multi,/usr/sbin/xtables-nft-multi",
        reason: "rules in Docker's firewall; the files themselves, since a link to them is another path",
        os: "linux",
      },
    ],
  },
  {
    binary: "docker-accessor",
    entry: "accessor/main.ts",
    include: ["dataplane/worker.ts"],
    grants: [
      ...EVERY_PROGRAM,
      { ...NETWORK, reason: "the control socket", except: PACKAGED_RUNTIME.version },
      environment("DOCKER_ACCESSOR_TOKEN"),
      DARWIN_NETWORK,
      LINUX_RESOLVER,
      JOURNAL,
    ],
  },
];

/** The permission flags of one program, starting with those that no program goes without. */
export function permissionFlags(program: Program, build: Build): string[] {
  const system = build.target.includes("darwin") ? "darwin" : "linux";
  const grants = program.grants.filter(({ os = system, except, only = build.version }) =>
    os === system && except !== build.version && only === build.version
  );
  return ["--no-prompt", "--deny-import", ...joinValues(grants.map(({ flag }) => flag))];
}

/** Joins the values of flags of one name: Deno takes each name once. */
function joinValues(flags: readonly string[]): string[] {
  const values = Map.groupBy(flags.map((flag) => flag.split("=", 2)), ([name]) => name);
  return [...values].map(([name, found]) => [name, found.flatMap(([, value]) => value ?? []).join()])
    .map(([name, value]) => value === "" ? `${name}` : `${name}=${value}`);
}
