#	  sYnTaX =  docker/dockerfile:1.20-labs   
#escape=\
# CHECK = skip=StageNameCasing;error=true
FROM debian:12
