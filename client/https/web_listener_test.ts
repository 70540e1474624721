import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { makeAuthority, signLeaf } from "../../core/https/certificate.ts";
import { certificatePem } from "../../core/https/pem.ts";
import { prefix } from "../../tests/literals.ts";
import { WebListener } from "./web_listener.ts";

const LOOPBACK = { family: 4, bytes: Uint8Array.of(127, 0, 0, 1) } as const;

/** A listener for a web server at loopback, and a certificate for a name that leads there. */
function listen(port: number, network: string): { listener: WebListener; authority: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  const authority = makeAuthority("localhost", Date.now());
  const listener = new WebListener({
    target: { address: LOOPBACK, port },
    network: prefix(network),
    certificate: certificatePem(signLeaf(authority, ["localhost"], key, Date.now())),
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    onUnreached: () => {},
  });
  return { listener, authority: certificatePem(authority.certificate) };
}

Deno.test("an answer without an end does not keep the program from its end", async () => {
  const origin = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(8)) })),
  );
  const { listener, authority } = listen(origin.addr.port, "127.0.0.1/8");
  using client = Deno.createHttpClient({ caCerts: [authority] });
  const answer = await fetch(`https://localhost:${listener.endpoint.port}/`, { client });
  const reader = answer.body?.getReader();
  assert.equal((await reader?.read())?.value?.length, 8);
  listener[Symbol.dispose]();
  await reader?.read().catch(() => {});
  await reader?.cancel().catch(() => {});
  await origin.shutdown();
});

Deno.test("a web server that is down is told of over TLS too", async () => {
  const { listener, authority } = listen(9, "127.0.0.1/32");
  const ask = async (port: number, host: string, ca: string) => {
    using client = Deno.createHttpClient({ caCerts: [ca] });
    const answer = await fetch(`https://${host}:${port}/`, { client });
    await answer.body?.cancel();
    return answer.status;
  };
  assert.equal(await ask(listener.endpoint.port, "localhost", authority), 502);
  listener[Symbol.dispose]();
});

Deno.test("a listener that is closed lets an answer come to its end, and can be ended then", async () => {
  const { promise: more, resolve: send } = Promise.withResolvers<void>();
  const origin = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(new Uint8Array(8));
            await more;
            controller.enqueue(new Uint8Array(8));
            controller.close();
          },
        }),
      ),
  );
  const { listener, authority } = listen(origin.addr.port, "127.0.0.1/8");
  {
    using client = Deno.createHttpClient({ caCerts: [authority] });
    const answer = await fetch(`https://localhost:${listener.endpoint.port}/`, { client });
    const reader = answer.body?.getReader();
    assert.equal((await reader?.read())?.value?.length, 8);
    listener.close();
    listener[Symbol.dispose]();
    send();
    assert.equal((await reader?.read())?.value?.length, 8);
    assert.equal((await reader?.read())?.done, true);
  }
  await origin.shutdown();
});
