FROM debian:12
ENV A='single $quoted' B="double $quoted" C=mi"x e"d' x'
ENV EMPTY= ALSO="" E=''
ENV ESC=a\"b\'c "key"=v
ENV PATH=/opt/bin:$PATH
