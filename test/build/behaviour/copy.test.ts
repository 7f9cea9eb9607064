import { gzipSync } from "node:zlib";
import { tar } from "../../image/fixtures.ts";
import { describeRules } from "./rules.ts";

const tree = { "src/a.txt": "a\n", "src/b.md": "b\n", "src/x/c.txt": "c\n", "src/x/y/d.txt": "d\n" };
const tarGz = (name: string, content: string) => gzipSync(tar({ name, content }));
const find = (where: string) => `RUN cd ${where} && busybox find . -type f | busybox sort`;

describeRules("COPY and ADD", {
  "source and destination": [
    {
      that: "a file becomes the destination, or goes into it where that ends with a slash",
      file: ["COPY f /abs", "COPY f /abs2/", find("/abs2"), "RUN cat /abs"],
      files: { f: "text\n" },
      prints: "./f\ntext\n",
    },
    {
      that: "a folder's content is copied, not the folder",
      file: ["COPY src /dst", find("/dst")],
      files: tree,
      prints: "./a.txt\n./b.md\n./x/c.txt\n./x/y/d.txt\n",
    },
    {
      that: "a slash after a source means nothing",
      file: ["COPY src/ /dst", find("/dst")],
      files: tree,
      prints: "./a.txt\n./b.md\n./x/c.txt\n./x/y/d.txt\n",
    },
    {
      that: "a source cannot leave the context: leading slashes and .. are dropped",
      file: ["COPY /f ../../f2 /d/", find("/d")],
      files: { f: "", f2: "" },
      prints: "./f\n./f2\n",
    },
    {
      that: "a relative destination is below the working directory, with all folders made",
      file: ["WORKDIR /usr/src/app", "COPY f rel/deep/", find("/usr/src/app")],
      files: { f: "" },
      prints: "./rel/deep/f\n",
    },
    {
      that: "several sources go into a folder",
      file: ["COPY f g /d/", find("/d")],
      files: { f: "", g: "" },
      prints: "./f\n./g\n",
    },
    {
      that: "a folder is merged with one that is there, file by file",
      file: [
        "RUN mkdir -p /d/x; echo old > /d/a.txt; echo kept > /d/x/kept",
        "COPY src /d",
        "RUN cat /d/a.txt /d/x/kept /d/x/c.txt",
      ],
      files: tree,
      prints: "a\nkept\nc\n",
    },
    {
      that: "a destination in a folder that is a link goes where the link leads",
      file: [
        "RUN mkdir /real; busybox ln -s /real /link",
        "COPY f /link/",
        "RUN cat /real/f; readlink /link",
      ],
      files: { f: "text\n" },
      prints: "text\n/real\n",
    },
    {
      that: "JSON holds names with spaces",
      file: ['COPY ["a file", "/with space/"]', "RUN cat '/with space/a file'"],
      files: { "a file": "text\n" },
      prints: "text\n",
    },
    {
      that: "owner is root, modes stay, empty files are files",
      file: ["COPY f /f", "RUN stat -c '%u %g %a %s' /f"],
      files: { f: "" },
      prints: "0 0 644 0\n",
    },
  ],
  patterns: [
    {
      that: "* and ? match within a name",
      file: ["COPY src/*.txt src/?.md /d/", find("/d")],
      files: tree,
      prints: "./a.txt\n./b.md\n",
    },
    {
      that: "a folder that a pattern matches is copied by its content",
      file: ["COPY src/* /d/", find("/d")],
      files: tree,
      prints: "./a.txt\n./b.md\n./c.txt\n./y/d.txt\n",
    },
    {
      that: "[[] is a bracket",
      file: ["COPY arr[[]0].txt /d/", find("/d")],
      files: { "arr[0].txt": "", "arr0.txt": "" },
      prints: "./arr[0].txt\n",
    },
    {
      that: "a class matches one of its letters",
      file: ["COPY [a-b]1 /d/", find("/d")],
      files: { a1: "", b1: "", c1: "" },
      prints: "./a1\n./b1\n",
    },
  ],
  "--chmod and --chown": [
    {
      that: "octal modes are for all that is copied",
      file: ["COPY --chmod=640 src /d", "RUN stat -c %a /d/a.txt /d/x/c.txt"],
      files: tree,
      prints: "640\n640\n",
    },
    {
      that: "symbolic modes are for what each is",
      file: [
        "COPY --chmod=u=rwX,go=rX src /d",
        "COPY --chmod=+x src/a.txt /x",
        "COPY --chmod=g=u src/a.txt /g",
        "RUN stat -c %a /d/x /d/a.txt /x /g",
      ],
      files: tree,
      prints: "755\n644\n755\n664\n",
    },
    {
      that: "a variable may hold the mode and the owner",
      file: ["ARG MODE=440 WHO=5:6", "COPY --chmod=$MODE --chown=$WHO f /f", "RUN stat -c '%a %u %g' /f"],
      files: { f: "" },
      prints: "440 5 6\n",
    },
    {
      that: "a user without a group has the group of the same number; names are the image's",
      file: [
        "COPY passwd group /etc/",
        "COPY --chown=55 f /a",
        "COPY --chown=web f /b",
        "COPY --chown=55:staff f /c",
        "RUN stat -c '%u %g' /a /b /c",
      ],
      files: { f: "", passwd: "web:x:5:6::/:/bin/sh\n", group: "staff:x:50:\n" },
      prints: "55 55\n5 6\n55 50\n",
    },
    {
      that: "folders on the way belong to the owner too",
      file: ["COPY --chown=5:6 f /made/deep/f", "RUN stat -c '%u %g' /made /made/deep /made/deep/f"],
      files: { f: "" },
      prints: "5 6\n5 6\n5 6\n",
    },
  ],
  "--from": [
    {
      that: "a stage by its name or number, an image, and always from its root",
      file: [
        "FROM busybox AS One",
        "WORKDIR /w",
        "RUN echo 1 > f",
        "FROM busybox",
        "RUN echo 2 > /g",
        "FROM busybox",
        "COPY --from=one /w/f w/f /d/",
        "COPY --from=1 g /d/",
        "COPY --from=busybox:latest /bin/busybox /d/b",
        "RUN cat /d/f /d/g; ls /d/b",
      ],
      prints: "1\n2\n/d/b\n",
    },
    {
      that: "what is copied keeps its owner and mode, unless others are asked for",
      file: [
        "FROM busybox AS a",
        "RUN echo > /f; busybox chown 3:4 /f; busybox chmod 600 /f",
        "FROM busybox",
        "COPY --from=a /f /f",
        "COPY --from=a --chown=0:0 /f /g",
        "RUN stat -c '%u %g %a' /f /g",
      ],
      prints: "3 4 600\n0 0 600\n",
    },
    {
      that: "links are copied as links, hard links and files of devices too",
      file: [
        "FROM busybox AS a",
        "RUN mkdir /d; echo 1 > /d/f; busybox ln /d/f /d/h; busybox ln -s f /d/s; busybox mkfifo /d/p",
        "FROM busybox",
        "COPY --from=a /d /d",
        "RUN readlink /d/s; stat -c '%F %h' /d/f /d/h /d/p",
      ],
      prints: "f\nregular file 2\nregular file 2\nfifo 1\n",
    },
    {
      that: "a source that is a link is followed",
      file: [
        "FROM busybox AS a",
        "RUN echo 1 > /f; busybox ln -s /f /s",
        "FROM busybox",
        "COPY --from=a /s /d",
        "RUN stat -c %F /d; cat /d",
      ],
      prints: "regular file\n1\n",
    },
    {
      that: "COPY --from a stage that comes later is not its number's",
      file: [
        "FROM busybox",
        "COPY --from=later /f /f",
        "FROM busybox AS later",
        "RUN echo 1 > /f",
        "FROM busybox",
        "COPY --from=0 /f /f",
        "RUN cat /f",
      ],
      prints: "1\n",
    },
  ],
  "--parents, --exclude and --link": [
    {
      that: "--parents keeps the way to each source, from ./ on",
      file: [
        "COPY --parents ./src/a.txt ./src/x/c.txt /p/",
        "COPY --parents src/./x/*.txt /q/",
        find("/p"),
        find("/q"),
      ],
      files: tree,
      prints: "./src/a.txt\n./src/x/c.txt\n./x/c.txt\n",
    },
    {
      that: "** is any number of folders",
      file: ["COPY --parents src/**/*.txt /p/", find("/p")],
      files: tree,
      prints: "./src/a.txt\n./src/x/c.txt\n./src/x/y/d.txt\n",
    },
    {
      that: "--exclude leaves out what any of it matches",
      file: ["COPY --exclude=*.md --exclude=x/y src /d", find("/d")],
      files: tree,
      prints: "./a.txt\n./x/c.txt\n",
    },
    {
      that: "--link does not look at what is below: a link there is replaced by a folder",
      file: [
        "RUN mkdir /real; busybox ln -s /real /link",
        "COPY --link f /link/",
        "RUN stat -c %F /link; ls /real",
      ],
      files: { f: "" },
      prints: "directory\n",
    },
  ],
  ADD: [
    {
      that: "a tar of the context is unpacked, compressed or not, whatever its name",
      file: ["ADD some /d/", "ADD --unpack=false some /e/", find("/d"), find("/e")],
      files: { some: tarGz("in/f", "text\n") },
      prints: "./in/f\n./some\n",
    },
    {
      that: "what only has the name of a tar is copied",
      file: ["ADD empty.tar.gz /d/", find("/d")],
      files: { "empty.tar.gz": "" },
      prints: "./empty.tar.gz\n",
    },
    {
      that: "an archive is laid over what is there",
      file: [
        "RUN mkdir -p /d/in; echo kept > /d/in/k; echo old > /d/in/f",
        "ADD some /d",
        "RUN cat /d/in/k /d/in/f",
      ],
      files: { some: tarGz("in/f", "new\n") },
      prints: "kept\nnew\n",
    },
    {
      that: "files and folders are copied as COPY does",
      file: ["ADD src f /d/", find("/d")],
      files: { ...tree, f: "" },
      prints: "./a.txt\n./b.md\n./f\n./x/c.txt\n./x/y/d.txt\n",
    },
    {
      that: "COPY unpacks nothing",
      file: ["COPY some /d/", find("/d")],
      files: { some: tarGz("in/f", "") },
      prints: "./some\n",
    },
  ],
  ".dockerignore": [
    {
      that: "what matches is not there; ! brings it back; the last rule decides",
      file: ["COPY . /d", find("/d")],
      files: { ...tree, ".dockerignore": "# comment\n**/*.txt\n!src/x/c.txt\nDockerfile\n.dockerignore\n" },
      prints: "./src/b.md\n./src/x/c.txt\n",
    },
    {
      that: "the Dockerfile's own rules come before those of the context",
      file: ["COPY . /d", find("/d")],
      files: {
        a: "",
        b: "",
        ".dockerignore": "a\n",
        "Dockerfile.dockerignore": "b\nDockerfile*\n.dockerignore\n",
      },
      prints: "./a\n",
    },
    {
      that: "it does not keep the Dockerfile from being read",
      file: ["COPY . /d", find("/d")],
      files: { f: "", ".dockerignore": "*\n!f\n" },
      prints: "./f\n",
    },
  ],
});
