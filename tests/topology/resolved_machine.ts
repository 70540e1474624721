/**
 * systemd-resolved as the resolver of a namespace, as on a desktop: its own bus, /run and /etc, and process 1 in that network.
 * The machine itself keeps its resolv.conf, since the packages are extracted and not installed.
 *
 * @module
 */
import { absenceOf, fetchedPackages } from "../../tools/debian/fetched_packages.ts";
import { ENGINE_NEEDS, type Needs } from "./gate.ts";
import type { Namespace } from "./namespace.ts";
import type { CommandOutcome, Process } from "./process.ts";
import { waitUntil } from "./wait.ts";

const packages = fetchedPackages("resolved-bookworm");

/** What a test with systemd-resolved and an Engine needs. */
export const RESOLVED_NEEDS: Needs = {
  programs: [...ENGINE_NEEDS.programs, "curl", "dbus-daemon", "systemctl"],
  packages: [...ENGINE_NEEDS.packages, "curl", "dbus-daemon", "systemd"],
  ...packages === undefined ? { absence: absenceOf("resolved-bookworm") } : {},
};

/** Everybody in the namespace may use the bus: the rules of the packages are about machines with other users. */
const BUS = `<busconfig>
<type>system</type>
<listen>unix:path=/run/dbus/system_bus_socket</listen>
<auth>EXTERNAL</auth>
<policy context="default">
<allow user="*"/> <allow own="*"/> <allow send_destination="*"/> <allow receive_sender="*"/>
</policy>
</busconfig>
`;

/**
 * $1 is the folder of the packages, $2 a folder that becomes /etc, $3 the bus's configuration. The shell becomes the bus, and
 * stands for process 1: of that, programs look at the network alone.
 */
const HOLD = `
set -e
root=$1 etc=$2 bus=$3
mount -t tmpfs none "$etc"
cp -a /etc/. "$etc"
mount --move "$etc" /etc
rm -f /etc/resolv.conf
ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
grep -q ^systemd-resolve: /etc/group || echo systemd-resolve:x:64990: >>/etc/group
grep -q ^systemd-resolve: /etc/passwd || echo systemd-resolve:x:64990:64990::/:/usr/sbin/nologin >>/etc/passwd
mount -t tmpfs none /run
mkdir -p /run/dbus /run/bin /run/systemd
mount --bind /usr/bin /run/bin
mount -t tmpfs none /usr/bin
/run/bin/cp -as /run/bin/. /usr/bin
rm -f /usr/bin/resolvectl
cp "$root/usr/bin/resolvectl" /usr/bin
for library in "$root"/usr/lib/*-linux-*/systemd; do mount --bind "$library" "\${library#"$root"}"; done
mount --bind /proc/$$ /proc/1
exec dbus-daemon --nofork --nopidfile --config-file="$bus"
`;

/** A namespace with systemd-resolved. Disposal ends both programs. */
export class ResolvedMachine implements AsyncDisposable {
  /** Put before a program, so that it runs on this machine; the program keeps the process's number. */
  readonly wrapper: readonly string[];
  #resolved: Process | undefined;

  private constructor(readonly namespace: Namespace, readonly bus: Process) {
    this.wrapper = ["nsenter", `--mount=/proc/${bus.pid}/ns/mnt`, "--"];
  }

  /**
   * Starts it and waits until it answers.
   *
   * @param folder of the test
   */
  static async start(namespace: Namespace, folder: string): Promise<ResolvedMachine> {
    const root = packages?.root ?? "";
    const own = `${folder}/resolved-${namespace.name}`;
    await Deno.mkdir(`${own}/etc`, { recursive: true });
    await Deno.chmod(own, 0o755);
    await Deno.writeTextFile(`${own}/bus.conf`, BUS);
    const hold = ["sh", "-c", HOLD, "hold", root, `${own}/etc`, `${own}/bus.conf`];
    const machine = new ResolvedMachine(namespace, namespace.spawn(["unshare", "--mount", ...hold]));
    try {
      await machine.#waitFor("the bus listens", machine.bus, ["test", "-S", "/run/dbus/system_bus_socket"]);
      machine.#resolved = namespace.spawn([...machine.wrapper, `${root}/lib/systemd/systemd-resolved`]);
      await machine.#waitFor("systemd-resolved answers", machine.#resolved, ["resolvectl", "status"]);
      return machine;
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs a command on this machine to its end, whatever its exit status. */
  run(...argv: string[]): Promise<CommandOutcome> {
    return this.namespace.run([...this.wrapper, ...argv]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resolved?.stop();
    await this.bus.stop();
  }

  async #waitFor(what: string, process: Process, argv: string[]): Promise<void> {
    await waitUntil(what, async () => {
      if (!process.running) throw new Error(`${process.argv.join(" ")} ended:\n${process.stderr.tail()}`);
      return (await this.run(...argv)).code === 0;
    });
  }
}
