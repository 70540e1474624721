/**
 * TCP connections that stay open: `serve PORT` answers each line with the same one; `hold HOST PORT COUNT` opens so many,
 * asks on each, and then again on all at once for each line of standard input. Each prints events as JSON lines.
 *
 * @module
 */

/** Milliseconds in which all have to answer. */
const ANSWER_LIMIT = 15_000;

function print(event: Record<string, unknown>): void {
  console.log(JSON.stringify(event));
}

async function serve(port: number): Promise<void> {
  using listener = Deno.listen({ hostname: "::", port });
  print({ event: "listening" });
  for await (const connection of listener) {
    void connection.readable.pipeTo(connection.writable).catch(() => {});
  }
}

/** Whether the connection gives back what is written to it. */
async function answers(connection: Deno.TcpConn, text: string): Promise<boolean> {
  const sent = new TextEncoder().encode(text);
  const buffer = new Uint8Array(sent.length);
  try {
    for (let at = 0; at < sent.length;) at += await connection.write(sent.subarray(at));
    for (let at = 0; at < buffer.length;) {
      const length = await connection.read(buffer.subarray(at));
      if (length === null) return false;
      at += length;
    }
  } catch {
    return false;
  }
  return new TextDecoder().decode(buffer) === text;
}

async function countAnswers(connections: readonly Deno.TcpConn[], round: number): Promise<number> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), ANSWER_LIMIT);
  const all = connections.map((connection, index) =>
    Promise.race([answers(connection, `${round} ${index}\n`), late.promise])
  );
  const count = (await Promise.all(all)).filter((answered) => answered).length;
  clearTimeout(timer);
  return count;
}

async function hold(hostname: string, port: number, count: number): Promise<void> {
  const connections: Deno.TcpConn[] = [];
  for (let index = 0; index < count; index++) connections.push(await Deno.connect({ hostname, port }));
  let round = 0;
  print({ event: "answered", round, count: await countAnswers(connections, round) });
  for await (const _line of Deno.stdin.readable) {
    print({ event: "answered", round: ++round, count: await countAnswers(connections, round) });
  }
  Deno.exit(0);
}

const [command, ...args] = Deno.args;
if (command === "serve") await serve(Number(args[0]));
else await hold(args[0] ?? "", Number(args[1]), Number(args[2]));
