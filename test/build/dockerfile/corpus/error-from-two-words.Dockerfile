FROM debian 12
