import { expect } from "bun:test";
import { type Patch, withNamespaces } from "../suite/bundle.ts";
import { diary, diaryOf, shell } from "../suite/hooks.ts";
import { must, section } from "../suite/requirement.ts";
import type { World } from "../suite/world.ts";

/** The runtime in a network of its own with a device, so that none of the host's is touched. */
function withDevice(c: World, more = ""): void {
  const script = `ip link set lo up; ip link add inro0 mtu 1400 type veth peer name peer0; ip addr add 10.77.0.5/24 dev inro0; ip addr add fd77::5/64 dev inro0 nodad; ${more} true`;
  c.beforehand(script, "--net");
}

const network = withNamespaces({ type: "network" });
const moved = (netDevices: Patch): Patch => ({ linux: { netDevices } });

/** config-linux.md: Network Devices, Namespace Lifecycle and Container Termination */
export const netDevices = [
  section("linux.net-devices", "Network Devices", {
    1: must(
      "**`netDevices`** (object, OPTIONAL) - A set of network devices that MUST be made available in the container.",
      async (c) => {
        withDevice(c, "ip link add inro1 type veth peer name peer1;");
        const wanted = moved({ inro0: {}, inro1: { name: "eth7" } });
        expect(await c.inside("ls /sys/class/net", network, wanted)).toBe("eth7\ninro0\nlo\n");
      },
    ),
    2: must(
      "The runtime MUST check if moving the network interface to the container namespace is possible.",
      async (c) => {
        withDevice(c);
        expect(await c.refused(network, moved({ nosuch0: {} }))).toContain("nosuch0");
        // Without a network namespace of the container's there is nowhere to move it to.
        expect(await c.refused(moved({ inro0: {} }))).toContain("netDevices");
      },
    ),
    3: must(
      "If a network device with the specified name already exists in the container namespace, the runtime MUST generate an error, unless the user has provided a template by appending `%d` to the new name.",
      async (c) => {
        withDevice(c);
        expect(await c.refused(network, moved({ inro0: { name: "lo" } }))).toContain("lo");
      },
    ),
    4: must(
      "In that case, the runtime MUST allow the move, and the kernel will generate a unique name for the interface within the container's network namespace.",
      async (c) => {
        withDevice(c, "ip link add inro1 type veth peer name peer1;");
        const wanted = moved({ inro0: { name: "eth%d" }, inro1: { name: "eth%d" } });
        expect(await c.inside("ls /sys/class/net", network, wanted)).toBe("eth0\neth1\nlo\n");
      },
    ),
    5: must(
      "The runtime MUST preserve existing network interface attributes, including all permanent IP addresses (IFA_F_PERMANENT flag) of any family with global scope (RT_SCOPE_UNIVERSE value) as defined in `RFC 3549 Section 2.3.3.2`.",
      async (c) => {
        withDevice(
          c,
          "ip addr add 169.254.7.7/16 scope link dev inro0; ip link set inro0 address 02:00:00:00:77:05;",
        );
        const said = await c.inside("ip addr show dev eth0", network, moved({ inro0: { name: "eth0" } }));
        expect(said).toMatch(/mtu 1400\b/);
        expect(said).toContain("link/ether 02:00:00:00:77:05");
        expect(said).toContain("inet 10.77.0.5/24");
        expect(said).toContain("inet6 fd77::5/64");
        expect(said).not.toContain("169.254.7.7");
      },
    ),
    6: must(
      'The runtime MUST set the network device state to "up" after moving it to the network namespace to allow the container to send and receive network traffic through that device.',
      async (c) => {
        withDevice(c);
        expect(await c.inside("ip link show dev inro0", network, moved({ inro0: {} }))).toMatch(
          /<.*\bUP\b.*>/,
        );
      },
    ),
  }),
  section("linux.net-devices.life", "Namespace Lifecycle and Container Termination", {
    1: must(
      "The runtime MUST NOT actively manage the interface's lifecycle and configuration *within* the container's network namespace.",
      async (c) => {
        withDevice(c);
        const power = {
          process: {
            capabilities: {
              bounding: ["CAP_NET_ADMIN"],
              permitted: ["CAP_NET_ADMIN"],
              effective: ["CAP_NET_ADMIN"],
            },
          },
        };
        const script =
          "ip link set inro0 down; ip addr flush dev inro0; ip link set inro0 mtu 1300; sleep 0.2; ip addr show dev inro0";
        const said = await c.inside(script, network, moved({ inro0: {} }), power);
        expect(said).toMatch(/mtu 1300\b/);
        expect(said).not.toMatch(/inet|<.*\bUP\b.*>/);
      },
    ),
    2: must(
      "The runtime **MUST NOT** attempt to move the interface out of the namespace before deletion.",
      async (c) => {
        withDevice(c);
        // The hook is in the runtime's network: a dummy device ends with the container's, where it stayed.
        const hooks = {
          poststop: [
            shell(`ls /sys/class/net >>${diaryOf(c)}; ip link show | grep -c inro0 >>${diaryOf(c)}`),
          ],
        };
        expect(await c.inside("ls /sys/class/net", network, moved({ inro0: {} }), { hooks })).toContain(
          "inro0",
        );
        expect(diary(c).at(-1)).toBe("0");
      },
    ),
  }),
];
