/**
 * What installing would have made in a folder of extracted packages, so that Podman runs with that folder as its root.
 *
 * @module
 */
import { join } from "node:path";

/** Podman of the test takes any image: each is made by the test itself. */
const POLICY = '{"default":[{"type":"insecureAcceptAnything"}]}\n';

const FILES: Readonly<Record<string, string>> = {
  "etc/containers/policy.json": POLICY,
  "etc/group": "root:x:0:\n",
  "etc/hosts": "127.0.0.1 localhost\n",
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
  "etc/resolv.conf": "",
};

/** Programs that update-alternatives would have linked. */
const LINKS: Readonly<Record<string, string>> = {
  "usr/sbin/ip6tables": "xtables-nft-multi",
  "usr/sbin/iptables": "xtables-nft-multi",
};

/** Completes the root folder of Podman. */
export async function completePodmanRoot(root: string): Promise<void> {
  await Deno.mkdir(join(root, "etc/containers"), { recursive: true });
  for (const [path, text] of Object.entries(FILES)) await Deno.writeTextFile(join(root, path), text);
  for (const [path, target] of Object.entries(LINKS)) await Deno.symlink(target, join(root, path));
}
