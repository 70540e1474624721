/** Milliseconds after an error, such as too many open files, before the next connection is taken. */
const PAUSE_MS = 100;

/**
 * Takes connections until the listener is closed.
 *
 * @param onConnection owns the connection; must not throw
 */
export async function acceptConnections(
  listener: Deno.Listener<Deno.TcpConn>,
  onConnection: (connection: Deno.TcpConn) => void,
): Promise<void> {
  for (;;) {
    try {
      onConnection(await listener.accept());
    } catch (error) {
      // A closed listener is told by either, depending on whether it was waited for.
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
