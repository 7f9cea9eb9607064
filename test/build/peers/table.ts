/** Small Dockerfiles that every builder knows, or those that are named. */
import { gzipSync } from "node:zlib";
import { tar } from "../../image/fixtures.ts";
import type { Files } from "../building.ts";

export type Builder = "classic" | "buildkit" | "podman";

export interface Case {
  readonly name: string;
  readonly file: readonly string[];
  readonly files?: Files;
  /** Words of the command line beside the context. */
  readonly words?: readonly string[];
  /** Those that do not know what is in it. */
  readonly unknown?: readonly Builder[];
  /** What theirs has otherwise. */
  readonly differs?: Partial<Record<Builder, Difference>>;
}

export interface Difference {
  readonly why: string;
  readonly lines: readonly string[];
}

const tree = { "src/a.txt": "a\n", "src/b.md": "b\n", "src/x/c.txt": "c\n", "src/x/y/d.txt": "d\n" };
const base = "FROM localhost/busybox";
const archive = gzipSync(
  tar(
    { name: "in/", mode: 0o750, uid: 3, gid: 4 },
    { name: "in/f", content: "of the archive\n", mode: 0o640, uid: 5, gid: 6 },
    { name: "in/s", type: "symlink", linkName: "f" },
    { name: "in/h", type: "hardlink", linkName: "in/f", mode: 0o640, uid: 5, gid: 6 },
  ),
);

