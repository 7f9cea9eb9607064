FROM alpine
ADD --keep-git-dir=true https://github.com/moby/buildkit.git#v0.10.1 /buildkit
ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://mirrors.edge.kernel.org/linux-0.01.tar.gz /
ADD --unpack=true https://example.com/archive.tar.gz /download
ADD --unpack=false my-archive.tar.gz .
ADD --unpack --link --chown=a --chmod=600 --exclude=x --exclude=y a b/
ADD git@github.com:moby/buildkit.git#v0.14.1:docs /buildkit-docs
