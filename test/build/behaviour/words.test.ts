import { describeRules } from "./rules.ts";

describeRules("the words of a Dockerfile", {
  format: [
    {
      that: "an instruction may be in any case, with whitespace before it",
      file: ["  run echo low", "\tRuN echo mixed"],
      prints: "low\nmixed\n",
    },
    {
      that: "a # that begins a line is a comment, also within an instruction; elsewhere it is text",
      file: ["# one", "RUN echo hello \\", "# two", "  world '# three'"],
      prints: "hello world # three\n",
    },
    {
      that: "whitespace within an argument stays",
      file: ['RUN echo "\\', "     hello\\", '     world"'],
      prints: "     hello     world\n",
    },
    {
      that: "the escape directive names what continues lines, and the backslash is text then",
      file: ["# escape=`", "FROM busybox", "RUN echo one `", "  two 'c:\\'"],
      prints: "one two c:\\\n",
    },
    {
      that: "a directive after a comment is a comment",
      file: ["# of mine", "# escape=`", "FROM busybox", "RUN echo a \\", " b"],
      prints: "a b\n",
    },
    {
      that: "an unknown directive ends the search for directives",
      file: ["# unknown=1", "# escape=`", "FROM busybox", "RUN echo a \\", " b"],
      prints: "a b\n",
    },
    {
      that: "the syntax directive asks nothing of anybody",
      file: ["# syntax=docker/dockerfile:1", "FROM busybox", "RUN echo here"],
      prints: "here\n",
    },
  ],
  "environment replacement": [
    {
      that: "$name and ${name} are the same, and a backslash keeps either",
      file: ["ENV foo=/bar", "LABEL a=$foo b=${foo}_x c=\\$foo d=\\${foo} e='$foo' f=\"$foo\""],
      config: { Labels: { a: "/bar", b: "/bar_x", c: "$foo", d: "${foo}", e: "$foo", f: "/bar" } },
    },
    {
      that: "modifiers tell unset from empty",
      file: [
        "ENV full=f empty=",
        "LABEL a=${full:-d} b=${empty:-d} c=${none:-d} d=${empty-d} e=${none-d} f=${full:+d} g=${empty:+d} h=${empty+d} i=${none+d}",
      ],
      config: { Labels: { a: "f", b: "d", c: "d", d: "", e: "d", f: "d", g: "", h: "d", i: "" } },
    },
    {
      that: "modifiers cut and replace by patterns",
      file: [
        "ENV s=foobarbaz",
        "LABEL a=${s#f*b} b=${s##f*b} c=${s%b*} d=${s%%b*} e=${s/ba/fo} f=${s//ba/fo} g=${s/b?r/X}",
      ],
      config: {
        Labels: { a: "arbaz", b: "az", c: "foobar", d: "foo", e: "fooforbaz", f: "fooforfoz", g: "fooXbaz" },
      },
    },
    {
      that: "the word of a modifier may have variables itself",
      file: ["ENV a=1", "LABEL x=${none:-${a}-${other:-2}}"],
      config: { Labels: { x: "1-2" } },
    },
    {
      that: "one value holds for a whole instruction",
      file: ["ENV abc=hello", "ENV abc=bye def=$abc", "ENV ghi=$abc"],
      config: { Env: ["PATH=/bin", "abc=bye", "def=hello", "ghi=bye"] },
    },
    {
      that: "it is done for ADD, COPY, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR",
      file: [
        "ENV f=file p=80 k=key s=INT u=7 v=/vol w=/work",
        "ADD $f /$f-a",
        "COPY ${f} /${f}-c",
        "EXPOSE ${p}80/tcp",
        "LABEL $k=$f",
        "STOPSIGNAL SIG$s",
        "VOLUME ${v}ume",
        "WORKDIR $w",
        "RUN cat /file-a /file-c",
        "USER $u",
      ],
      files: { file: "text\n" },
      prints: "text\ntext\n",
      config: {
        ExposedPorts: { "8080/tcp": {} },
        Labels: { key: "file" },
        StopSignal: "SIGINT",
        Volumes: { "/volume": {} },
        WorkingDir: "/work",
        User: "7",
      },
    },
    {
      that: "RUN, CMD and ENTRYPOINT leave it to the shell",
      file: [
        "ENV a=of-env",
        "RUN echo $a '$a' \"${a:0:2}\"; a=own; echo $a",
        'RUN ["echo", "$a"]',
        "CMD echo $a",
      ],
      prints: "of-env $a of\nown\n$a\n",
      config: { Cmd: ["/bin/sh", "-c", "echo $a"] },
      runs: "of-env\n",
    },
  ],
  ENV: [
    {
      that: "quotes and backslashes hold spaces",
      file: ['ENV A="John Doe" B=Rex\\ The\\ Dog \\', "  C=fluffy"],
      config: { Env: ["PATH=/bin", "A=John Doe", "B=Rex The Dog", "C=fluffy"] },
    },
    {
      that: "the form without = sets one variable to all that follows",
      file: ["ENV ONE TWO= THREE=world"],
      config: { Env: ["PATH=/bin", "ONE=TWO= THREE=world"] },
    },
    {
      that: "what it sets later stages upon it have",
      file: ["FROM busybox AS a", "ENV X=1", "FROM a", "RUN echo $X"],
      prints: "1\n",
    },
  ],
  ARG: [
    {
      that: "it counts from its line on",
      file: ["LABEL a=${user:-some}", "ARG user", "LABEL b=${user:-some}"],
      args: { user: "what" },
      config: { Labels: { a: "some", b: "what" } },
    },
    {
      that: "a default is for who gives nothing; empty is something",
      file: ["ARG a=1", "ARG b=1 c=$a", "RUN echo [$a] [$b] [$c]"],
      args: { b: "" },
      prints: "[1] [] [1]\n",
    },
    {
      that: "a stage does not have another's, but its base's",
      file: [
        "FROM busybox AS a",
        "ARG X=1",
        "FROM a AS b",
        "RUN echo b $X",
        "FROM busybox",
        "COPY --from=b /bin/cat /c",
        "RUN echo c $X",
      ],
      prints: "b 1\nc\n",
    },
    {
      that: "one before the first FROM is for FROMs; a stage asks for it by name",
      file: [
        "ARG VERSION=latest",
        "FROM busybox:$VERSION",
        "RUN echo [$VERSION]",
        "ARG VERSION",
        "RUN echo [$VERSION]",
      ],
      prints: "[]\n[latest]\n",
    },
    {
      that: "ENV wins over it, whichever comes first",
      file: ["ENV V=env", "ARG V=arg", "RUN echo $V"],
      args: { V: "given" },
      prints: "env\n",
    },
    {
      that: "ENV may take its value, and the image has that",
      file: ["ARG V", "ENV V=${V:-v1}"],
      config: { Env: ["PATH=/bin", "V=v1"] },
    },
    { that: "it is in no image's configuration", file: ["ARG V=1"], config: { Env: ["PATH=/bin"] } },
    {
      that: "proxies are known without it",
      file: ["RUN echo $http_proxy $NO_PROXY"],
      args: { http_proxy: "http://p:1", NO_PROXY: "localhost" },
      prints: "http://p:1 localhost\n",
    },
    {
      that: "platforms are known before FROM, and to a stage that asks",
      file: [
        "FROM --platform=$BUILDPLATFORM busybox",
        "RUN echo [$TARGETOS]",
        "ARG TARGETOS TARGETARCH TARGETPLATFORM BUILDARCH",
        "RUN echo $TARGETOS $TARGETARCH $TARGETPLATFORM $BUILDARCH",
      ],
      query: { platform: "linux/amd64" },
      prints: "[]\nlinux amd64 linux/amd64 amd64\n",
    },
    {
      that: "the target's stage is known as TARGETSTAGE",
      file: ["FROM busybox AS one", "ARG TARGETSTAGE", "RUN echo $TARGETSTAGE", "FROM one AS two"],
      query: { target: "one" },
      prints: "one\n",
    },
  ],
  heredocs: [
    {
      that: "a script of many lines for the shell",
      file: ["RUN <<EOF", "  x=1", "  echo $x", "EOF"],
      prints: "1\n",
    },
    {
      that: "the command before it reads it",
      file: ["RUN cat <<A - && cat <<B", "one", "A", "two", "B"],
      prints: "one\ntwo\n",
    },
    {
      that: "several, each to its own command",
      file: [
        "RUN <<FILE1 cat > /file1 && <<FILE2 cat > /file2",
        "first",
        "FILE1",
        "second",
        "FILE2",
        "RUN cat /file1 /file2",
      ],
      prints: "first\nsecond\n",
    },
    {
      that: "a first line of #! names what executes it",
      file: ["RUN <<EOF", "#!/bin/cat", "is read, not run", "EOF"],
      prints: "#!/bin/cat\nis read, not run\n",
    },
    {
      that: "a word after the delimiter names a program that reads it",
      file: ["RUN <<EOF cat", "text", "EOF"],
      prints: "text\n",
    },
    {
      that: "- takes tabs from the beginnings of lines, and of the end",
      file: ["RUN cat <<-EOF", "\tone", "\t\ttwo", "  three", "\tEOF"],
      prints: "one\ntwo\n  three\n",
    },
    {
      that: "a RUN's is expanded by the shell, unless it is quoted",
      file: ["ARG V=1", "RUN cat <<A && cat <<'B'", "$V", "A", "$V", "B"],
      prints: "1\n$V\n",
    },
    {
      that: "COPY writes files of them, expanded, or not where they are quoted",
      file: [
        "ARG FOO=bar",
        'COPY <<a.txt <<"b.txt" /d/',
        "${FOO} \\$FOO",
        "a.txt",
        "${FOO}",
        "b.txt",
        "COPY <<-EOT /script.sh",
        "\techo ${FOO}",
        "EOT",
        "RUN cat /d/a.txt /d/b.txt /script.sh; stat -c %a /script.sh",
      ],
      prints: "bar $FOO\n${FOO}\necho bar\n644\n",
    },
    {
      that: "COPY takes files of the context beside them",
      file: ["COPY f <<g /d/", "inline", "g", "RUN cat /d/f /d/g"],
      files: { f: "context\n" },
      prints: "context\ninline\n",
    },
  ],
});
