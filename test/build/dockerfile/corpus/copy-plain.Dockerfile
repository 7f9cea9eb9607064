FROM debian:12
COPY file1.txt file2.txt /usr/src/things/
COPY *.png index.?s arr[[]0].txt /dest/
COPY test.txt rel/
COPY . .
COPY ../something /something
