import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";

/** Milliseconds that a connection on this machine may take. */
const TIMEOUT_MS = 1_000;

/** Whether a program listens at a TCP port; nothing is sent. */
export async function accepts(address: IpAddress, port: number): Promise<boolean> {
  const connecting = Deno.connect({ hostname: formatAddress(address), port }).then((connection) => {
    connection.close();
    return true;
  }, () => false);
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  using _timer = SYSTEM_CLOCK.after(TIMEOUT_MS, () => resolve(false));
  return await Promise.race([connecting, late]);
}
