FROM ubuntu
RUN --device=nvidia.com/gpu=all ./a
RUN --device=vendor1.com/device,required ./b
RUN --device=name=class1 --device=vendor1.com/device=foo,required=false ./c
