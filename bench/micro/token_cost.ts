/**
 * What one guess of a token and one handshake cost: `deno run -A bench/micro/token_cost.ts`. Prints medians in milliseconds.
 *
 * @module
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { deriveTokenKeys } from "../../core/token/token_keys.ts";
import { PrivateKey } from "../../core/wireguard/x25519.ts";
import { scrypt } from "../../system/process/scrypt.ts";

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

async function report(name: string, runs: number, run: () => unknown): Promise<void> {
  await run();
  const times: number[] = [];
  for (let count = 0; count < runs; count++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(`${name}: ${times[runs >> 1]?.toFixed(3)} ms`);
}

await report("keys of a token (one scrypt of 16 MiB)", 15, () => deriveTokenKeys("a token", scrypt));
await report("public key (one X25519)", 200, () => new PrivateKey(random(32)).publicKey);
const [key, nonce, packet] = [random(32), random(12), random(1400)];
await report("seal 1400 octets by @noble/ciphers", 2000, () => chacha20poly1305(key, nonce).encrypt(packet));