export const cases: readonly Case[] = [
  {
    name: "ENV",
    file: [
      base,
      "ENV A=\"John Doe\" B=Rex\\ The\\ Dog C='$A' D=$A",
      "ENV ONE TWO= THREE",
      "ENV PATH=$PATH:/more E=${none:-d} F=${A:+x}",
    ],
  },
  {
    name: "ARG",
    file: [
      "ARG TAG=latest",
      `${base}:$TAG`,
      "ARG A=1",
      "ARG B",
      "ENV X=$A Y=${B:-none}",
      "ARG X=later",
      "LABEL x=$X a=$A",
    ],
    words: ["--build-arg", "A=2"],
    differs: {
      buildkit: {
        why: "that of Docker 20 lets a later ARG hide ENV, which the reference says always wins",
        lines: ['Labels: {"a":"2","x":"2"}, theirs {"a":"2","x":"later"}'],
      },
    },
  },
  {
    name: "LABEL",
    file: [
      base,
      'LABEL "com.example.vendor"="ACME Incorporated" version=1 \\',
      '  description="spans \\',
      'lines"',
      "LABEL version=2",
      "LABEL old style value",
    ],
    words: ["--label", "of=build"],
  },
  { name: "ENTRYPOINT and CMD, exec form", file: [base, 'ENTRYPOINT ["echo", "e\\t"]', 'CMD ["c"]'] },
  { name: "ENTRYPOINT and CMD, shell form", file: [base, "ENTRYPOINT exec echo $A", "CMD a  b"] },
  {
    name: "ENTRYPOINT after the base's CMD",
    file: [`${base} AS a`, 'CMD ["of", "base"]', "FROM a", 'ENTRYPOINT ["echo"]'],
  },
  { name: "CMD before ENTRYPOINT", file: [base, "CMD one", 'ENTRYPOINT ["echo"]'] },
  {
    name: "an empty ENTRYPOINT and CMD",
    file: [`${base} AS a`, 'ENTRYPOINT ["x"]', 'CMD ["y"]', "FROM a", "ENTRYPOINT []", "CMD []"],
  },
  {
    name: "SHELL",
    file: [base, 'SHELL ["/bin/sh", "-xc"]', "RUN echo $0 > /shell", "CMD echo a"],
    differs: {
      podman: {
        why: "its SHELL is for RUN alone",
        lines: ['Cmd: ["/bin/sh","-xc","echo a"], theirs ["/bin/sh","-c","echo a"]'],
      },
    },
  },
  {
    name: "USER",
    file: [
      base,
      "COPY passwd group /etc/",
      "RUN mkdir -m 777 /out",
      "USER web",
      "RUN id -u > /out/id; id -g >> /out/id",
      "COPY f /f",
      "WORKDIR /made",
      "USER 7:8",
    ],
    files: {
      passwd: "root:x:0:0::/root:/bin/sh\nweb:x:5:6::/home/web:/bin/sh\n",
      group: "root:x:0:\nweb:x:6:\n",
      f: "",
    },
    differs: {
      classic: {
        why: "a folder that WORKDIR makes is root's; BuildKit's is the user's, and so is ours",
        lines: ["/made: directory 0755 5:6, theirs directory 0755 0:0"],
      },
      podman: {
        why: "it makes a working directory when something is done there",
        lines: ["/made: directory 0755 5:6, theirs nothing"],
      },
    },
  },
  {
    name: "WORKDIR",
    file: [
      base,
      "ENV D=/path",
      "WORKDIR /a",
      "WORKDIR b/../c",
      "WORKDIR $D/x",
      "RUN pwd > pwd",
      "COPY f rel/",
    ],
    files: { f: "" },
    differs: {
      podman: {
        why: "it makes a working directory when something is done there",
        lines: ["/a/c: directory 0755 0:0, theirs nothing", "/a: directory 0755 0:0, theirs nothing"],
      },
    },
  },
  { name: "VOLUME", file: [base, 'VOLUME ["/a b", "/c"]', "VOLUME /d /e"] },
  { name: "files in a VOLUME before it is one", file: [base, "RUN mkdir /v; echo kept > /v/f", "VOLUME /v"] },
  {
    name: "EXPOSE",
    file: [base, "ENV P=90", "EXPOSE 80 81/udp $P/tcp", "EXPOSE 100-102"],
    differs: {
      podman: {
        why: "it keeps a range as it was written",
        lines: [
          'ExposedPorts: {"100/tcp":{},"101/tcp":{},"102/tcp":{},"80/tcp":{},"81/udp":{},"90/tcp":{}}, theirs {"100-102/tcp":{},"80/tcp":{},"81/udp":{},"90/tcp":{}}',
        ],
      },
    },
  },
  {
    name: "HEALTHCHECK",
    file: [
      base,
      "HEALTHCHECK --interval=5m --timeout=3s --start-period=90s --retries=2 CMD test -e /up || exit 1",
    ],
  },
  { name: "HEALTHCHECK, exec form", file: [base, 'HEALTHCHECK CMD ["/bin/true", "x"]'] },
  { name: "HEALTHCHECK NONE", file: [`${base} AS a`, "HEALTHCHECK CMD a", "FROM a", "HEALTHCHECK NONE"] },
  { name: "ONBUILD", file: [base, "ONBUILD COPY . /src", "ONBUILD RUN echo  later"] },
  {
    name: "ONBUILD that is executed",
    file: [`${base} AS a`, "ONBUILD ENV A=1", "ONBUILD COPY f /f", "FROM a", "ENV B=$A"],
    files: { f: "x" },
  },
  {
    name: "STOPSIGNAL and MAINTAINER",
    file: [base, "MAINTAINER Some One <one@example.org>", "STOPSIGNAL SIGUSR1"],
  },
  { name: "scratch", file: ["FROM scratch", "COPY f /bin/f", "COPY src /src/"], files: { ...tree, f: "x" } },
  {
    name: "COPY of files",
    file: [base, "COPY f /abs", "COPY f /folder/", "COPY f src/a.txt /two/"],
    files: { ...tree, f: "x" },
  },
  {
    name: "COPY of folders",
    file: [base, "COPY src /a", "COPY src/ /b/", "COPY . /c", "COPY src/x src/x/y /d/"],
    files: tree,
  },
  {
    name: "COPY by patterns",
    file: [base, "COPY src/*.txt src/?.md /p/", "COPY s* /q/"],
    files: { ...tree, "arr[0].txt": "" },
  },
  {
    name: "COPY of names with spaces",
    file: [base, 'COPY ["a b", "c d/", "/to there/"]'],
    files: { "a b": "1", "c d/e": "2" },
  },
  {
    name: "COPY --chown",
    file: [
      base,
      "COPY passwd group /etc/",
      "COPY --chown=55 f /n1/n2/f",
      "COPY --chown=web:staff src /src",
      "COPY --chown=5:6 f /f",
    ],
    files: { ...tree, f: "", passwd: "web:x:5:6::/:/bin/sh\n", group: "staff:x:50:\n" },
  },
  {
    name: "COPY --chmod",
    file: [base, "COPY --chmod=640 f /f", "COPY --chmod=0711 src /src"],
    files: { ...tree, f: "" },
    unknown: ["classic"],
  },
  {
    name: "COPY over what is there",
    file: [
      base,
      "RUN mkdir -p /d/x /real; echo old > /d/a.txt; echo kept > /d/x/k; busybox ln -s /real /link; busybox chmod 700 /d; busybox chown 3:4 /d",
      "COPY src /d",
      "COPY src/a.txt /link/",
    ],
    files: tree,
  },
  {
    name: "COPY --from a stage",
    file: [
      `${base} AS made`,
      "RUN mkdir -p /d/e; echo 1 > /d/f; busybox ln -s f /d/s; busybox ln /d/f /d/h; busybox chown -R 3:4 /d; busybox chmod 750 /d/e",
      "FROM scratch",
      "COPY --from=made /d /d",
      "COPY --from=0 d/f /f",
    ],
  },
  {
    name: "ADD of archives",
    file: [base, "ADD some.tar.gz /d/", "ADD some.tar.gz f /e/", "COPY some.tar.gz /"],
    files: { "some.tar.gz": archive, f: "" },
  },
  {
    name: "ADD of files and folders",
    file: [base, "ADD src /d", "ADD f /f", "ADD --chown=5:6 src/a.txt /g/"],
    files: { ...tree, f: "" },
  },
  {
    name: "what RUN writes and removes",
    file: [
      base,
      "RUN mkdir /d /gone; echo 1 > /d/f; echo 2 > /gone/f; busybox mkfifo /d/p; busybox chmod 4755 /d/f; busybox chmod 1777 /d",
      "RUN rm -r /gone /etc; mkdir /etc; echo 3 >> /d/f",
    ],
  },
  {
    name: ".dockerignore",
    file: [base, "COPY . /all"],
    files: {
      ...tree,
      hidden: "",
      kept: "",
      ".dockerignore": "# comment\nhidden\n**/*.txt\n!src/x/c.txt\nDockerfile\n.dockerignore\n",
    },
  },
  {
    name: "a target",
    file: [`${base} AS a`, "LABEL is=a", "FROM a AS b", "LABEL is=b", `${base} AS c`, "RUN exit 1"],
    words: ["--target", "b"],
  },
  {
    name: "RUN --mount",
    file: [
      base,
      "RUN --mount=target=/ctx cat /ctx/f > /copied",
      "RUN --mount=type=tmpfs,target=/t touch /t/x",
    ],
    files: { f: "x" },
    unknown: ["classic"],
    differs: {
      buildkit: {
        why: "it keeps the folders that it has made for mounts",
        lines: ["/ctx: nothing, theirs directory 0755 0:0", "/t: nothing, theirs directory 0755 0:0"],
      },
    },
  },
  {
    name: "the escape directive",
    file: ["# escape=`", base, "RUN echo a `", "  b 'c:\\' > /f", "ENV A=`$A B=\\x"],
    differs: {
      podman: {
        why: "it escapes by the backslash, whatever the directive says",
        lines: ['Env: ["A=$A","B=\\\\x","PATH=/bin"], theirs ["A=`","B=x","PATH=/bin"]'],
      },
    },
  },
  {
    name: "COPY of what lies above the context",
    file: [base, "COPY ../f /out"],
    files: { f: "x" },
    unknown: ["classic"],
  },
  {
    name: "COPY of a name with brackets",
    file: [base, "COPY arr[[]0].txt /r/"],
    files: { "arr[0].txt": "x", arr0: "" },
    unknown: ["podman"],
  },
  {
    name: "a stage's name in other letters",
    file: [`${base} AS Made`, "LABEL a=b", "FROM MADE"],
    unknown: ["buildkit", "podman"],
  },
];
