/**
 * Removal of a topology, whether its owner disposes it, fails, is interrupted or is killed: a shell outside the
 * terminal's process group waits for the end of its standard input and then removes everything.
 *
 * @module
 */

/**
 * $1 is the name prefix of the network namespaces, $2 the scratch folder. The processes inside a namespace are asked
 * to end, after 2 s made to; then the namespace goes, and with it its links. A killed owner's children live on
 * inside the namespaces, which is why the processes are looked up there instead of being remembered.
 *
 * Containers have network namespaces of their own, and outlive their Engine and its shims when those are killed. They are
 * known by the scratch folder, which holds their root: it stands in the line of that mount. Other mounts do not tell, since
 * an Engine of another test has copies of this one's. Nobody is left to remove their cgroups either. What a test has mounted
 * below the scratch folder is unmounted before that goes.
 */
const SCRIPT = `
trap '' INT TERM HUP
while read -r _; do :; done
namespaces=$(ip netns list | cut -d' ' -f1 | grep "^$1-")
pids() { for name in $namespaces; do ip netns pids "$name"; done; }
for pid in $(pids); do kill -TERM "$pid"; done 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -z "$(pids)" ] && break
  sleep 0.1
done
for pid in $(pids); do kill -KILL "$pid"; done 2>/dev/null
for mounts in $(grep -lsF "$2/" /proc/[0-9]*/mountinfo); do
  process=\${mounts%/mountinfo}
  grep -E '^([^ ]+ ){4}/ ' "$mounts" | grep -qF "$2/" || continue
  groups="$groups $(cut -d: -f2- "$process/cgroup" | sed 's/^name=//; s,:,,')"
  kill -KILL "\${process#/proc/}"
  while [ -e "$process/exe" ]; do sleep 0.01; done
done 2>/dev/null
for group in $groups; do
  case $group in */docker/*) rmdir "/sys/fs/cgroup/$group" ;; esac
done 2>/dev/null
status=0
for name in $namespaces; do ip netns delete "$name" || status=1; done
while read -r _ point _; do
  case $point in "$2"/*) umount -l "$point" ;; esac
done </proc/self/mounts
rm -rf "$2"
exit $status
`;

/** Owns every namespace whose name begins with a prefix, and one scratch folder. */
export class Reaper implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  /**
   * @param prefix of the namespaces' names; a dash follows it in each
   * @param folder removed with all it holds
   */
  constructor(prefix: string, folder: string, path: string) {
    // Deno kills its direct children when it ends in an orderly way, so the shell is a grandchild.
    this.#child = new Deno.Command("setsid", {
      args: ["--fork", "--wait", "sh", "-c", SCRIPT, "reaper", prefix, folder],
      stdin: "piped",
      stdout: "null",
      stderr: "inherit",
      env: { PATH: path },
    }).spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    const status = await this.#child.status;
    if (!status.success) throw new Error("Cannot remove every network namespace: see ip netns list");
  }
}
