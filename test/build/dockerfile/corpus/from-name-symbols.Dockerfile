FROM scratch AS a
FROM scratch AS a-b_c.d
FROM scratch AS UPPER9
