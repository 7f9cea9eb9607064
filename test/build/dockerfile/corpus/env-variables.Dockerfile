FROM busybox
ENV abc=hello
ENV abc=bye def=$abc
ENV ghi=$abc
ENV v="${foo:-a b}" w="${x:+${y:-z}}" u=\$literal
