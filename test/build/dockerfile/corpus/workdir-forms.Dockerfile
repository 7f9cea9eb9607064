FROM debian:12
WORKDIR /a
WORKDIR b
WORKDIR "/with blank"
WORKDIR $DIRPATH/$DIRNAME
WORKDIR /with blank and no quotes
