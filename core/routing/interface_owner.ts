/** Whose interfaces have names that begin so, where the name tells. A longer beginning stands before a shorter one. */
const OWNERS: readonly (readonly [name: RegExp, owner: string])[] = [
  [/^tailscale\d/, "Tailscale"],
  [/^(?:zt|feth)/, "ZeroTier"],
  [/^wg/, "WireGuard"],
  [/^(?:cscotun|gpd)\d/, "a company's VPN"],
  [/^(?:utun|ipsec|ppp|tun|tap|gif|stf|vpn)\d/, "a VPN"],
  [/^(?:docker\d|br-)/, "a Docker Engine on this machine"],
  [/^(?:vmenet|vmnet|virbr|vboxnet|bridge1\d\d)/, "a virtual machine's network"],
  [/^(?:en|eth|eno|ens|enp|wl|lan)/, "this machine's own network"],
];

/**
 * Names an interface with the program that has most likely made it, for people.
 *
 * Names are by default those of Linux drivers and of macOS (tailscale0, wg0, utun4, bridge100); a program may choose another.
 */
export function describeInterface(name: string): string {
  const owner = OWNERS.find(([pattern]) => pattern.test(name))?.[1];
  return owner === undefined ? name : `${name} (${owner})`;
}
