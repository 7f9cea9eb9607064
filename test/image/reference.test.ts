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
    ["Debian", 'cannot use "Debian" as an image name: repository name (library/Debian) must be lowercase'],
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

const hex = "ff".repeat(32);

/** The cases that docker's own grammar is tested by (distribution/reference): what is a name, and what it says. */
describe("docker's own cases", () => {
  const valid: [text: string, domain: string, path: string, tag?: string][] = [
    ["test_com", "docker.io", "library/test_com"],
    ["test.com:tag", "docker.io", "library/test.com", "tag"],
    ["test.com:5000", "docker.io", "library/test.com", "5000"],
    ["test.com/repo:tag", "test.com", "repo", "tag"],
    ["test:5000/repo", "test:5000", "repo"],
    ["test:5000/repo:tag", "test:5000", "repo", "tag"],
    [`test:5000/repo@sha256:${hex}`, "test:5000", "repo"],
    [`test:5000/repo:tag@sha256:${hex}`, "test:5000", "repo", "tag"],
    ["lowercase:Uppercase", "docker.io", "library/lowercase", "Uppercase"],
    ["sub-dom1.foo.com/bar/baz/quux:some-long-tag", "sub-dom1.foo.com", "bar/baz/quux", "some-long-tag"],
    [
      "b.gcr.io/test.example.com/my-app:test.example.com",
      "b.gcr.io",
      "test.example.com/my-app",
      "test.example.com",
    ],
    ["xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com", "myimage", "xn--n3h.com"],
    [`xn--7o8h.com/myimage:xn--7o8h.com@sha512:${hex}${hex}`, "xn--7o8h.com", "myimage", "xn--7o8h.com"],
    ["foo_bar.com:8080", "docker.io", "library/foo_bar.com", "8080"],
    ["foo/foo_bar.com:8080", "docker.io", "foo/foo_bar.com", "8080"],
    ["192.168.1.1:5000", "docker.io", "library/192.168.1.1", "5000"],
    ["192.168.1.1:5000/repo:5050", "192.168.1.1:5000", "repo", "5050"],
    ["[2001:db8::1]/repo", "[2001:db8::1]", "repo"],
    ["[2001:db8:1:2:3:4:5:6]/repo:tag", "[2001:db8:1:2:3:4:5:6]", "repo", "tag"],
    ["[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000", "repo", "tag"],
    [
      "docker.io/1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a",
      "docker.io",
      "library/1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a",
    ],
    ["Docker/docker", "Docker", "docker"],
    [
      "thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev",
      "docker.io",
      "library/thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev",
    ],
    ["f00--bar/x__y", "docker.io", "f00--bar/x__y"],
    ["a-----------b/c", "docker.io", "a-----------b/c"],
  ];
  for (const [text, domain, path, tag] of valid)
    test(text, () => {
      const reference = parseReference(text);
      expect([reference.domain, reference.path, reference.tag]).toEqual([domain, path, tag]);
    });
  const invalid = [
    ...[":justtag", `@sha256:${hex}`, "repo@sha256:ffff", `validname@invaliddigest:${hex}`, "Uppercase:tag"],
    ...[
      "test:5000/Uppercase/lowercase:tag",
      `${"a/".repeat(128)}a:tag`,
      "aa/asdf$$^/aa",
      "https://github.com/docker/docker",
    ],
    ...[
      "[2001:db8::1]",
      "[2001:db8::1]:5000",
      "[2001:db8::1]:tag",
      "[fe80::1%eth0]:5000/repo",
      "docker/Docker",
    ],
    ...[
      "-docker",
      "-docker/docker",
      "-docker.io/docker/docker",
      "docker///docker",
      "docker.io/docker///docker",
    ],
    ...[
      "foo-/bar",
      "foo/-bar",
      "foo/bar-",
      "a..b",
      "a._b",
      "do__cker_/x",
      "_docker/_docker",
      "docker/docker.",
    ],
    ...["1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a"],
  ];
  for (const text of invalid)
    test(`no name: ${text.slice(0, 60)}`, () =>
      expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID" })));
});
