import { equalAddress, type IpAddress } from "../../core/net/address.ts";
import type { KernelRoute } from "../../core/reachability/break_place.ts";
import { errorText, SystemError } from "../../ffi/libc/errno.ts";
import { openUdpSocket } from "../../ffi/udp/udp_socket.ts";
import { isLack } from "../process/runtime_error.ts";

/** Any port: nothing is sent. */
const PORT = 9;

/**
 * Tells where the kernel would send packets to an address, with all its rules and tables: it chooses the source by the route. No
 * packet is sent.
 *
 * @param own this machine's addresses in the tunnel, which packets by every path have as their source
 * @throws {SystemError} where this system lacks descriptors or memory
 */
export async function kernelRoute(address: IpAddress, own: readonly IpAddress[]): Promise<KernelRoute> {
  const { family } = address;
  try {
    using socket = await openUdpSocket({
      address: { family, bytes: new Uint8Array(family === 4 ? 4 : 16) },
      port: 0,
    });
    socket.connect({ address, port: PORT });
    const { address: source } = socket.localEndpoint();
    return own.some((each) => equalAddress(each, source))
      ? { kind: "tunnel" }
      : { kind: "elsewhere", source };
  } catch (error) {
    if (error instanceof SystemError && !isLack(error)) {
      return { kind: "refused", state: errorText(error.errno) };
    }
    throw error;
  }
}
