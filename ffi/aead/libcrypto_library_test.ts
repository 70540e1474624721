import assert from "node:assert/strict";
import { fileCalls } from "../file/open_file.ts";
import { PacketMemory } from "../libc/packet_memory.ts";
import { searchLibcrypto } from "./libcrypto_library.ts";
import { loadPacketCipher } from "./load_cipher.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

/** The library that a program on this machine would load, with links resolved; undefined without one. */
function installedPath(): string | undefined {
  for (const folder of [`/usr/lib/${Deno.build.arch}-linux-gnu`, "/usr/lib64", "/usr/lib"]) {
    try {
      return Deno.realPathSync(`${folder}/libcrypto.so.3`);
    } catch {
      // Another distribution's place.
    }
  }
  return undefined;
}

const installed = installedPath();
const withLibrary = { ignore: Deno.uid() !== 0 || installed === undefined };

/** Runs a test with a copy of the library in PREFIX/opt/openssl/lib, PREFIX being a folder of root's, as Homebrew has it. */
async function withCopy(body: (prefix: string, path: string) => Promise<void> | void): Promise<void> {
  const prefix = await Deno.makeTempDir({ dir: "/var/lib", prefix: "docker-connector-" });
  try {
    await Deno.mkdir(`${prefix}/Cellar/openssl/lib`, { recursive: true });
    await Deno.mkdir(`${prefix}/opt`);
    await Deno.symlink("../Cellar/openssl", `${prefix}/opt/openssl`);
    await Deno.copyFile(installed ?? "", `${prefix}/Cellar/openssl/lib/libcrypto.so.3`);
    for (const name of ["", "/Cellar", "/Cellar/openssl", "/Cellar/openssl/lib", "/opt"]) {
      await Deno.chmod(`${prefix}${name}`, 0o755);
    }
    await body(prefix, `${prefix}/opt/openssl/lib/libcrypto.so.3`);
  } finally {
    await Deno.remove(prefix, { recursive: true });
  }
}

Deno.test(
  "a library that only root can change is loaded (needs root)",
  withLibrary,
  () =>
    withCopy((_prefix, path) => {
      const found = searchLibcrypto(["/nowhere/libcrypto.so.3", path]);
      assert.ok("library" in found, JSON.stringify(found));
      found.library.close();
    }),
);

Deno.test(
  "one that a user could change is not, and it is said why (needs root)",
  withLibrary,
  () =>
    withCopy(async (prefix, path) => {
      await Deno.chown(`${prefix}/Cellar`, 501, 20);
      assert.deepEqual(searchLibcrypto([path, "/nowhere/libcrypto.so.3"]), {
        reason: `${path} is not loaded, since ${prefix}/Cellar belongs to user 501`,
      });
      await Deno.chown(`${prefix}/Cellar`, 0, 0);
      await Deno.chmod(path, 0o664);
      assert.match(
        JSON.stringify(searchLibcrypto([path])),
        /libcrypto\.so\.3 can be written by others than root/,
      );
    }),
);

Deno.test(
  "where there is none, or what is there is no libcrypto, that is said (needs root)",
  withLibrary,
  () =>
    withCopy(async (_prefix, path) => {
      const none = { reason: "no libcrypto of OpenSSL 3 that loads is in its usual places" };
      assert.deepEqual(searchLibcrypto([]), none);
      await Deno.writeTextFile(path, "no library");
      assert.deepEqual(searchLibcrypto([path]), none);
    }),
);

Deno.test("the cipher that is chosen is told why it is not libcrypto", async () => {
  const reasons: string[] = [];
  const found = searchLibcrypto();
  if ("library" in found) found.library.close();
  using cipher = await loadPacketCipher(
    new PacketMemory(1 << 20),
    1,
    "auto",
    (reason) => reasons.push(reason),
  );
  assert.deepEqual(reasons, "library" in found ? [] : [found.reason]);
  assert.equal(cipher.backend, "library" in found ? "libcrypto" : "wasm");
});

Deno.test("the look needs no permission but FFI, which is all that the Worker has", withLibrary, async () => {
  const url = new URL("libcrypto_library.ts", import.meta.url).href;
  const code = `import { searchLibcrypto } from "${url}"; const found = searchLibcrypto();` +
    `console.log("library" in found ? "library" : found.reason);`;
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/look.ts`, code);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--no-config", "--allow-ffi", `${folder}/look.ts`],
      stdout: "piped",
      stderr: "piped",
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "library\n", new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
