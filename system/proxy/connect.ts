/**
 * Connects by TCP within a time.
 *
 * @throws {Error} as Deno.connect, and Deno.errors.TimedOut
 */
export async function connectWithin(
  hostname: string,
  port: number,
  milliseconds: number,
): Promise<Deno.TcpConn> {
  const connecting = Deno.connect({ hostname, port });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Deno.errors.TimedOut(`no answer within ${milliseconds / 1000} s`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([connecting, timeout]);
  } catch (error) {
    // One that comes later has nobody who would close it.
    void connecting.then((connection) => connection.close(), () => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Closes what may be closed already. */
export function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch {
    // Closed before.
  }
}
