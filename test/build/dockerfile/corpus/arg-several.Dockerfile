FROM busybox
ARG user1
ARG buildno=1
ARG a b=2 c= d="x y" e='z'
ARG continued=1 \
    lines=2
