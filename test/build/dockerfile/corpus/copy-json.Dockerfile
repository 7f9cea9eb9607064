FROM debian:12
COPY ["with blank.txt", "other", "/dst with blank/"]
COPY --chown=1:1 [ "a" , \
                   "b/" ]
COPY ["a\tb", "$X"]
