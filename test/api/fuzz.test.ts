import { expect, test } from "bun:test";
import { askedContainer } from "../../src/api/ask/container.ts";
import { askedExec } from "../../src/api/ask/exec.ts";
import { asked } from "../../src/api/asked.ts";
import { credentials } from "../../src/api/images/auth.ts";
import { parseDetachKeys } from "../../src/api/join.ts";
import { matcher, targetOf } from "../../src/api/match.ts";
import { filters, integer, time, windowSize } from "../../src/api/query.ts";
import { routes } from "../../src/api/routes.ts";
import { statusOf } from "../../src/api/status.ts";
import { random } from "./random.ts";

const words = [
  ...[
    "",
    "a",
    "/a:/b:ro",
    "80/tcp",
    "1-2/udp",
    "host",
    "container:x",
    "seccomp={",
    "no-new-privileges=x",
    "\0",
  ],
  ...[
    "__proto__",
    "constructor",
    "c 1:3 rwm",
    "on-failure",
    "bind",
    "volume",
    "tmpfs",
    "max-size",
    "../..",
    "é",
    "%ff",
  ],
  ...[
    "ctrl-p,ctrl-q",
    "ctrl-",
    "2026-11-24T02:00:00Z",
    "1.5",
    "-1",
    "9".repeat(30),
    '{"a":[1]}',
    "[]",
    "/v1.43/x",
  ],
];

const fields = [
  ...["Image", "Cmd", "Entrypoint", "Env", "Labels", "Volumes", "ExposedPorts", "Healthcheck", "Test", "Tty"],
  ...["HostConfig", "Binds", "Mounts", "Tmpfs", "Type", "Source", "Target", "BindOptions", "VolumeOptions"],
  ...[
    "TmpfsOptions",
    "Options",
    "Mode",
    "PortBindings",
    "80/tcp",
    "HostIp",
    "HostPort",
    "Memory",
    "PidsLimit",
  ],
  ...[
    "SecurityOpt",
    "LogConfig",
    "Config",
    "RestartPolicy",
    "Name",
    "MaximumRetryCount",
    "Ulimits",
    "Devices",
  ],
  ...[
    "PathOnHost",
    "ConsoleSize",
    "OomScoreAdj",
    "NetworkMode",
    "NetworkingConfig",
    "EndpointsConfig",
    "IPAMConfig",
  ],
  ...["DeviceRequests", "ExtraHosts", "Sysctls", "DetachKeys", "auth", "username", "__proto__"],
];

function value(next: () => number, depth: number): unknown {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
  const simple = [
    null,
    true,
    false,
    0,
    -1,
    1.5,
    2 ** 53,
    1e300,
    65536,
    pick(words),
    pick(words),
    pick(words),
  ];
  if (depth === 0 || next() < 0.4) return pick(simple);
  const length = Math.floor(next() * 5);
  if (next() < 0.4) return Array.from({ length }, () => value(next, depth - 1));
  const entries = Array.from({ length }, () => [pick(fields), value(next, depth - 1)]);
  return JSON.parse(JSON.stringify(Object.fromEntries(entries)));
}

/** Whatever is asked, the answer is a value or a failure of the client's. */
function total(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (statusOf(error) < 400 || statusOf(error) > 499) throw error;
  }
}

test("no body of a request is a failure of the server's", () => {
  const next = random(1);
  for (let round = 0; round < 20_000; round++) {
    const body = value(next, 4);
    const named =
      typeof body === "object" && body !== null && !Array.isArray(body) ? { Image: "a", ...body } : body;
    total(() => askedContainer(asked(named), () => []));
    total(() => askedExec(asked(body)));
    total(() => credentials(asked(body)));
  }
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test("nor is any path or parameter", () => {
  const next = random(2);
  const find = matcher(routes);
  for (let round = 0; round < 20_000; round++) {
    const word = () => String(value(next, 0));
    total(() => find("GET", targetOf(`/${word()}/${word()}/json`).path));
    const query = new URLSearchParams({ n: word(), t: word(), filters: word(), h: word(), w: word() });
    total(() => integer(query, "n"));
    total(() => time(query, "t"));
    total(() => filters(query));
    total(() => windowSize(query));
    total(() => parseDetachKeys(word()));
  }
});
