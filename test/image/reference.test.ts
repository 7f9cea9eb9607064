import { describe, expect, test } from "bun:test";
import { familiarName, formatReference, parseReference, withDefaultTag } from "../../src/oci/reference.ts";

const digest = `sha256:${"a1".repeat(32)}`;

describe("a name is read as docker reads it", () => {
  const names: [text: string, full: string, familiar: string][] = [
    ["debian", "docker.io/library/debian:latest", "debian:latest"],
    ["debian:bookworm", "docker.io/library/debian:bookworm", "debian:bookworm"],
    ["docker.io/debian", "docker.io/library/debian:latest", "debian:latest"],
    ["index.docker.io/library/debian", "docker.io/library/debian:latest", "debian:latest"],
    ["grafana/grafana", "docker.io/grafana/grafana:latest", "grafana/grafana:latest"],
    ["localhost/hello", "localhost/hello:latest", "localhost/hello:latest"],
    [
      "localhost:5000/a/b_c__d-e.f:V1.0_x",
      "localhost:5000/a/b_c__d-e.f:V1.0_x",
      "localhost:5000/a/b_c__d-e.f:V1.0_x",
    ],
    ["127.0.0.1:5000/debian:bookworm", "127.0.0.1:5000/debian:bookworm", "127.0.0.1:5000/debian:bookworm"],
    ["[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"],
    ["ghcr.io/Org".toLowerCase(), "ghcr.io/org:latest", "ghcr.io/org:latest"],
    [`debian@${digest}`, `docker.io/library/debian@${digest}`, `debian@${digest}`],
    [`debian:12@${digest}`, `docker.io/library/debian:12@${digest}`, `debian:12@${digest}`],
  ];
  for (const [text, full, familiar] of names) {
    test(text, () => {
      const reference = withDefaultTag(parseReference(text));
      expect(formatReference(reference)).toBe(full);
      expect(familiarName(reference)).toBe(familiar);
      expect(withDefaultTag(parseReference(full))).toEqual(reference);
    });
  }
});

describe("what is no name is refused with the part that is wrong", () => {
  const wrong: [text: string, why: string][] = [
    ["", "the name is empty"],
    [
      "Debian",
      'cannot use "Debian" as an image name: "Debian" has capital letters (repository names are lower case)',
    ],
    ["debian:", '"" is no tag'],
    ["debian:-x", '"-x" is no tag'],
    [`debian:${"x".repeat(129)}`, "is no tag"],
    ["a//b", "a part of the name is empty"],
    ["a/../b", '".." is no part'],
    ["-a", '"-a" is no part'],
    ["a___b", '"a___b" is no part'],
    ["debian@sha256:abc", "what follows @ is no digest"],
    ["f".repeat(64), "64 hexadecimal digits"],
    [`localhost/${"a".repeat(250)}`, "longer than 255"],
    ["host:port/x", "no registry's host name"],
    ["debian\n", "is no part"],
  ];
  for (const [text, why] of wrong) {
    test(JSON.stringify(text.slice(0, 40)), () => expect(() => parseReference(text)).toThrow(why));
  }
});
