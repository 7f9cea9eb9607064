FROM alpine
COPY --chmod=755 <<robots.txt <<'humans.txt' extra.txt /usr/share/www/
(robots content with $VARIABLE)
robots.txt
(humans content with $VARIABLE)
humans.txt
ADD <<E /e
added
E
